"""Writes a page for each schedule, and the cards of the guide, from the one list in guide.py."""

import inspect
import re
from pathlib import Path
from typing import Any

from curves import draw
from docutils import nodes
from guide import ENTRIES, Entry
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective

import jaxlr

DOCS = Path(__file__).parent.parent
FOLDER = DOCS / "schedulers"

CURVE = """\
![The {quantity} over the count]({path}{name}-light.svg){{.only-light .curve}}
![The {quantity} over the count]({path}{name}-dark.svg){{.only-dark .curve}}
"""

PAGE = """\
# {name}

{curve}
In torch, with `from torch.optim import lr_scheduler, swa_utils` and a learning rate of 0.1:

```python
{torch}
```
{loop}
In jaxlr:

```python
{jaxlr}
```

```{{eval-rst}}
.. autoclass:: jaxlr.{name}
   :members:
```
{quirks}"""

CARD = """\
:::{{grid-item-card}} [{name}](schedulers/{name}.md)
:class-card: guide

{curve}
{use}

```python
{torch}
```

```python
{jaxlr}
```
:::
"""


def public_schedules() -> set[str]:
    """The names of the public classes that can be built."""
    public = {name: getattr(jaxlr, name) for name in jaxlr.__all__}
    return {
        name
        for name, value in public.items()
        if inspect.isclass(value) and issubclass(value, jaxlr.Schedule) and not inspect.isabstract(value)
    }


def write(app: Sphinx) -> None:
    """Writes the pages, and draws the curves that are older than the code."""
    names = {entry.name for entry in ENTRIES}
    if names != public_schedules():
        raise ExtensionError(f"docs/_ext/guide.py: {names ^ public_schedules()} in one of jaxlr.__all__ and ENTRIES")
    FOLDER.mkdir(exist_ok=True)
    sources = [*DOCS.parent.glob("jaxlr/**/*.py"), *DOCS.glob("_ext/*.py")]
    newest = max(source.stat().st_mtime for source in sources)
    quirks = re.findall(r"^\| (.*) \| (.*) \|$", (DOCS / "quirks.md").read_text(), re.MULTILINE)[2:]
    for entry in ENTRIES:
        curve = FOLDER / f"{entry.name}-dark.svg"
        if not curve.exists() or curve.stat().st_mtime < newest:
            draw(entry, FOLDER)
        page, text = FOLDER / f"{entry.name}.md", _page(entry, quirks)
        if not page.exists() or page.read_text() != text:
            page.write_text(text)


def _page(entry: Entry, quirks: list[tuple[str, str]]) -> str:
    loop = f"\nand after count `i`:\n\n```python\n{entry.loop}\n```\n" if entry.loop else ""
    rows = "".join(f"| {torch} | {ours} |\n" for torch, ours in quirks if re.search(rf"\b{entry.name}\b", torch))
    heading = "\n## What surprises people\n\n| torch | jaxlr |\n|---|---|\n" if rows else ""
    return PAGE.format(
        name=entry.name,
        curve=CURVE.format(path="", name=entry.name, quantity=entry.quantity),
        torch=_assigned(entry),
        loop=loop,
        jaxlr=entry.jaxlr,
        quirks=heading + rows,
    )


def _assigned(entry: Entry) -> str:
    """Torch's code, of several lines without the last one where that only names what they have built."""
    *lines, last = entry.torch.splitlines()
    return "\n".join(lines) if re.fullmatch(r"[\w\[\], ]+", last) else entry.torch


class Cards(SphinxDirective):
    """The cards of the schedules that are named, one a line."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        """Parses them as Markdown."""
        entries = {entry.name: entry for entry in ENTRIES}
        cards = [_card(entries[name]) for name in self.content]
        return self.parse_text_to_nodes("::::{grid} 1 2 2 2\n:gutter: 3\n\n" + "\n".join(cards) + "\n::::\n")


def _card(entry: Entry) -> str:
    curve = CURVE.format(path="schedulers/", name=entry.name, quantity=entry.quantity)
    loop = f"\n# after count i:\n{entry.loop}" if entry.loop else ""
    torch = re.sub(r"\b(lr_scheduler|swa_utils)\.", "", _assigned(entry))
    return CARD.format(name=entry.name, curve=curve, use=entry.use, torch=torch + loop, jaxlr=entry.jaxlr)


def setup(app: Sphinx) -> dict[str, Any]:
    """Called by Sphinx."""
    app.connect("builder-inited", write)
    app.add_directive("cards", Cards)
    return {"parallel_read_safe": True}
