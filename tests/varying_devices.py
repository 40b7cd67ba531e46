"""Every class with what differs from device to device: a learning rate, its gradient, a metric, a count.

PYTHONPATH=. JAX_PLATFORMS=cpu XLA_FLAGS=--xla_force_host_platform_device_count=8 python tests/varying_devices.py
"""

import jax
import jax.numpy as jnp
import numpy as np
from each import ONE_OF_EACH
from jax.sharding import AxisType, NamedSharding, PartitionSpec

import jaxlr
from jaxlr._schedules.base import walk
from parity.cases import COMPOSITES

DEVICES = 8
AUTO, EXPLICIT = (
    jax.make_mesh((DEVICES,), ("batch",), axis_types=(kind,)) for kind in (AxisType.Auto, AxisType.Explicit)
)
EACH = PartitionSpec("batch")
RATES = np.linspace(0.1, 0.8, DEVICES, dtype=np.float32)


def on_each(function, *arrays):
    """The function of each device's own number."""

    def alone(*numbers):
        return jax.tree.map(lambda x: x[None], function(*(number[0] for number in numbers)))

    return jax.jit(jax.shard_map(alone, mesh=AUTO, in_specs=EACH, out_specs=EACH))(*arrays)


def rate(case):
    """A learning rate of its own on each device: called, stepped, differentiated."""
    schedule = case.schedule()

    def of_device(lr):
        stateful = schedule.with_lr(lr).stateful()
        state = stateful.update(stateful.init())
        called = schedule.with_lr(lr)(1) if case.closed else stateful(state)
        return called, stateful(state), jax.grad(lambda lr: stateful_value(schedule.with_lr(lr)))(lr)

    called, stepped, gradient = on_each(of_device, RATES)
    with jax.enable_x64(True):
        expected = [jaxlr.trajectory(schedule.with_lr(float(lr)), 2, form="recursive")[1] for lr in RATES]
    np.testing.assert_array_max_ulp(stepped, np.float32(expected), 1)
    np.testing.assert_array_max_ulp(called, np.float32(expected), 1)
    assert np.isfinite(gradient).all()


def stateful_value(schedule):
    stateful = schedule.stateful()
    return stateful(stateful.update(stateful.init()))


def metric():
    """A plateau's metric, and its rate, of its own on each device."""

    def of_device(lr, loss):
        plateau = jaxlr.ReduceLROnPlateau(lr, patience=0)
        state = plateau.update(plateau.update(plateau.init(), value=1.0), value=loss)
        return plateau(state), jax.grad(lambda lr: stepped(lr, loss))(lr)

    def stepped(lr, loss):
        plateau = jaxlr.ReduceLROnPlateau(lr, patience=0)
        return plateau(plateau.update(plateau.update(plateau.init(), value=1.0), value=loss))

    losses = np.where(np.arange(DEVICES) % 2, 0.5, 1.5).astype(np.float32)
    lrs, gradients = on_each(of_device, RATES, losses)
    factors = np.where(losses > 1, np.float32(0.1), np.float32(1))
    np.testing.assert_array_max_ulp(lrs, RATES * factors, 1)
    np.testing.assert_array_max_ulp(gradients, factors, 1)


def counts(case):
    """A vector, and a matrix, of counts sharded in an explicit mesh: the values keep the sharding."""
    schedule = case.schedule()
    with jax.set_mesh(EXPLICIT):
        for shape, spec in (((64,), EACH), ((32, 2), PartitionSpec("batch", None))):
            sharded = jax.device_put(jnp.arange(64).reshape(shape), NamedSharding(EXPLICIT, spec))
            values = jax.jit(schedule)(sharded)
            assert values.sharding.spec == spec, values.sharding
            np.testing.assert_array_equal(values, schedule(np.arange(64).reshape(shape)))


def looks_up(case):
    """Whether it looks a table up, or multiplies factor after factor: JAX has no such thing in an explicit mesh."""
    names = ("_factors", "_scales")
    tables = any(getattr(part, name, None) is not None for part in walk(case.schedule()) for name in names)
    return tables or "MultiplicativeLR" in str(case) or case.fractional is not None


def main():
    for case in [*ONE_OF_EACH, *COMPOSITES[:6]]:
        if any(hasattr(part, "lr") for part in walk(case.schedule())):
            rate(case)
        if case.closed and case.steps(64) == 64 and not looks_up(case):
            counts(case)
    metric()


if __name__ == "__main__":
    main()
