"""Every class with what differs from device to device: a learning rate, its gradient, a metric, or sharded counts.

PYTHONPATH=.:tests JAX_PLATFORMS=cpu XLA_FLAGS=--xla_force_host_platform_device_count=8 \
  python tests/varying_devices.py counts 1
"""

import contextlib
import copy
import dataclasses
import sys

import jax
import numpy as np
import pytest
from each import ONE_OF_EACH
from jax.sharding import AxisType, NamedSharding, PartitionSpec

import jaxlr
from jaxlr._machine.closed_form import has_closed_form
from jaxlr._schedules.base import walk
from jaxlr._schedules.plateau import takes_metric
from parity.cases import COMPOSITES, ENTRIES, OTHERS

DEVICES = 8
RATES = np.linspace(0.1, 0.8, DEVICES, dtype=np.float32)
LOSSES = np.where(np.arange(DEVICES) % 2, 0.5, 1.5).astype(np.float32)
PLATEAU = jaxlr.ReduceLROnPlateau(0.1, patience=0)
STEP = jaxlr.StepLR(0.1, step_size=3)
# All those that torch lacks.
OWN = jaxlr.Until(
    jaxlr.SequentialLR(
        0.1,
        [
            jaxlr.LinearRamp(0.1, 4),
            jaxlr.Shifted(jaxlr.CosineAnnealingLR(0.1, T_max=20), by=4),
            jaxlr.Product(0.1, [jaxlr.LinearRamp(0.1, 4, start_factor=0.1), jaxlr.InversePower(0.1, timescale=3)]),
            jaxlr.PolynomialDecay(0.1, total_iters=20, eta_min=0.01),
        ],
        milestones=[1, 8, 16],
    ),
    total_steps=60,
)
SCHEDULES = [
    *(case.schedule() for case in [*ONE_OF_EACH, *COMPOSITES[:10]]),
    *(entry.build(**entry.arguments) for entry in OTHERS if entry.build is not jaxlr.Stateful),  # all are stepped
    OWN,
    # More members of a kind than are selected from; a table in epochs.
    jaxlr.SequentialLR(0.1, [jaxlr.StepLR(0.1, step_size=i) for i in range(1, 13)], milestones=range(5, 60, 5)),
    jaxlr.per_epoch(jaxlr.Table(np.linspace(0.1, 0.2, 40)), 2),
]
METRIC_DRIVEN = [
    PLATEAU,
    jaxlr.ReduceLROnPlateau(0.1, mode="max", threshold_mode="abs", patience=0),
    jaxlr.per_epoch(PLATEAU, 1),
    jaxlr.Resumed(PLATEAU, (7, 0.9, 0, 0), lr=0.1),
    jaxlr.Together([STEP, PLATEAU]),
    jaxlr.InTurn([STEP, PLATEAU], milestones=[1]),
]


def on_each(function, *arrays):
    """The function of each device's own number."""
    mesh, each = jax.make_mesh((DEVICES,), ("batch",), axis_types=(AxisType.Auto,)), PartitionSpec("batch")

    def alone(*numbers):
        return jax.tree.map(lambda x: x[None], function(*(number[0] for number in numbers)))

    return jax.jit(jax.shard_map(alone, mesh=mesh, in_specs=each, out_specs=each))(*arrays)


def at_rate(schedule, rate):
    """The schedule with the rate in place of the optimizer's, of the peaks and of the momentums."""
    fields = dict.fromkeys({"lr", "max_lr", "max_momentum"} & set(dir(schedule)), rate)
    if hasattr(schedule, "schedulers"):
        fields["schedulers"] = [at_rate(member, rate) for member in schedule.schedulers]
    elif hasattr(schedule, "schedule"):
        fields["schedule"] = at_rate(schedule.schedule, rate)
    return dataclasses.replace(schedule, **fields)


def stepped(schedule, metrics):
    """The learning rate after a step with each of the metrics."""
    stateful = jaxlr.Stateful(schedule)
    state = stateful.init()
    for metric in metrics:
        state = stateful.update(state, value=metric)
    return stateful(state)


def expected(schedule, rate, metrics):
    """The same on the host."""
    received = metrics if takes_metric(schedule) else None
    with jax.enable_x64(True):
        lrs = jaxlr.trajectory(at_rate(schedule, float(rate)), len(metrics) + 1, form="recursive", metrics=received)
    return np.float32(lrs[-1])


