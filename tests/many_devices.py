"""The learning rates of schedules on eight devices, as JSON. The first argument is a number of steps.

PYTHONPATH=. JAX_PLATFORMS=cpu XLA_FLAGS=--xla_force_host_platform_device_count=8 \
  python tests/many_devices.py 20 "StepLR(0.1, step_size=3)" "ReduceLROnPlateau(0.1, patience=1)"
"""

import json
import sys

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.sharding import AxisType, NamedSharding, PartitionSpec

import jaxlr
from jaxlr._machine.closed_form import has_closed_form
from parity import cases

DEVICES = 8
AUTO, EXPLICIT = (
    jax.make_mesh((DEVICES,), ("batch",), axis_types=(kind,)) for kind in (AxisType.Auto, AxisType.Explicit)
)
EACH, ALL = PartitionSpec("batch"), PartitionSpec()


def losses(steps):
    """A float32 loss of every device at every step: a mean that falls, and noise that no two devices share."""
    noise = np.random.default_rng(0).normal(0, 0.3, (steps, DEVICES))
    return (np.exp(-np.arange(steps) / 9)[:, None] + noise).astype(np.float32)


def mapped(fun, in_specs):
    """The function on every device; what the devices give, one after another."""
    return jax.jit(jax.shard_map(fun, mesh=AUTO, in_specs=in_specs, out_specs=EACH))


def called(schedule, steps):
    """The learning rates of the closed form; of a row a device where each has them all."""
    counts = np.minimum(np.arange(DEVICES * -(-steps // DEVICES), dtype=np.int32), steps - 1)
    of_each = mapped(lambda count: schedule(count[0])[None], EACH)
    of_all = mapped(lambda count: schedule(count)[None], ALL)
    sharded = jax.device_put(counts, NamedSharding(AUTO, EACH))
    return {
        "a vector of counts sharded in shard_map": mapped(schedule, EACH)(counts)[:steps],
        "a count of each device in shard_map": np.ravel([of_each(row) for row in counts.reshape(-1, DEVICES)])[:steps],
        "a count of all devices in shard_map": np.stack([of_all(count) for count in counts[:steps]], axis=1),
        "a vector of counts sharded in jit": jax.jit(schedule)(sharded)[:steps],
    }


def stepped(stateful, steps):
    """The learning rates of every device, each of which steps with the mean loss of all, and that mean."""

    def run(losses):
        def step(state, loss):
            metric = jax.lax.pmean(loss, "batch")
            return stateful.update(state, value=metric), (stateful(state), metric)

        _, (lrs, metrics) = jax.lax.scan(step, stateful.init(), losses[:, 0])
        return lrs[None], metrics[None]

    return mapped(run, PartitionSpec(None, "batch"))(losses(steps))


def trained(learning_rate, steps, mesh):
    """The updates of sharded parameters by a gradient of ones, the parameters, and the mean loss of all devices."""
    optimizer = optax.inject_hyperparams(optax.sgd)(learning_rate=learning_rate)

    @jax.jit
    def step(params, state, gradients, losses):
        metric = jnp.mean(losses)
        updates, state = optimizer.update(gradients, state, params, value=metric)
        return optax.apply_updates(params, updates), state, updates, metric

    with jax.set_mesh(mesh):
        params, gradients = jax.device_put((jnp.zeros(2 * DEVICES), jnp.ones(2 * DEVICES)), NamedSharding(mesh, EACH))
        state, history, metrics = optimizer.init(params), [], []
        for loss in jax.device_put(losses(steps), NamedSharding(mesh, PartitionSpec(None, "batch"))):
            params, state, updates, metric = step(params, state, gradients, loss)
            assert len(updates.sharding.device_set) == DEVICES
            history.append(updates)
            metrics.append(metric)
    return np.stack(history, axis=1), np.stack(metrics), params


def everywhere(schedule, steps):
    """All of it for a schedule, in lists."""
    stateful = jaxlr.Stateful(schedule)
    result = {"called": called(schedule, steps)} if has_closed_form(schedule) else {}
    result["stepped"] = stepped(stateful, steps)
    for name, mesh in (("auto", AUTO), ("explicit", EXPLICIT)):
        result[f"trained, {name}"] = trained(schedule if has_closed_form(schedule) else stateful, steps, mesh)
    return jax.tree.map(lambda leaf: np.asarray(leaf).tolist(), result)


if __name__ == "__main__":
    assert jax.device_count() == DEVICES
    schedules = [eval(text, {**vars(jaxlr), **vars(cases)}) for text in sys.argv[2:]]
    print(json.dumps([everywhere(schedule, int(sys.argv[1])) for schedule in schedules]))
