"""Every scheduler of torch has cases, and every case is a scheduler of torch."""

from collections import Counter

import torch

import jaxlr
from jaxlr._cases import CASES

# Not count-driven: they act on other schedulers, or on a metric.
NOT_YET = {"SequentialLR", "ChainedScheduler", "ReduceLROnPlateau"}
TORCH = (set(torch.optim.lr_scheduler.__all__) - {"LRScheduler"} - NOT_YET) | {"SWALR"}


def test_torch_is_the_release_whose_semantics_are_ported():
    assert torch.__version__.split("+")[0] == "2.13.0"


def test_every_torch_scheduler_has_eight_cases():
    counts = Counter(case.scheduler for case in CASES)
    assert set(counts) == TORCH
    assert min(counts.values()) >= 8, counts


def test_every_torch_scheduler_is_public():
    assert set(jaxlr.__all__) >= TORCH


def test_no_case_is_listed_twice():
    assert [text for text, n in Counter(map(str, CASES)).items() if n > 1] == []
