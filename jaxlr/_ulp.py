"""The distance of our learning rates from torch's, in ulps."""

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True)
class Comparison:
    """What stepping a torch scheduler beside its port has shown.

    Attributes:
      steps: the counts compared.
      max_ulp: the largest distance, in float32 ulps, beyond torch's own rounding noise.
      bit_equal: the share of counts with the same bits, torch's value rounded to our dtype.
      first_difference: the first count with other bits, None where there is none.
    """

    steps: int
    max_ulp: float
    bit_equal: float
    first_difference: int | None

    @property
    def passed(self) -> bool:
        """Whether every value is within 1 ulp."""
        return self.max_ulp <= 1


def compare(ours: np.ndarray, theirs: np.ndarray, *, before: int = 0) -> Comparison:
    """Compares our values, in their own dtype, with torch's in float64.

    The distance of ours from torch's value, rounded to our dtype, is counted in float32 ulps of that value. Torch's
    recursion accumulates float64 rounding: 4 * steps * 2**-53 of the largest value is taken off first.

    before: the steps that torch has taken before the first of the values.
    """
    if ours.shape != theirs.shape or theirs.dtype != np.float64 or ours.dtype not in (np.float32, np.float64):
        raise ValueError(f"cannot compare {ours.dtype}{ours.shape} with {theirs.dtype}{theirs.shape}")
    rounded = theirs.astype(ours.dtype)
    noise = 4 * (before + len(theirs)) * 2.0**-53 * np.max(np.abs(theirs))
    distance = np.abs(ours.astype(np.float64) - rounded.astype(np.float64))
    ulps = np.maximum(distance - noise, 0) / np.spacing(np.abs(theirs.astype(np.float32))).astype(np.float64)
    ulps = np.where(np.isnan(ulps), np.inf, ulps)
    different = np.flatnonzero(~(ours == rounded))
    return Comparison(
        steps=len(theirs),
        max_ulp=float(ulps.max()),
        bit_equal=1 - len(different) / len(theirs),
        first_difference=int(different[0]) if len(different) else None,
    )
