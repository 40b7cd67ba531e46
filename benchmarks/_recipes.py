"""The recipes that are measured: every class, chained and nested ones, each as long as the run."""

from parity.cases import Case, constant, inverse_root, shrinking


def recipes(steps: int) -> dict[str, Case]:
    """By what the table calls them, the recipes of a run of so many steps."""
    warmup = Case("LinearLR", {"start_factor": 1e-3, "total_iters": steps // 20})
    decay = Case("CosineAnnealingLR", {"T_max": steps - steps // 20})
    exponential = Case("ExponentialLR", {"gamma": 1 - 10 / steps})
    step = Case("StepLR", {"step_size": steps // 1000, "gamma": 0.99})
    multiplicative = {"lr_lambda": constant if steps < 1000 else shrinking}
    cycle = {"base_lr": 1e-3, "max_lr": 0.1}
    return {
        "StepLR": step,
        "MultiStepLR": Case("MultiStepLR", {"milestones": [steps * 3 // 10, steps * 6 // 10, steps * 8 // 10]}),
        "ConstantLR": Case("ConstantLR", {"factor": 0.3, "total_iters": steps // 2}),
        "LinearLR": Case("LinearLR", {"start_factor": 1e-3, "total_iters": steps}),
        "ExponentialLR": exponential,
        "PolynomialLR": Case("PolynomialLR", {"total_iters": steps, "power": 0.9}),
        "CosineAnnealingLR": Case("CosineAnnealingLR", {"T_max": steps}),
        "CosineAnnealingWarmRestarts": Case(
            "CosineAnnealingWarmRestarts", {"T_0": steps // 1000, "T_mult": 2, "eta_min": 1e-5}
        ),
        "LambdaLR": Case("LambdaLR", {"lr_lambda": inverse_root}),
        "MultiplicativeLR": Case("MultiplicativeLR", multiplicative),
        "MultiplicativeLR, total_steps": Case("MultiplicativeLR", multiplicative, total_steps=steps),
        "CyclicLR": Case("CyclicLR", cycle),
        "CyclicLR, triangular2": Case("CyclicLR", cycle | {"mode": "triangular2"}),
        "CyclicLR, exp_range": Case("CyclicLR", cycle | {"mode": "exp_range", "gamma": 1 - 3 / steps}),
        "OneCycleLR": Case("OneCycleLR", {"max_lr": 0.1, "total_steps": steps}),
        "SWALR": Case("SWALR", {"swa_lr": 1e-3, "anneal_epochs": steps}),
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


PLATEAU = Case("ReduceLROnPlateau", {"patience": 100, "factor": 0.999, "cooldown": 10}, seed=1)
