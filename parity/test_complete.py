"""Every scheduler of torch has cases, and every case is a scheduler of torch."""

from collections import Counter

import torch

import jaxlr
from parity.cases import COUNT_DRIVEN, ENTRIES, OWN, RECIPES

TORCH = (set(torch.optim.lr_scheduler.__all__) - {"LRScheduler"}) | {"SWALR"}
LOOPS = {"Together", "InTurn"}  # no class of torch's, but what training loops do with several
FORMULAS = {entry.name for entry in OWN}  # nor these, but what recipes write as a LambdaLR


def test_torch_is_the_release_whose_semantics_are_ported():
    assert torch.__version__.split("+")[0] == "2.13.0"


def test_every_torch_scheduler_has_eight_cases():
    counts = Counter(case.scheduler for case in RECIPES)
    assert set(counts) == TORCH | LOOPS | FORMULAS
    assert min(counts[name] for name in TORCH) >= 8, counts


def test_the_list_says_all_that_is_asked_of_a_class():
    names = [entry.name for entry in ENTRIES]
    assert len(set(names)) == len(names)
    assert set(names) >= TORCH | LOOPS | FORMULAS
    for entry in COUNT_DRIVEN:
        asked = (entry.smooth, entry.recipes, entry.moving, entry.wrong, entry.million, entry.drawn)
        assert all(asked), entry.name
        measured = entry.measured(2_000).values()
        assert {case.scheduler for case in (*entry.recipes, entry.moving, *entry.million, *measured)} == {entry.name}
    for entry in OWN:
        assert all((entry.recipes, entry.moving, entry.wrong)), entry.name
        assert {case.scheduler for case in (*entry.recipes, entry.moving, *entry.million)} == {entry.name}


def test_every_torch_scheduler_is_public():
    assert set(jaxlr.__all__) >= TORCH | LOOPS


def test_no_case_is_listed_twice():
    assert [text for text, n in Counter(map(str, RECIPES)).items() if n > 1] == []
