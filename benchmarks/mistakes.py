"""What a mistake in a port costs: a small network trained in torch, and in JAX as it was meant and with the mistake.

``python -m benchmarks.mistakes`` prints the table of docs/migrate.md. All is float64, so that nothing but the mistake
is seen: each port that is right ends within 1e-9 of torch's weights, or the command fails.
"""

import math
import sys
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
import torch

import jaxlr

EPOCHS, BATCHES, BATCH = 20, 10, 16
UPDATES = EPOCHS * BATCHES
WARMUP = 20
COSINE = UPDATES - WARMUP
HALF = UPDATES // 2
MICRO = 4  # gradients that an update sums, or processes
SKIPPED = 5  # updates with an infinite gradient
Params = dict[str, Any]


class Loop(NamedTuple):
    """A torch training loop: what it builds, and how it differs from the plainest one."""

    optimizer: Callable[[torch.nn.Module], torch.optim.Optimizer]
    scheduler: Callable[[torch.optim.Optimizer], Any]
    every: int = 1  # updates to a scheduler step
    steps: int = 1  # scheduler steps after an update
    before: bool = False  # whether the scheduler is stepped before the optimizer
    micro: int = 1
    clip: float = math.inf
    skipped: int = 0
    ema: float | None = None


class Port(NamedTuple):
    """The same in JAX: an optimizer, and the rate that update i uses. ``train`` replaces the plain loop."""

    optimizer: optax.GradientTransformation
    rate: Callable[[np.ndarray], Any]
    train: Callable[["Port", Loop], Params] | None = None


class Mistake(NamedTuple):
    """A loop, its port, and what is often written instead."""

    what: str
    loop: Loop
    right: Port
    wrong: Port


class Size(NamedTuple):
    """How far a port is off: its rates, as a share of the peak; its weights, of the way that training moved them."""

    rates: float
    weights: float


def data() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(BATCHES, BATCH, 4))
    return x, np.sin(2 * x[..., :1]) * x[..., 1:2] + 0.1 * rng.normal(size=(BATCHES, BATCH, 1))


X, Y = data()


def model() -> torch.nn.Module:
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(4, 16), torch.nn.Tanh(), torch.nn.Linear(16, 1)).double()


def weights(module: torch.nn.Module) -> Params:
    return {name: parameter.detach().numpy().copy() for name, parameter in module.named_parameters()}


def loss(params: Params, x: Any, y: Any) -> Any:
    hidden = jnp.tanh(x @ params["0.weight"].T + params["0.bias"])
    return jnp.mean((hidden @ params["2.weight"].T + params["2.bias"] - y) ** 2)


def in_torch(loop: Loop) -> tuple[Params, np.ndarray]:
    """The weights, or their average, that the loop ends with; and the rate of each update in the last group."""
    module = model()
    optimizer = loop.optimizer(module)
    scheduler = loop.scheduler(optimizer)
    averaged = None
    if loop.ema is not None:
        average = torch.optim.swa_utils.get_ema_multi_avg_fn(loop.ema)  # type: ignore[no-untyped-call]
        averaged = torch.optim.swa_utils.AveragedModel(module, multi_avg_fn=average)
    x, y = torch.tensor(X), torch.tensor(Y)
    rates = []
    for update in range(UPDATES):
        optimizer.zero_grad()
        for micro in range(loop.micro):
            i = (update * loop.micro + micro) % BATCHES
            torch.nn.functional.mse_loss(module(x[i]), y[i]).backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(module.parameters(), loop.clip)
        if loop.before:
            scheduler.step()
        rates.append(optimizer.param_groups[-1]["lr"])
        if update >= loop.skipped:  # a GradScaler's step does nothing where a gradient is infinite
            optimizer.step()
        if not loop.before and (update + 1) % loop.every == 0:
            for _ in range(loop.steps):
                scheduler.step()
        if averaged is not None:
            averaged.update_parameters(module)
    return weights(module if averaged is None else averaged.module), np.array(rates)


def step(optimizer: optax.GradientTransformation, skipped: int = 0) -> Callable[[Any, Any], Any]:
    """What a scan over batch numbers repeats."""

    def body(carry: Any, i: Any) -> Any:
        params, state = carry
        gradients = jax.grad(loss)(params, jnp.asarray(X)[i % BATCHES], jnp.asarray(Y)[i % BATCHES])
        gradients = jax.tree.map(lambda gradient: jnp.where(i < skipped, jnp.inf, gradient), gradients)
        updates, state = optimizer.update(gradients, state, params)
        params = optax.apply_updates(params, updates)
        return (params, state), params

    return body


def plainly(port: Port, loop: Loop) -> Params:
    params = weights(model())
    body = step(port.optimizer, loop.skipped)
    (params, _), _ = jax.lax.scan(body, (params, port.optimizer.init(params)), jnp.arange(UPDATES * loop.micro))
    return params


