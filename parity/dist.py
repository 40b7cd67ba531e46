"""`make dist`: what is in the sdist and in the wheel that was built from it, and tests of the one on the other."""

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import jaxlr

DIST, BUILD = Path("dist"), Path("build/dist").resolve()
NOT_SHIPPED = (".ci/", ".github/", ".pre-commit-config.yaml")  # of what is tracked: what serves the repository alone
QUICK = ("tests/test_import.py", "tests/test_docstrings.py", "parity/test_complete.py", "parity/test_docstrings.py")


def tracked() -> set[str]:
    """The files of the repository that git tracks."""
    listed = subprocess.run(["git", "ls-files"], capture_output=True, text=True, check=True).stdout
    return set(listed.splitlines())


def of_wheel(path: Path) -> set[str]:
    """The files of a wheel, but for its metadata."""
    return {name for name in zipfile.ZipFile(path).namelist() if ".dist-info/" not in name}


def of_sdist(path: Path) -> set[str]:
    """The files of an sdist, without the folder that they are all in."""
    with tarfile.open(path) as archive:
        return {member.name.partition("/")[2] for member in archive if member.isfile()}


def differences(name: str, found: set[str], expected: set[str]) -> list[str]:
    """What an archive lacks, and what it should not have."""
    lacking = [f"{name} lacks {file}" for file in sorted(expected - found)]
    return lacking + [f"{name} has {file}" for file in sorted(found - expected)]


def tested(sdist: Path, wheel: Path) -> int:
    """Runs tests of the unpacked sdist on the wheel: its own jaxlr/ is put away."""
    shutil.rmtree(BUILD, ignore_errors=True)
    with tarfile.open(sdist) as archive:
        archive.extractall(BUILD, filter="data")
    (source,) = BUILD.iterdir()
    shutil.rmtree(source / "jaxlr")
    site = BUILD / "site"
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-compile"]
    subprocess.run([*pip, "--target", site, wheel], check=True)
    where = os.environ | {"PYTHONPATH": str(site)}
    code = f"import jaxlr, sys; sys.exit(not jaxlr.__file__.startswith({str(site)!r}))"
    subprocess.run([sys.executable, "-c", code], cwd=source, env=where, check=True)
    return subprocess.run([sys.executable, "-m", "pytest", "-q", *QUICK], cwd=source, env=where, check=False).returncode


def main() -> int:
    """Prints what is wrong, then what the tests print; 0 where nothing is."""
    wheel, sdist = (DIST / f"jaxlr-{jaxlr.__version__}{end}" for end in ("-py3-none-any.whl", ".tar.gz"))
    wrong = differences("dist/", {path.name for path in DIST.iterdir()}, {wheel.name, sdist.name})
    if not wrong:
        files = tracked()
        package = {file for file in files if file.startswith("jaxlr/")}
        wrong = differences(wheel.name, of_wheel(wheel), package)
        shipped = {file for file in files if not file.startswith(NOT_SHIPPED)}
        wrong += differences(sdist.name, of_sdist(sdist), shipped | {"PKG-INFO"})
        if f"\nversion: {jaxlr.__version__}\n" not in Path("CITATION.cff").read_text():
            wrong.append(f"CITATION.cff has another version than {jaxlr.__version__}")
    print(*wrong, sep="\n") if wrong else print(f"{wheel.name} and {sdist.name} have what they should have")
    return 1 if wrong else tested(sdist, wheel)


if __name__ == "__main__":
    sys.exit(main())
