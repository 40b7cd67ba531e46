"""Formulas as MathML, which browsers draw themselves: nothing is fetched."""

import re
from typing import Any

from docutils import nodes
from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.application import Sphinx
from sphinx.util import logging

logger = logging.getLogger(__name__)


def _drawn(node: nodes.Node, *, as_block: bool) -> str:
    if re.search(r"\\[dt]?frac\s*[^{\s]|[\^_][a-z0-9]{2}", node.astext()):
        logger.warning("docutils reads an argument without braces as more than one: %s", node.astext(), location=node)
    try:
        return str(tex2mathml(" ".join(node.astext().split()), as_block=as_block))
    except MathError as error:
        logger.warning("%s in %s", error, node.astext(), location=node)
        return ""


def _inline(self: Any, node: nodes.math) -> None:
    self.body.append(_drawn(node, as_block=False))
    raise nodes.SkipNode


def _block(self: Any, node: nodes.math_block) -> None:
    self.body.append(f'<div class="formula">{_drawn(node, as_block=True)}</div>')
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, Any]:
    """Called by Sphinx."""
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
    return {"parallel_read_safe": True}