def in_jax(port: Port, loop: Loop) -> Params:
    train = port.train or plainly
    ends: Params = jax.tree.map(np.asarray, jax.jit(lambda: train(port, loop))())
    return ends


def distance(a: Params, b: Params) -> float:
    return math.sqrt(sum(np.sum((a[name] - b[name]) ** 2) for name in a))


def size(port: Port, loop: Loop, ends: Params, rates: np.ndarray) -> Size:
    ours = in_jax(port, loop)
    off = np.max(np.abs(np.asarray(port.rate(np.arange(UPDATES))) - rates)) / np.max(rates)
    return Size(float(off), distance(ours, ends) / distance(weights(model()), ends))


# What torch builds.


def sgd(module: torch.nn.Module) -> torch.optim.Optimizer:
    return torch.optim.SGD(module.parameters(), lr=0.05, momentum=0.9)


def decayed_sgd(module: torch.nn.Module) -> torch.optim.Optimizer:
    return torch.optim.SGD(module.parameters(), lr=0.05, momentum=0.9, weight_decay=0.1)


def adamw(module: torch.nn.Module) -> torch.optim.Optimizer:
    return torch.optim.AdamW(module.parameters(), lr=0.01, weight_decay=0.1)


def no_decay_groups(module: torch.nn.Module) -> torch.optim.Optimizer:
    parameters = dict(module.named_parameters())
    decayed = [p for name, p in parameters.items() if "bias" not in name]
    others = [p for name, p in parameters.items() if "bias" in name]
    groups = [{"params": decayed, "weight_decay": 1.0}, {"params": others, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=0.01)


def layer_wise(module: torch.nn.Module) -> torch.optim.Optimizer:
    first, last = module[0], module[2]  # type: ignore[index]
    groups = [{"params": last.parameters(), "lr": 0.01}, {"params": first.parameters(), "lr": 0.001}]
    return torch.optim.AdamW(groups, weight_decay=0.1)


def step_lr(optimizer: torch.optim.Optimizer) -> Any:
    return torch.optim.lr_scheduler.StepLR(optimizer, step_size=8)


def cosine(optimizer: torch.optim.Optimizer, eta_min: float = 0.0) -> Any:
    return torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=UPDATES, eta_min=eta_min)


def warmup_cosine(optimizer: torch.optim.Optimizer) -> Any:
    def factor(count: int) -> float:
        return count / WARMUP if count < WARMUP else (1 + math.cos(math.pi * (count - WARMUP) / COSINE)) / 2

    return torch.optim.lr_scheduler.LambdaLR(optimizer, factor)


def one_cycle(optimizer: torch.optim.Optimizer) -> Any:
    return torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=0.05, total_steps=UPDATES + 1)


# What it becomes.


def warmed(lr: float, from_zero: bool = True, length: int = 1) -> jaxlr.Schedule:
    ramp: jaxlr.Schedule = jaxlr.LinearRamp(lr, total_iters=WARMUP * length)
    if not from_zero:
        ramp = jaxlr.LinearLR(lr, start_factor=1 / WARMUP, total_iters=WARMUP - 1)
    return jaxlr.SequentialLR(lr, [ramp, jaxlr.CosineAnnealingLR(lr, T_max=COSINE * length)], [WARMUP * length])


def of(schedule: Callable[[Any], Any], make: Callable[..., Any], **keywords: Any) -> Port:
    return Port(make(schedule, **keywords), schedule)


def momentum_sgd(schedule: Any) -> optax.GradientTransformation:
    return optax.sgd(schedule, momentum=0.9)


def adamw_in_optax(schedule: Any, **keywords: Any) -> optax.GradientTransformation:
    return optax.adamw(schedule, weight_decay=0.1, **keywords)


def epochs() -> Iterator[Mistake]:
    by_epoch = jaxlr.StepLR(0.05, step_size=8)
    right = of(jaxlr.per_epoch(by_epoch, BATCHES), momentum_sgd)
    loop = Loop(sgd, step_lr, every=BATCHES)
    yield Mistake("a schedule of the epoch, counted by the batch", loop, right, of(by_epoch, momentum_sgd))


def order() -> Iterator[Mistake]:
    schedule = warmed(0.05)
    loop = Loop(sgd, warmup_cosine)
    late = of(lambda count: schedule(jnp.maximum(count - 1, 0)), momentum_sgd)
    yield Mistake("read one count late", loop, of(schedule, momentum_sgd), late)
    loop = Loop(sgd, step_lr, before=True)
    drops = jaxlr.StepLR(0.05, step_size=8)
    early = of(lambda count: drops(count + 1), momentum_sgd)
    yield Mistake("torch steps the scheduler before the optimizer", loop, early, of(drops, momentum_sgd))


