"""What is refused in places where no class of tests/test_errors.py leads."""

import jax
import numpy as np
import pytest

import jaxlr
from jaxlr._machine import machine
from jaxlr._ulp import compare


def test_a_trajectory_of_a_traced_schedule():
    with pytest.raises(TypeError, match="trajectory: schedule must have no traced hyperparameter"):
        jax.jit(lambda lr: jaxlr.trajectory(jaxlr.ExponentialLR(lr, 0.9), 3))(0.1)


def test_a_table_of_a_schedule_that_takes_a_metric():
    with pytest.raises(TypeError, match="tabulate: schedule must take no metric"):
        jaxlr.tabulate(jaxlr.ReduceLROnPlateau(0.1), 3)


def test_metrics_that_are_no_array():
    with pytest.raises(TypeError, match="trajectory: metrics must be"):
        jaxlr.trajectory(jaxlr.ReduceLROnPlateau(0.1), 3, metrics=[[1.0], [1.0, 2.0]])


def test_a_value_that_is_no_array():
    with pytest.raises(TypeError, match="must return one finite number"):
        jaxlr.LambdaLR(0.1, lambda epoch: [[1.0], [1.0, 2.0]], total_steps=3)


def test_a_function_that_is_complex_after_its_end():
    schedule = jaxlr.LambdaLR(0.1, lambda epoch: (1 - epoch / 150) ** 0.5)
    np.testing.assert_allclose(schedule(54), 0.08, rtol=1e-6)
    with pytest.raises(TypeError, match=r"must return one finite number, got .*j\)"):
        jaxlr.LambdaLR(0.1, lambda epoch: (1 - epoch / 3) ** 0.5)


def test_a_table_of_a_cycle_that_is_as_long_as_a_traced_number():
    def scale(x):
        return 1.0 if x < 2 else 0.5

    def last(up):
        return jaxlr.CyclicLR(0.1, 0.2, up, scale_fn=scale, total_steps=9)(8)

    with pytest.raises(TypeError, match="step_size_up and step_size_down must be known when the program is traced"):
        jax.jit(last)(4)


def test_values_that_cannot_be_compared():
    with pytest.raises(ValueError, match=r"cannot compare float32\(2,\) with float64\(3,\)"):
        compare(np.zeros(2, np.float32), np.zeros(3))


def test_the_machine_steps_what_a_wrapper_wraps():
    schedule = jaxlr.ExponentialLR(0.1, 0.5)
    with jax.enable_x64(True):
        node, group = machine.step(jaxlr.Resumed(schedule, 3, lr=0.1), 3, machine.Group(lr=0.1), None)
    assert (int(node), float(group.lr)) == (4, 0.05)


def test_a_table_of_traced_values():
    with pytest.raises(TypeError, match="must be a finite number known when the program is traced"):
        jax.jit(lambda lr: jaxlr.Table([lr, 0.1])(1))(0.1)


def test_a_rate_that_is_subnormal_in_float64():
    assert jaxlr.StepLR(1e-310, step_size=3)(0) == 0
