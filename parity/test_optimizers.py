"""docs/optimizers.md: each Optax expression takes the steps of torch's optimizer, each usual mistake does not."""

import re
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
import torch
from torch.optim import lr_scheduler

import jaxlr

PAGE = (Path(__file__).parent.parent / "docs/optimizers.md").read_text()
STEPS, WARMUP = 200, 20
EQUAL = 1e-12  # of the way that the parameters went


class Pair(NamedTuple):
    """A block of the page."""

    torch: str
    optax: str
    mistake: str | None
    apart: str | None  # of the way that the parameters went, to the digits that are shown

    def __str__(self) -> str:
        return self.torch.removeprefix("torch.optim.")


def pairs():
    for block in re.findall(r"```python\n# torch\n(.*?)\n```", PAGE, re.DOTALL):
        equal, _, wrong = block.partition("\n# not: ")
        theirs, _, ours = re.split(r"\n(# Optax.*)\n", equal)
        heading, _, mistake = wrong.partition("\n")
        yield Pair(theirs, ours, mistake or None, heading.split(",")[0] if wrong else None)


PAIRS = list(pairs())
MUON = next(pair for pair in PAIRS if "Muon" in pair.torch)

(OWN_LINES,) = re.findall(r"```python\n# torch_rules.py\n(.*?)```", PAGE, re.DOTALL)
NAMES: dict[str, Any] = {"jnp": jnp, "optax": optax}
exec(OWN_LINES, NAMES)


def problem(pair):
    """The first parameters and the gradients of 200 steps, of sizes from 0.01 to 10, as flax has them."""
    random = np.random.default_rng(0)
    shapes = ({} if "Muon" in pair.torch else {"bias": (4,)}) | {"kernel": (6, 4)}
    params = {name: random.normal(size=shape) for name, shape in shapes.items()}
    sizes = 10.0 ** random.uniform(-2, 1, STEPS)
    gradients = {
        name: sizes.reshape(-1, *[1] * len(shape)) * random.normal(size=(STEPS, *shape))
        for name, shape in shapes.items()
    }
    return params, gradients


def torch_scheduler(optimizer):
    warmup = lr_scheduler.LinearLR(optimizer, start_factor=0.01, total_iters=WARMUP)
    cosine = lr_scheduler.CosineAnnealingLR(optimizer, T_max=STEPS - WARMUP)
    return lr_scheduler.SequentialLR(optimizer, [warmup, cosine], milestones=[WARMUP])


def by_torch(pair):
    """The parameters after each step of torch's optimizer and scheduler, as flax has them."""
    first, gradients = problem(pair)
    params = [torch.nn.Parameter(torch.tensor(array.T)) for array in first.values()]
    optimizer = eval(pair.torch, {"torch": torch, "params": params})
    scheduler = torch_scheduler(optimizer)
    steps = []
    for i in range(STEPS):
        for param, gradient in zip(params, gradients.values(), strict=True):
            param.grad = torch.tensor(gradient[i].T)
        optimizer.step()
        scheduler.step()
        steps.append(np.concatenate([param.detach().numpy().T.ravel() for param in params]))
    return np.array(steps)


def schedule_of(pair):
    """What the page calls s, at the learning rate of torch's line."""
    (lines,) = re.findall(r">>> (warmup = .*\n>>> cosine = .*\n>>> s = .*)\n", PAGE)
    names = {"jaxlr": jaxlr}
    exec(lines.replace(">>> ", ""), names)
    return names["s"].with_lr(float(re.search(r"lr=([\d.]+)", pair.torch)[1]))


def by_optax(pair, expression):
    """The parameters after each step of an Optax expression."""
    with jax.enable_x64(True):
        params, gradients = problem(pair)
        optimizer = eval(expression, NAMES | {"s": schedule_of(pair)})

        @jax.jit
        def run(params, gradients):
            def step(carry, gradient):
                params, state = carry
                updates, state = optimizer.update(gradient, state, params)
                params = optax.apply_updates(params, updates)
                return (params, state), jnp.concatenate([params[name].ravel() for name in gradient])

            return jax.lax.scan(step, (params, optimizer.init(params)), gradients)[1]

        steps = run(jax.tree.map(jnp.asarray, params), gradients)
        assert steps.dtype == jnp.float64
        return np.asarray(steps)


def apart(pair, expression, theirs):
    """The largest distance in 200 steps, over the way that torch's parameters went."""
    first = np.concatenate([array.ravel() for array in problem(pair)[0].values()])
    return abs(by_optax(pair, expression) - theirs).max() / abs(theirs - first).max()


@pytest.fixture
def _in_float64(monkeypatch):
    """Where torch's Muon computes in bfloat16, it computes in float64."""
    monkeypatch.setattr(torch.Tensor, "bfloat16", lambda matrix: matrix.clone())


@pytest.mark.usefixtures("_in_float64")
@pytest.mark.parametrize("pair", PAIRS, ids=str)
def test_takes_torchs_steps(pair):
    theirs = by_torch(pair)
    assert apart(pair, pair.optax, theirs) <= EQUAL
    if pair.mistake is not None:  # it is caught, and as large as the page says
        mistaken = apart(pair, pair.mistake, theirs)
        assert mistaken > 100 * EQUAL
        assert f"{mistaken:.1e}" == pair.apart


def test_muon_as_it_is():
    within = float(re.search(r"less\s+than\s+(\S+)\s+of\s+the\s+way", PAGE)[1])
    assert EQUAL < apart(MUON, MUON.optax, by_torch(MUON)) < within


def test_the_schedule_is_torchs():
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=0.02)
    assert jaxlr.from_torch(torch_scheduler(optimizer)) == schedule_of(MUON)


def test_the_page_names_every_optimizer_of_torch():
    classes = {name for name in dir(torch.optim) if isinstance(getattr(torch.optim, name), type)} - {"Optimizer"}
    equal = {re.match(r"\w+", str(pair))[0] for pair in PAIRS}
    without = set(re.findall(r"`(\w+)`", PAGE.partition("## What has no equal")[2].partition("##")[0]))
    assert equal.isdisjoint(without)
    assert equal | without == classes


def test_what_float32_costs_the_first_step_of_adam():
    gradient = np.float32(1)
    param = torch.nn.Parameter(torch.zeros(1))
    param.grad = torch.tensor([gradient])
    torch.optim.Adam([param], lr=1.0).step()
    updates, _ = jax.jit(optax.adam(1.0).update)(jnp.asarray([gradient]), optax.adam(1.0).init(jnp.zeros(1)))
    assert f"{abs(updates[0] / param.item() - 1):.1e}" == re.search(r"leaves (\S+) of a difference", PAGE)[1]
