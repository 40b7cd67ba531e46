"""`make versions`: tests/ and parity/ on each Python and jax, the comparisons beside each torch; prints a matrix."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

WHEEL = Path("build/wheel").resolve()  # what `make wheel` leaves: the wheel, and the tests in its folder empty
VENVS = Path("build/versions").resolve()
NEWEST = "newest"  # what pip takes unasked, as it does of NumPy everywhere
CELLS = (  # Python, jax, optax
    ("3.11", "0.8.0", "0.2.5"),
    ("3.11", "0.10.2", "0.2.8"),
    ("3.12", "0.8.0", "0.2.5"),
    ("3.12", "0.9.2", "0.2.5"),
    ("3.13", "0.10.2", "0.2.5"),
    ("3.13", NEWEST, "0.2.5"),
    ("3.13", NEWEST, NEWEST),
    ("3.14", NEWEST, NEWEST),
)
EXTRAS = "[torch,plot,cli,integrations,bench]"
FOR_PARITY = ("torch==2.13.0", "hypothesis", "mypy", "pyright[nodejs]")
PARITY = [cell for cell in CELLS if cell[0] == "3.11"]  # for which pip has a torch without gigabytes of CUDA
TORCHES = ("2.4", "2.6", "2.10", "2.13", "2.15")
KEPT = {"JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0", "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1"}
VERSIONS = """
import platform
from importlib.metadata import version
print(platform.python_version(), *map(version, ("jax", "optax", "numpy")))
"""


@dataclass(frozen=True)
class Row:
    """A line of the matrix."""

    versions: tuple[str, ...]  # of Python, jax, optax and NumPy
    torch: str
    result: str
    ok: bool
    failures: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"| {' | '.join((*self.versions, self.torch, self.result))} |"


def interpreter(python: str) -> str | None:
    """That of pyenv's folder, else of the PATH; None where there is none that runs."""
    folder = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions")
    for candidate in (*folder.glob(f"{python}.*/bin/python"), shutil.which(f"python{python}")):
        # A shim of pyenv's on the PATH fails where its Python is not chosen.
        if candidate is not None and _run(candidate, "--version").returncode == 0:
            return str(candidate)
    return None


def tested(cell: tuple[str, str, str], tests: str, with_torch: bool) -> Row:
    """The tests on the wheel in a virtual environment, with its run dependencies alone or with torch and the extras."""
    extras, others, torch = (EXTRAS, FOR_PARITY, "2.13") if with_torch else ("", (), "")
    python, *asked = cell
    base = interpreter(python)
    if base is None:
        return Row((*cell, ""), torch, "no interpreter", True)
    venv = VENVS / "-".join((*cell, *tests.split()))
    own = venv / "bin/python"
    pins = [f"{name}=={version}" for name, version in zip(("jax", "optax"), asked, strict=True) if version != NEWEST]
    _run(base, "-m", "venv", "--clear", venv)
    wheel = [f"{path}{extras}" for path in WHEEL.glob("*.whl")]
    done = _run(own, "-m", "pip", "install", "-q", "--no-compile", *wheel, *pins, *others, "pytest", "pytest-xdist")
    if done.returncode:
        return Row((*cell, ""), torch, f"not installed: {_last_line(done.stderr)}", False)
    # What one cell has compiled no other need compile; of another Python JAX cannot read it.
    cached = {"JAX_COMPILATION_CACHE_DIR": str(VENVS / f"{python}-programs")} | KEPT
    pytest = ("-m", "pytest", "-n", "2", "--dist", "worksteal")
    done = _run(own, *pytest, *tests.split(), cwd=WHEEL / "empty", env=os.environ | cached)
    (VENVS / f"{venv.name}.log").write_text(done.stdout + done.stderr)
    failures = re.findall(r"^(?:FAILED|ERROR) .*", done.stdout, re.MULTILINE)
    result = _last_line(done.stdout).strip("= ").split(" in ")[0]
    return Row(_versions(own), torch, result, done.returncode == 0, tuple(failures))


def compared(torch: str) -> Row:
    """The comparisons with the rules of a torch, in this environment."""
    done = _run(sys.executable, "-m", "parity.versions", torch)
    result = _last_line(done.stdout or done.stderr).removeprefix(f"torch {torch}: ")
    return Row(_versions(sys.executable), torch, result, done.returncode == 0)


def _run(
    *command: str | Path, cwd: Path | None = None, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd, env=env)


def _versions(python: str | Path) -> tuple[str, ...]:
    return tuple(_run(python, "-c", VERSIONS).stdout.split())


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["nothing was printed"])[-1]


def main(
    only: Annotated[str, typer.Option(help="The cells whose name contains this: '3.12 jax 0.8', 'torch'.")] = "",
    tests: Annotated[str, typer.Option(help="What pytest is given.")] = "tests",
) -> None:
    """Prints each cell's row as it ends, then what failed; exits with 1 where something did."""
    cells: dict[str, Callable[[], Row]] = {
        "{} jax {} optax {}".format(*cell): partial(tested, cell, tests, with_torch=False) for cell in CELLS
    }
    cells |= {
        "{} jax {} optax {} parity".format(*cell): partial(tested, cell, "parity", with_torch=True) for cell in PARITY
    }
    cells |= {f"torch {torch}": partial(compared, torch) for torch in TORCHES}
    chosen = [name for name in cells if only in name]
    if not chosen:
        raise typer.BadParameter(f"no cell contains {only!r}; there are {', '.join(cells)}", param_hint="--only")
    print("| Python | jax | optax | NumPy | torch | result |\n|---|---|---|---|---|---|")
    failed: list[str] = []
    for name in chosen:
        row = cells[name]()
        print(row, flush=True)
        if not row.ok:
            failed += ["", f"{name}:", *(row.failures or [row.result])]
    if failed:
        print(*failed, sep="\n")
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