def rate(schedule):
    """A learning rate of its own on each device: called, stepped, differentiated."""

    def of_device(rate):
        varying = at_rate(schedule, rate)
        value = stepped(varying, [1.0])
        called = varying(1) if has_closed_form(schedule) else value
        return called, value, jax.grad(lambda rate: stepped(at_rate(schedule, rate), [1.0]))(rate)

    called, value, gradient = on_each(of_device, RATES)
    wanted = [expected(schedule, rate, [1.0]) for rate in RATES]
    np.testing.assert_array_max_ulp(value, np.array(wanted), 1)
    np.testing.assert_array_max_ulp(called, np.array(wanted), 1)
    assert np.isfinite(gradient).all()


def metric(schedule):
    """A metric, and a rate, of its own on each device."""

    def of_device(rate, loss):
        lr, slope = jax.value_and_grad(lambda rate: stepped(at_rate(schedule, rate), [1.0, 1.0, loss]))(rate)
        return lr, slope

    lrs, gradients = on_each(of_device, RATES, LOSSES)
    wanted = [expected(schedule, rate, [1.0, 1.0, float(loss)]) for rate, loss in zip(RATES, LOSSES, strict=True)]
    np.testing.assert_array_max_ulp(lrs, np.array(wanted), 1)
    np.testing.assert_array_max_ulp(gradients, lrs / RATES, 4)
    assert len(np.unique(np.round(lrs / RATES, 6))) > 1, "the devices' metrics make no difference"


def counts(schedule):
    """A vector, and a matrix, of sharded counts: the values are sharded as they are, and no device asks another."""
    end = schedule._final_epoch
    last = 63 if end is None else min(63, end - schedule._first_epoch)
    numbers = np.minimum(np.arange(64), last).astype(np.int32)
    values = schedule(numbers)
    first_used_under_a_mesh(schedule, numbers[:DEVICES], values[:DEVICES])
    for kind in (AxisType.Auto, AxisType.Explicit):
        mesh = jax.make_mesh((4, 2), ("data", "model"), axis_types=(kind, kind))
        vector, matrix = ((64,), (("data", "model"),)), ((16, 4), ("data", "model"))
        for shape, spec in [vector, matrix] if kind == AxisType.Explicit else [matrix]:
            sharding = NamedSharding(mesh, PartitionSpec(*spec))
            sharded = jax.device_put(numbers.reshape(shape), sharding)
            program = jax.jit(schedule).lower(sharded).compile()
            assert "all-gather" not in program.as_text()
            for result in (program(sharded), *([schedule(sharded)] if sharded.ndim == 2 else [])):
                np.testing.assert_array_equal(result, values.reshape(shape))
                assert result.sharding.is_equivalent_to(sharding, len(shape)), result.sharding
        with jax.set_mesh(mesh) if kind == AxisType.Explicit else contextlib.nullcontext():
            np.testing.assert_array_equal(jax.jit(schedule)(sharded), values.reshape(shape))
        with pytest.raises(TypeError, match="count must be an integer"):
            (STEP if schedule._fractional else schedule)(sharded + 0.5)
        if last < 63:
            with pytest.raises(ValueError, match=f"count must be at most {last} for .*, got {last + 1}"):
                schedule(sharded + 1)


def first_used_under_a_mesh(schedule, numbers, values):
    """What it keeps of its first call fits the next one, outside the mesh and on another device."""
    mesh, each = jax.make_mesh((DEVICES,), ("batch",), axis_types=(AxisType.Auto,)), PartitionSpec("batch")
    mapped, called = copy.deepcopy(schedule), copy.deepcopy(schedule)
    np.testing.assert_array_equal(jax.shard_map(mapped, mesh=mesh, in_specs=each, out_specs=each)(numbers), values)
    with jax.set_mesh(mesh):
        assert called(numbers[1]) == values[1]
    for used in (mapped, called):
        assert used(numbers[1]) == values[1]
        assert used(jax.device_put(numbers[1], jax.devices()[2])) == values[1]


def main(what, every):
    if what == "rate":
        tried = [s for s in SCHEDULES if not any(isinstance(part, jaxlr.Table) for part in walk(s))]  # it takes none
    elif what == "metric":
        tried = METRIC_DRIVEN
    else:
        tried = [s for s in SCHEDULES if has_closed_form(s)]
    for schedule in tried[::every]:
        try:
            globals()[what](schedule)
        except Exception as error:
            error.add_note(f"{what}: {schedule!r}")
            raise


if __name__ == "__main__":
    assert jax.device_count() == DEVICES
    names = {type(part).__name__ for schedule in SCHEDULES for part in walk(schedule)}
    assert names >= {entry.name for entry in ENTRIES} - {"Stateful"}
    main(sys.argv[1], int(sys.argv[2]))
