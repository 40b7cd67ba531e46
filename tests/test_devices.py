"""A schedule has one value on many devices, and a plateau makes one decision."""

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from each import of_which

import jaxlr
from jaxlr._machine.closed_form import has_closed_form
from jaxlr._schedules.plateau import takes_metric
from parity import cases

HERE = Path(__file__).parent
STEPS = 45
PLATEAU = jaxlr.ReduceLROnPlateau(0.1, factor=0.5, patience=1, cooldown=1)
WARMUP, STEP = jaxlr.LinearLR(0.1, 0.1, total_iters=10), jaxlr.StepLR(0.1, step_size=7)
SCHEDULES = [
    STEP,
    jaxlr.CosineAnnealingLR(0.1, T_max=30),
    jaxlr.OneCycleLR(0.1, total_steps=60),
    jaxlr.LambdaLR(0.1, cases.exponential),
    jaxlr.SequentialLR(0.1, [WARMUP, jaxlr.CosineAnnealingLR(0.1, T_max=30)], [10]),
    jaxlr.ChainedScheduler([WARMUP, jaxlr.CosineAnnealingLR(0.1, T_max=30), jaxlr.ExponentialLR(0.1, 0.99)]),
    PLATEAU,
    jaxlr.InTurn([WARMUP, PLATEAU], [5]),
]
each_schedule = pytest.mark.parametrize("number", range(len(SCHEDULES)), ids=list(map(repr, SCHEDULES)))


def environment(**variables):
    """This one's, with the case list to import, and loopback left to no proxy, on the CPU."""
    inherited = {name: value for name, value in os.environ.items() if name != "XLA_FLAGS"}
    inherited["PYTHONPATH"] = os.pathsep.join([str(HERE.parent), *filter(None, [inherited.get("PYTHONPATH")])])
    return inherited | {"JAX_PLATFORMS": "cpu", "no_proxy": "127.0.0.1", "no_grpc_proxy": "127.0.0.1"} | variables


def decisions(schedule, metrics):
    """The learning rates before each of the steps that receive the metrics."""
    metrics = metrics if takes_metric(schedule) else None
    return jaxlr.trajectory(schedule, STEPS + 1, form="recursive", metrics=metrics)[:-1]


def eager(schedule, metrics=None):
    """The same on one device, step by step outside jit: of the closed form where no metrics are given."""
    if metrics is None:
        return np.stack([schedule(count) for count in range(STEPS)])
    stateful, lrs = jaxlr.Stateful(schedule), []
    state = stateful.init()
    for metric in metrics:
        lrs.append(stateful(state))
        state = stateful.update(state, value=metric)
    return np.stack(lrs)


@pytest.fixture(scope="module")
def results():
    """What tests/many_devices.py prints, in the order of the schedules."""
    command = [sys.executable, HERE / "many_devices.py", str(STEPS), *map(repr, SCHEDULES)]
    variables = environment(XLA_FLAGS="--xla_force_host_platform_device_count=8")
    run = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=120, check=False)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


@each_schedule
def test_a_count_has_one_value_on_every_device(results, number):
    schedule, result = SCHEDULES[number], results[number]
    assert ("called" in result) == has_closed_form(schedule)
    for how, lrs in result.get("called", {}).items():
        expected = eager(schedule)
        np.testing.assert_array_equal(np.float32(lrs), np.broadcast_to(expected, np.shape(lrs)), err_msg=how)
        assert np.shape(lrs) == ((8, STEPS) if "of all" in how else (STEPS,))


@each_schedule
def test_a_state_stepped_with_the_mean_of_the_devices_is_one(results, number):
    schedule = SCHEDULES[number]
    lrs, metrics = map(np.float32, results[number]["stepped"])
    assert lrs.shape == metrics.shape == (8, STEPS)
    np.testing.assert_array_equal(metrics, np.broadcast_to(metrics[0], metrics.shape))
    np.testing.assert_array_equal(lrs, np.broadcast_to(eager(schedule, metrics[0]), lrs.shape))
    np.testing.assert_array_equal(lrs[0], decisions(schedule, metrics[0]))
    assert len(set(lrs[0])) > 3


@pytest.mark.parametrize("mesh", ["auto", "explicit"])
@each_schedule
def test_sharded_parameters_are_trained_with_the_value_of_one_device(results, number, mesh):
    schedule = SCHEDULES[number]
    updates, metrics, params = map(np.float32, results[number][f"trained, {mesh}"])
    expected = eager(schedule, None if has_closed_form(schedule) else metrics)
    np.testing.assert_array_equal(updates, np.broadcast_to(-expected, (16, STEPS)))
    np.testing.assert_array_equal(params, np.full(16, np.cumsum(-expected, dtype=np.float32)[-1]))


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def run_together(commands, folder, timeout=120):
    """The last lines that the commands print; as soon as one fails, or the time is over, all are killed."""
    running, outputs = [], [(folder / f"{i}.out", folder / f"{i}.err") for i in range(len(commands))]
    try:
        for command, (out, err) in zip(commands, outputs, strict=True):
            with out.open("w") as stdout, err.open("w") as stderr:
                running.append(subprocess.Popen(command, env=environment(), stdout=stdout, stderr=stderr))
        end = time.monotonic() + timeout
        while None in (codes := [process.poll() for process in running]) and not any(codes):
            if time.monotonic() > end:
                break
            time.sleep(0.05)
    finally:
        for process in running:
            process.kill()
            process.wait()
    assert codes == [0] * len(commands), "\n".join(err.read_text() for _, err in outputs)
    return [out.read_text().splitlines()[-1] for out, _ in outputs]


TOGETHER = [PLATEAU, jaxlr.InTurn([WARMUP, PLATEAU], [5])]


@pytest.mark.parametrize("schedule", of_which(TOGETHER, TOGETHER[1:]), ids=repr)
def test_two_processes_make_one_decision(schedule, tmp_path):
    command = [sys.executable, HERE / "two_processes.py"]
    arguments = [str(free_port()), str(STEPS), repr(schedule)]
    first, second = map(json.loads, run_together([[*command, str(i), *arguments] for i in range(2)], tmp_path))
    for how in ("psum", "allgather"):
        assert first[how] == second[how]
        np.testing.assert_array_equal(np.float32(first[how]["lrs"]), decisions(schedule, first[how]["metrics"]))
    for process in (first, second):
        alone = decisions(schedule, process["local"])
        assert not np.array_equal(alone, np.float32(first["psum"]["lrs"])), "the other process changes nothing"
    halves = np.split(jaxlr.trajectory(STEP, 2 * STEPS), 2)
    for process, half in zip((first, second), halves, strict=True):
        for lrs in process["counts"]:  # eager, compiled
            np.testing.assert_array_equal(np.float32(lrs), half)


@pytest.mark.parametrize("every", of_which([1, 12], [12]))
@pytest.mark.parametrize("what", ["rate", "metric", "counts"])
def test_what_varies_over_devices(what, every):
    flags = "--xla_force_host_platform_device_count=8"
    paths = os.pathsep.join([str(HERE), str(HERE.parent)])
    command = [sys.executable, HERE / "varying_devices.py", what, str(every)]
    variables = environment(XLA_FLAGS=flags)
    variables["PYTHONPATH"] = os.pathsep.join([paths, variables["PYTHONPATH"]])
    done = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
