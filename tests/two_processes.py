"""A ReduceLROnPlateau in one of two processes that train together, as JSON. Run one with 0, the other with 1.

JAX_PLATFORMS=cpu python tests/two_processes.py 0 12345 20 "ReduceLROnPlateau(0.1, patience=1)"

The arguments are the number of the process, a free port, a number of steps, and the schedule.
"""

import json
import sys

import jax
import jax.numpy as jnp
import numpy as np
from jax.experimental import multihost_utils
from jax.sharding import NamedSharding, PartitionSpec

import jaxlr

PROCESSES = 2


def losses(process, steps):
    """A float32 loss of the process at every step: a mean that falls, and noise that the other does not share."""
    noise = np.random.default_rng(process).normal(0, 0.3, steps)
    return (np.exp(-np.arange(steps) / 9) + noise).astype(np.float32)


def by_psum(schedule, local):
    """One program of both processes: the mean inside the compiled step."""
    mesh = jax.make_mesh((PROCESSES,), ("batch",), axis_types=(jax.sharding.AxisType.Auto,))
    spec = PartitionSpec("batch")
    mean = jax.shard_map(
        lambda loss: jax.lax.pmean(loss[0], "batch"), mesh=mesh, in_specs=spec, out_specs=PartitionSpec()
    )

    @jax.jit
    def step(state, loss):
        metric = mean(loss)
        return schedule.update(state, value=metric), schedule(state), metric

    state, lrs, metrics = schedule.init(), [], []
    for loss in local:
        both = jax.make_array_from_process_local_data(NamedSharding(mesh, spec), loss[None])
        state, lr, metric = step(state, both)
        lrs.append(lr.item())
        metrics.append(metric.item())
    return {"lrs": lrs, "metrics": metrics}


def by_allgather(schedule, local):
    """A program each: the losses gathered, their mean taken, and the step made, outside jit."""
    state, lrs, metrics = schedule.init(), [], []
    for loss in local:
        metric = jnp.mean(multihost_utils.process_allgather(loss))
        lrs.append(schedule(state).item())
        metrics.append(metric.item())
        state = schedule.update(state, value=metric)
    return {"lrs": lrs, "metrics": metrics}


def at_counts_of_both(schedule, steps):
    """Counts of which each process holds half: the learning rates that are here, eager and compiled."""
    mesh = jax.make_mesh((PROCESSES,), ("batch",), axis_types=(jax.sharding.AxisType.Auto,))
    here = np.arange(steps).reshape(PROCESSES, -1)[jax.process_index()]
    counts = jax.make_array_from_process_local_data(NamedSharding(mesh, PartitionSpec("batch")), here)
    assert not counts.is_fully_addressable
    both = [schedule(counts), jax.jit(schedule)(counts)]
    assert all(lrs.shape == (steps,) for lrs in both)
    return [np.concatenate([shard.data for shard in lrs.addressable_shards]).tolist() for lrs in both]


if __name__ == "__main__":
    process, port, steps = map(int, sys.argv[1:4])
    schedule = jaxlr.Stateful(eval(sys.argv[4], vars(jaxlr)))
    jax.config.update("jax_cpu_collectives_implementation", "gloo")
    jax.distributed.initialize(
        f"127.0.0.1:{port}",
        num_processes=PROCESSES,
        process_id=process,
        initialization_timeout=60,
        coordinator_bind_address=f"127.0.0.1:{port}",
        cluster_detection_method="deactivate",
    )
    assert (jax.process_count(), jax.device_count()) == (PROCESSES, PROCESSES)
    local = losses(process, steps)
    result = {"psum": by_psum(schedule, local), "allgather": by_allgather(schedule, local), "local": local.tolist()}
    result["counts"] = at_counts_of_both(jaxlr.StepLR(0.1, step_size=7), 2 * steps)
    jax.distributed.shutdown()
    print(json.dumps(result))
