"""The recipes that are measured: every class, jaxlr's own, chained and nested ones, each as long as the run."""

from parity.case import Case
from parity.cases import COUNT_DRIVEN, OWN


def recipes(steps: int) -> dict[str, Case]:
    """By what the table calls them, the recipes of a run of so many steps."""
    classes = {entry.name + suffix: case for entry in COUNT_DRIVEN for suffix, case in entry.measured(steps).items()}
    warmup = Case("LinearLR", {"start_factor": 1e-3, "total_iters": steps // 20})
    decay = Case("CosineAnnealingLR", {"T_max": steps - steps // 20})
    step, exponential = classes["StepLR"], classes["ExponentialLR"]
    own = {entry.name: entry.million[0] for entry in OWN if entry.million}
    return (
        classes
        | own
        | {
            "SequentialLR": Case("SequentialLR", {"schedulers": (warmup, decay), "milestones": [steps // 20]}),
            "ChainedScheduler, closed form": Case("ChainedScheduler", {"schedulers": (warmup, exponential)}),
            "ChainedScheduler": Case("ChainedScheduler", {"schedulers": (decay, warmup)}),
            "SequentialLR in ChainedScheduler": Case(
                "ChainedScheduler",
                {
                    "schedulers": (
                        Case("SequentialLR", {"schedulers": (warmup, decay), "milestones": [steps // 20]}),
                        exponential,
                    )
                },
            ),
            "ChainedScheduler in SequentialLR": Case(
                "SequentialLR",
                {
                    "schedulers": (Case("ChainedScheduler", {"schedulers": (exponential, step)}), decay),
                    "milestones": [steps // 2],
                },
            ),
        }
    )


PLATEAU = Case("ReduceLROnPlateau", {"patience": 100, "factor": 0.999, "cooldown": 10}, seed=1)
