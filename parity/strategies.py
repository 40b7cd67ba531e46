"""Random legal arguments of every class, and random nested recipes of them."""

import math
from bisect import bisect_right

from hypothesis import strategies as st

from parity.cases import Case, alternating, constant, damped, exponential, hand_written, inverse, shrinking

STEPS = 400

lrs = st.floats(1e-6, 10.0)
small = st.just(0.0) | st.floats(1e-6, 1.0)  # a number near 1.2e-38 is 0 in a compiled program
factors = st.one_of(st.floats(0.5, 1.0), st.floats(0.9, 1.01))
epochs = st.integers(1, 150)
momentums = small

ARGUMENTS = {
    "StepLR": st.fixed_dictionaries({"step_size": epochs, "gamma": factors}),
    "MultiStepLR": st.fixed_dictionaries(
        {"milestones": st.lists(st.integers(0, STEPS), max_size=12), "gamma": factors},
    ),
    "ConstantLR": st.fixed_dictionaries(
        {"factor": st.floats(1e-6, 1.0), "total_iters": st.integers(0, 200)},
    ),
    "LinearLR": st.fixed_dictionaries(
        {"start_factor": st.floats(1e-6, 1.0), "end_factor": small, "total_iters": st.integers(0, 200)},
    ),
    "ExponentialLR": st.fixed_dictionaries({"gamma": factors}),
    "PolynomialLR": st.fixed_dictionaries({"total_iters": epochs, "power": st.floats(0.0, 5.0)}),
    "CosineAnnealingLR": st.fixed_dictionaries({"T_max": epochs, "eta_min": small}),
    "CosineAnnealingWarmRestarts": st.fixed_dictionaries(
        {"T_0": epochs, "T_mult": st.integers(1, 4), "eta_min": small},
    ),
    "LambdaLR": st.fixed_dictionaries(
        {"lr_lambda": st.sampled_from([inverse, exponential, hand_written, shrinking])},
    ),
    "MultiplicativeLR": st.fixed_dictionaries(
        {"lr_lambda": st.sampled_from([constant, inverse, shrinking, alternating])},
    ),
    "CyclicLR": st.fixed_dictionaries(
        {
            "base_lr": small,
            "max_lr": small,
            "step_size_up": epochs,
            "step_size_down": st.none() | st.integers(0, 150),
            "mode": st.sampled_from(["triangular", "triangular2", "exp_range"]),
            "gamma": st.floats(0.9, 1.0),
            "scale_fn": st.none() | st.just(damped),
            "scale_mode": st.sampled_from(["cycle", "iterations"]),
            "base_momentum": momentums,
            "max_momentum": momentums,
        },
    ),
    "OneCycleLR": st.fixed_dictionaries(
        {
            "max_lr": lrs,
            "total_steps": st.integers(1, STEPS),
            "pct_start": st.floats(0.0, 0.99),
            "anneal_strategy": st.sampled_from(["cos", "linear"]),
            "base_momentum": momentums,
            "max_momentum": momentums,
            "div_factor": st.floats(0.5, 100.0),
            "final_div_factor": st.floats(0.5, 1e4),
            "three_phase": st.booleans(),
        },
    ),
    "SWALR": st.fixed_dictionaries(
        {"swa_lr": small, "anneal_epochs": st.integers(0, 200), "anneal_strategy": st.sampled_from(["cos", "linear"])},
    ),
}


def has_phases(case: Case) -> bool:
    """Whether no phase of a OneCycleLR has the length 0, nor one that rounding decides."""
    if case.scheduler != "OneCycleLR":
        return True
    pct_start, total_steps = case.arguments.get("pct_start", 0.3), case.arguments["total_steps"]
    three_phase = case.arguments.get("three_phase", False)
    ends = [pct_start * total_steps - 1, total_steps - 1]
    ends[1:1] = [2 * pct_start * total_steps - 2] if three_phase else []
    return not any(math.isclose(a, b, abs_tol=1e-6) for a, b in zip([0, *ends], ends, strict=False))


def leaves(**narrowed: st.SearchStrategy) -> st.SearchStrategy[Case]:
    """A random case of a class; narrowed: other arguments for some classes."""
    drawn = [st.builds(Case, st.just(name), narrowed.get(name, arguments)) for name, arguments in ARGUMENTS.items()]
    return st.one_of(drawn).filter(has_phases)


# Within a recipe of 200 steps no OneCycleLR ends, and no LinearLR is entered that torch divides by zero for.
MEMBERS = leaves(
    OneCycleLR=st.fixed_dictionaries(
        {
            "max_lr": lrs,
            "total_steps": st.integers(250, 400),
            "anneal_strategy": st.sampled_from(["cos", "linear"]),
            "cycle_momentum": st.booleans(),
            "base_momentum": momentums,
            "div_factor": st.floats(0.5, 100.0),
            "three_phase": st.booleans(),
        },
    ),
    LinearLR=st.fixed_dictionaries(
        {"start_factor": st.floats(1e-3, 1.0), "end_factor": small, "total_iters": st.integers(1, 200)},
    ),
)


def chains(members: st.SearchStrategy[Case]) -> st.SearchStrategy[Case]:
    """A ChainedScheduler of one to four members."""
    return st.lists(members, min_size=1, max_size=4).map(lambda drawn: Case("ChainedScheduler", {"schedulers": drawn}))


@st.composite
def sequences(draw: st.DrawFn, members: st.SearchStrategy[Case]) -> Case:
    """A SequentialLR of one to four members; only the one that runs at 0 may be a composite."""
    milestones = sorted(draw(st.lists(st.integers(0, 150), max_size=3)))
    first = bisect_right(milestones, 0)
    drawn = [draw(members if i <= first else MEMBERS) for i in range(len(milestones) + 1)]
    return Case("SequentialLR", {"schedulers": drawn, "milestones": milestones})


def recipes(depth: int) -> st.SearchStrategy[Case]:
    """A composite, nested up to the depth given."""
    members = MEMBERS if depth == 1 else st.one_of(MEMBERS, recipes(depth - 1))
    return st.one_of(chains(members), sequences(members))
