"""How Sphinx builds the site: `make docs`."""

import re
import sys
from pathlib import Path
from typing import Any

from sphinx.errors import ExtensionError

import jaxlr

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS / "_ext"))

project = "jaxlr"
version = release = jaxlr.__version__
author = "the jaxlr maintainers"
extensions = [
    "myst_parser",
    "sphinx_design",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.coverage",
    "mathml",
    "pages",
    "signatures",
]
exclude_patterns = ["_*"]
nitpicky = True
nitpick_ignore_regex = [
    ("py:.*", r"(jax|np|optax|torch|os)\..*"),
    ("py:.*", "LRScheduler|Optimizer|ArrayLike|NDArray|Path"),
]

myst_enable_extensions = ["attrs_inline", "colon_fence"]
myst_heading_anchors = 3

autodoc_typehints = "none"  # signatures.py writes them
autodoc_member_order = "bysource"
python_maximum_signature_line_length = 60
napoleon_custom_sections = ["Reference"]
napoleon_use_rtype = False
napoleon_use_ivar = True
napoleon_attr_annotations = False
default_role = "code"  # single backticks in a docstring

coverage_modules = ["jaxlr"]
coverage_ignore_modules = [r"(jaxlr\.)?_"]  # Sphinx matches a module by its last name, a package by its whole one
coverage_show_missing_items = True  # with -q -W: fails

html_theme = "pydata_sphinx_theme"
html_title = "jaxlr"
html_static_path = ["_static"]
html_css_files = ["jaxlr.css"]
templates_path = ["_templates"]
html_sidebars = {"**": ["contents.html"]}
html_math_renderer = "mathml"
html_copy_source = False
html_show_sourcelink = False
html_theme_options = {
    "navbar_center": [],
    "navbar_persistent": ["search-button"],
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": [],
    "footer_end": [],
    "show_prev_next": False,
    "navigation_depth": 2,
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}


def _read(app: Any, docname: str, source: list[str]) -> None:
    text = re.sub("\n\n```$", "\n```", source[0], flags=re.MULTILINE)  # the line that ends a doctest
    source[0] = text if "/" in docname else re.sub(r"\[([^]]+)\]\((\.\./[^)#]+)\)", _outside, text)


def _outside(link: re.Match[str]) -> str:
    """A link to a file beside docs/: what is no page is copied into the site, a folder is named."""
    text, path = link[1].replace("`", ""), DOCS / link[2]
    if path.is_dir():
        return f"`{text}`"
    return f"{{download}}`{text} <{link[2]}>`" if path.exists() else link[0]


def _check_images(app: Any, exception: Exception | None) -> None:
    """Refuses a page with a picture that is not there."""
    for page in Path(app.outdir).rglob("*.html") if exception is None else ():
        for source in re.findall(r'<img[^>]* src="([^"]*)"', page.read_text()):
            if not source.startswith("data:") and not (page.parent / source).is_file():
                raise ExtensionError(f"{page}: there is no picture {source}")


def setup(app: Any) -> None:
    """Called by Sphinx."""
    app.connect("source-read", _read)
    app.connect("build-finished", _check_images)