def warm_up() -> Iterator[Mistake]:
    loop = Loop(adamw, warmup_cosine)
    right = of(warmed(0.01), adamw_in_optax)
    yield Mistake("a warm-up of `(step + 1) / n` for `step / n`", loop, right, of(warmed(0.01, False), adamw_in_optax))
    third = jaxlr.SequentialLR(
        0.01, [jaxlr.LinearLR(0.01, total_iters=WARMUP), jaxlr.CosineAnnealingLR(0.01, T_max=COSINE)], [WARMUP]
    )
    yield Mistake("a `LinearLR`'s default, a third, for a warm-up from 0", loop, right, of(third, adamw_in_optax))


def accumulation() -> Iterator[Mistake]:
    def summed(optimizer: optax.GradientTransformation, mean: bool = False) -> Any:
        sums = optax.MultiSteps(optimizer, MICRO, use_grad_mean=mean, accumulator_dtype=jnp.float64)
        return sums.gradient_transformation()

    for name, optimizer, make, lr in (("SGD", sgd, momentum_sgd, 0.05), ("AdamW", adamw, adamw_in_optax, 0.01)):
        schedule = warmed(lr / 8)
        loop = Loop(partial(scaled, optimizer), warmup_cosine, micro=MICRO)
        right = Port(summed(make(schedule)), schedule)
        wrong = Port(summed(make(schedule), mean=True), schedule)
        yield Mistake(f"the mean of {MICRO} gradients where torch sums them, {name}", loop, right, wrong)
        if name == "SGD":
            longer = warmed(lr / 8, length=MICRO)
            wrong = Port(summed(make(longer)), longer)
            yield Mistake("lengths in micro-batches where the count is of updates", loop, right, wrong)


def scaled(make: Callable[[torch.nn.Module], torch.optim.Optimizer], module: torch.nn.Module) -> torch.optim.Optimizer:
    optimizer = make(module)
    for group in optimizer.param_groups:
        group["lr"] /= 8
    return optimizer


def processes() -> Iterator[Mistake]:
    loop = Loop(sgd, cosine, steps=MICRO)
    schedule = jaxlr.CosineAnnealingLR(0.05, T_max=UPDATES)
    right = of(lambda count: schedule(MICRO * count), momentum_sgd)
    what = f"accelerate on {MICRO} processes steps it {MICRO} times an update, and the port does not"
    yield Mistake(what, loop, right, of(schedule, momentum_sgd))


def skipped() -> Iterator[Mistake]:
    schedule = warmed(0.01)
    loop = Loop(adamw, warmup_cosine, skipped=SKIPPED)
    direction = optax.chain(optax.scale_by_adam(), optax.add_decayed_weights(0.1))
    finite = optax.apply_if_finite(direction, SKIPPED)
    right = Port(optax.chain(finite, optax.scale_by_learning_rate(schedule)), schedule)
    wrong = Port(
        optax.apply_if_finite(optax.adamw(schedule, weight_decay=0.1), SKIPPED),
        lambda count: schedule(np.maximum(count - SKIPPED, 0)),
    )
    yield Mistake(f"{SKIPPED} skipped updates not counted", loop, right, wrong)


def clip_as_torch(max_norm: float) -> optax.GradientTransformation:
    """Torch's clip_grad_norm_: times max_norm / (norm + 1e-6), where that is less than 1."""

    def update(updates: Any, state: Any, params: Any = None) -> Any:
        del params
        factor = jnp.minimum(1.0, max_norm / (optax.tree.norm(updates) + 1e-6))
        return jax.tree.map(lambda update: update * factor, updates), state

    return optax.GradientTransformation(lambda params: optax.EmptyState(), update)


def clipping() -> Iterator[Mistake]:
    schedule = warmed(0.05)
    loop = Loop(decayed_sgd, warmup_cosine, clip=0.1)
    decay, descent = optax.add_decayed_weights(0.1), momentum_sgd(schedule)
    right = Port(optax.chain(clip_as_torch(0.1), decay, descent), schedule)
    optaxs = Port(optax.chain(optax.clip_by_global_norm(0.1), decay, descent), schedule)
    yield Mistake("`clip_by_global_norm`: the norm without torch's + 1e-6", loop, right, optaxs)
    after = Port(optax.chain(decay, clip_as_torch(0.1), descent), schedule)
    yield Mistake("L2 decay added before the clip", loop, right, after)


