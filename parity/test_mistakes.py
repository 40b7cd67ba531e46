"""The table of docs/migrate.md is what `python -m benchmarks.mistakes` prints."""

import re
from pathlib import Path

import pytest
from each import thorough

from benchmarks import mistakes

PAGE = Path(__file__).parents[1] / "docs" / "migrate.md"


def rows(text):
    """The figures of each mistake, in percent."""
    table = re.findall(r"^\| (.+) \| (\S+)(?: %)? \| (\S+)(?: %)? \|$", text, re.MULTILINE)
    return {what: (float(rates), float(weights)) for what, rates, weights in table if what != "mistake"}


@thorough
def test_each_mistake_costs_what_the_page_says(capsys):
    assert mistakes.main() == 0  # the ports that are right are
    printed = rows(capsys.readouterr().out)
    assert len(printed) > 15
    assert rows(PAGE.read_text()) == {what: pytest.approx(figures, rel=0.05) for what, figures in printed.items()}


def test_a_port_that_is_wrong_fails(capsys, monkeypatch):
    def swapped():
        for mistake in mistakes.order():
            yield mistake._replace(right=mistake.wrong)

    monkeypatch.setattr(mistakes, "SEAMS", (swapped,))
    assert mistakes.main() == 1
    assert "FAIL: read one count late: the port that is right is off by Size(rates=0.05" in capsys.readouterr().out
