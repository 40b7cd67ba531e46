"""Every scheduler of torch has cases, and every case is a scheduler of torch."""

from collections import Counter

import torch

import jaxlr
from parity.cases import RECIPES

TORCH = (set(torch.optim.lr_scheduler.__all__) - {"LRScheduler"}) | {"SWALR"}
LOOPS = {"Together", "InTurn"}  # no class of torch's, but what training loops do with several


def test_torch_is_the_release_whose_semantics_are_ported():
    assert torch.__version__.split("+")[0] == "2.13.0"


def test_every_torch_scheduler_has_eight_cases():
    counts = Counter(case.scheduler for case in RECIPES)
    assert set(counts) == TORCH | LOOPS
    assert min(counts[name] for name in TORCH) >= 8, counts


def test_every_torch_scheduler_is_public():
    assert set(jaxlr.__all__) >= TORCH | LOOPS


def test_no_case_is_listed_twice():
    assert [text for text, n in Counter(map(str, RECIPES)).items() if n > 1] == []