def groups() -> Iterator[Mistake]:
    schedule = warmed(0.01)

    def no_biases(params: Params) -> dict[str, bool]:
        return {name: "bias" not in name for name in params}

    loop = Loop(no_decay_groups, warmup_cosine)
    right = Port(optax.adamw(schedule, weight_decay=1.0, mask=no_biases), schedule)
    yield Mistake("biases decayed too", loop, right, Port(optax.adamw(schedule, weight_decay=1.0), schedule))
    loop = Loop(layer_wise, lambda optimizer: cosine(optimizer, eta_min=1e-3))
    last, first = (jaxlr.CosineAnnealingLR(lr, T_max=UPDATES, eta_min=1e-3) for lr in (0.01, 0.001))

    def layers(params: Params) -> dict[str, str]:
        return {name: "first" if name.startswith("0") else "last" for name in params}

    def partition(first: Callable[[Any], Any]) -> Port:
        return Port(optax.partition({"first": adamw_in_optax(first), "last": adamw_in_optax(last)}, layers), first)

    tenth = partition(lambda count: last(count) / 10)
    yield Mistake("one schedule times a scale, where groups share an `eta_min`", loop, partition(first), tenth)


def momentum() -> Iterator[Mistake]:
    schedule = jaxlr.OneCycleLR(max_lr=0.05, total_steps=UPDATES + 1)
    injected = optax.inject_hyperparams(optax.sgd)(learning_rate=schedule, momentum=schedule.momentum)
    loop = Loop(sgd, one_cycle)
    yield Mistake("`OneCycleLR` without its momentum", loop, Port(injected, schedule), of(schedule, momentum_sgd))


def resume() -> Iterator[Mistake]:
    schedule = warmed(0.01)
    loop = Loop(adamw, warmup_cosine)
    right = of(schedule, adamw_in_optax)

    def in_two(second: Any, restored: bool) -> Callable[[Port, Loop], Params]:
        def train(port: Port, loop: Loop) -> Params:
            del loop
            params = weights(model())
            carry, _ = jax.lax.scan(step(port.optimizer), (params, port.optimizer.init(params)), jnp.arange(HALF))
            params, state = carry
            optimizer = adamw_in_optax(second)
            carry = params, state if restored else optimizer.init(params)
            return jax.lax.scan(step(optimizer), carry, HALF + jnp.arange(HALF))[0][0]

        return train

    def again(count: np.ndarray) -> Any:
        return schedule(count % HALF)

    yield Mistake(
        "resumed with the weights alone", loop, right, Port(right.optimizer, again, in_two(schedule, restored=False))
    )
    now = jaxlr.SequentialLR(0.01, schedule.schedulers, schedule.milestones, last_epoch=HALF - 1)  # type: ignore[attr-defined]

    def twice(count: np.ndarray) -> Any:
        return np.where(count < HALF, schedule(count), now(count))

    yield Mistake(
        "resumed with `from_torch` of now and the old count",
        loop,
        right,
        Port(right.optimizer, twice, in_two(now, True)),
    )


def averages() -> Iterator[Mistake]:
    schedule = jaxlr.CosineAnnealingLR(0.05, T_max=UPDATES)

    def averaged(average: Callable[[Params], Params]) -> Port:
        def train(port: Port, loop: Loop) -> Params:
            del loop
            start = weights(model())
            return average(
                jax.lax.scan(step(port.optimizer), (start, port.optimizer.init(start)), jnp.arange(UPDATES))[1]
            )

        return Port(momentum_sgd(schedule), schedule, train)

    def first_copied(after: Params) -> Params:
        first, rest = (jax.tree.map(lambda leaf, at=at: leaf[at], after) for at in (0, slice(1, None)))
        average: Params = jax.lax.scan(lambda ema, new: (optax.incremental_update(new, ema, 0.01), None), first, rest)[
            0
        ]
        return average

    def by_optax(after: Params) -> Params:
        ema = optax.ema(0.99)
        means = jax.lax.scan(lambda state, new: ema.update(new, state)[::-1], ema.init(weights(model())), after)[1]
        last: Params = jax.tree.map(lambda leaf: leaf[-1], means)
        return last

    loop = Loop(sgd, cosine, ema=0.99)
    yield Mistake("weights averaged by `optax.ema`", loop, averaged(first_copied), averaged(by_optax))


SEAMS = (epochs, order, warm_up, accumulation, processes, skipped, clipping, groups, momentum, resume, averages)


def shown(share: float) -> str:
    return f"{float(f'{100 * share:.2g}'):g} %" if share > 1e-12 else "0"


def main() -> int:
    rows, failed = [], False
    with jax.enable_x64(True), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch, of a scheduler that is stepped before its optimizer
        for seam in SEAMS:
            for mistake in seam():
                ends, rates = in_torch(mistake.loop)
                right, wrong = (size(port, mistake.loop, ends, rates) for port in (mistake.right, mistake.wrong))
                if max(right) > 1e-9:
                    print(f"FAIL: {mistake.what}: the port that is right is off by {right}")
                    failed = True
                rows.append(f"| {mistake.what} | {shown(wrong.rates)} | {shown(wrong.weights)} |")
    print("| mistake | rates | weights |", "|---|---:|---:|", *rows, sep="\n")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
