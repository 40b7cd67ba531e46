"""`python -m jaxlr`, and the console script."""

import sys


def main() -> None:
    """Runs the command line, or says which extra it needs."""
    try:
        from jaxlr._cli.app import app  # noqa: PLC0415 typer and rich are an extra
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in ("typer", "rich"):
            raise
        sys.exit(f"jaxlr: {package} is missing: pip install 'jaxlr[cli]'")
    app(prog_name="jaxlr")


if __name__ == "__main__":
    main()
