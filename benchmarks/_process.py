"""A fresh process, for what happens in one only once: imports, first calls, memory that grows."""

import os
import subprocess
import sys


def fresh(code: str) -> str:
    """What the code prints in a process of its own, whose compiler remembers nothing."""
    # Bytecode is written, as pip does for an installed package: compiling the source is no part of an import.
    without = ("PYTHONDONTWRITEBYTECODE", "JAX_COMPILATION_CACHE_DIR")
    environment = {name: value for name, value in os.environ.items() if name not in without}
    return subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    ).stdout
