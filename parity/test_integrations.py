"""A jaxlr schedule inside the packages that training loops are written with.

Every gradient is a power of two, so that learning rate times gradient is exact: whatever XLA contracts, a parameter is
the float32 sum of the learning rates, bit for bit.
"""

import importlib

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from each import of_which
from test_reading import AFTER, BEFORE, SCHEDULE

import jaxlr

STEPS = 12
START = {"w": np.float32([1.0, 2.0, -3.0]), "b": np.float32(0.0)}
GRADIENTS = {"w": np.float32([1.0, -2.0, 0.5]), "b": np.float32(4.0)}
METRICS = np.float32([5, 4, 4, 4, 3, 3, 3, 2, 2, 2, 2, 2])

SEQUENCE = jaxlr.SequentialLR(
    0.3, [jaxlr.LinearLR(0.3, start_factor=0.1, total_iters=4), jaxlr.CosineAnnealingLR(0.3, T_max=8)], milestones=[4]
)
CHAINED = jaxlr.ChainedScheduler([jaxlr.CosineAnnealingLR(0.3, T_max=9), jaxlr.ExponentialLR(0.3, gamma=0.9)])
ONE_CYCLE = jaxlr.OneCycleLR(max_lr=0.3, total_steps=STEPS)
PLATEAU = jaxlr.ReduceLROnPlateau(0.3, factor=0.3, patience=0)
LRS = {
    SEQUENCE: jaxlr.trajectory(SEQUENCE, STEPS),
    CHAINED: jaxlr.trajectory(CHAINED, STEPS),
    PLATEAU: jaxlr.trajectory(PLATEAU, STEPS, metrics=METRICS),
}


def injected(schedule):
    return optax.inject_hyperparams(optax.sgd)(learning_rate=schedule)


# The ways in which a schedule enters an optimizer.
WAYS = {
    "called": (optax.sgd(SEQUENCE), LRS[SEQUENCE]),
    "tabulated": (optax.sgd(jaxlr.tabulate(CHAINED, STEPS)), LRS[CHAINED]),
    "injected": (injected(SEQUENCE), LRS[SEQUENCE]),
    "injected, stepped": (injected(CHAINED.stateful()), LRS[CHAINED]),
}
each_way = pytest.mark.parametrize(("optimizer", "lrs"), WAYS.values(), ids=WAYS)


def loss(params):
    """Its gradient is GRADIENTS, wherever the parameters are."""
    return sum(jnp.sum(params[name] * gradient) for name, gradient in GRADIENTS.items())


class Linen:
    """A flax.linen module in a TrainState."""

    def __init__(self, optimizer):
        linen = importlib.import_module("flax.linen")
        train_state = importlib.import_module("flax.training.train_state")

        class Model(linen.Module):
            @linen.compact
            def __call__(self):
                return loss({name: self.param(name, lambda key, name=name: jnp.asarray(START[name])) for name in START})

        model = Model()
        self.trained = train_state.TrainState.create(
            apply_fn=model.apply, params=model.init(jax.random.key(0)), tx=optimizer
        )
        self._step = jax.jit(lambda trained: trained.apply_gradients(grads=jax.grad(trained.apply_fn)(trained.params)))

    def step(self):
        self.trained = self._step(self.trained)
        return jax.tree.map(np.asarray, self.trained.params["params"]), self.trained.opt_state


class Nnx:
    """A flax.nnx module and its nnx.Optimizer."""

    def __init__(self, optimizer):
        nnx = importlib.import_module("flax.nnx")

        class Model(nnx.Module):
            def __init__(self):
                self.w = nnx.Param(jnp.asarray(START["w"]))
                self.b = nnx.Param(jnp.asarray(START["b"]))

            def __call__(self):
                return loss({"w": self.w[...], "b": self.b[...]})

        @nnx.jit
        def step(model, trained, metric):
            trained.update(model, nnx.grad(lambda model: model())(model), **metric)

        self.model = Model()
        self.trained = nnx.Optimizer(self.model, optimizer, wrt=nnx.Param)
        self._nnx, self._step = nnx, step

    def step(self, **metric):
        self._step(self.model, self.trained, metric)
        params = {"w": self.model.w[...], "b": self.model.b[...]}
        pure = getattr(self._nnx, "as_pure", None) or self._nnx.pure  # flax 0.12.0 has no as_pure
        return jax.tree.map(np.asarray, params), pure(self.trained.opt_state)


class Equinox:
    """An equinox module in a filter_jit train step."""

    def __init__(self, optimizer):
        eqx = importlib.import_module("equinox")

        class Model(eqx.Module):
            w: jax.Array
            b: jax.Array
            name: str = "not an array"

            def __call__(self):
                return loss({"w": self.w, "b": self.b})

        @eqx.filter_jit
        def step(trained, metric):
            model, state = trained
            gradients = eqx.filter_grad(lambda model: model())(model)
            updates, state = optimizer.update(gradients, state, eqx.filter(model, eqx.is_array), **metric)
            return eqx.apply_updates(model, updates), state

        model = Model(jnp.asarray(START["w"]), jnp.asarray(START["b"]))
        self.trained = model, optimizer.init(eqx.filter(model, eqx.is_array))
        self._step = step

    def step(self, **metric):
        self.trained = self._step(self.trained, metric)
        model, state = self.trained
        return jax.tree.map(np.asarray, {"w": model.w, "b": model.b}), state


class Optax:
    """Optax alone."""

    def __init__(self, optimizer):
        params = jax.tree.map(jnp.asarray, START)
        self.trained = params, optimizer.init(params)

        @jax.jit
        def step(trained, metric):
            params, state = trained
            updates, state = optimizer.update(jax.grad(loss)(params), state, params, **metric)
            return optax.apply_updates(params, updates), state

        self._step = step

    def step(self, **metric):
        self.trained = self._step(self.trained, metric)
        params, state = self.trained
        return jax.tree.map(np.asarray, params), state


def steps_of(training, metrics=None):
    """The parameters and the optimizer's state after each step."""
    if metrics is None:
        return [training.step() for _ in range(STEPS)]
    return [training.step(value=metric) for metric in metrics]


def assert_trained(steps, lrs):
    """Each step moved the parameters by -lr * gradient; and the state, where it shows a learning rate, shows that."""
    assert len(steps) == STEPS
    lrs = lrs if isinstance(lrs, dict) else dict.fromkeys(START, lrs)
    expected = START
    for step, (params, state) in enumerate(steps):
        expected = {name: expected[name] - lrs[name][step] * GRADIENTS[name] for name in START}
        assert params.keys() == expected.keys()
        for name, value in expected.items():
            assert params[name].dtype == value.dtype == np.float32
            np.testing.assert_array_equal(params[name], value)
        if isinstance(state, optax.InjectStatefulHyperparamsState):
            shown = state.hyperparams["learning_rate"]
            assert shown.dtype == np.float32
            assert shown == lrs["w"][step]


def test_the_learning_rates_move():
    for lrs in LRS.values():
        assert lrs.shape == (STEPS,)
        assert lrs.dtype == np.float32
        assert len({*lrs}) > 3


@pytest.mark.parametrize(
    "wrong",
    [
        lambda lrs: np.append(lrs[:1], lrs[:-1]),
        lambda lrs: np.append(lrs[1:], lrs[-1:]),
        lambda lrs: np.nextafter(lrs, np.float32(1)),
    ],
    ids=["late", "early", "an ulp"],
)
def test_a_wrong_learning_rate_is_seen(wrong):
    lrs = LRS[SEQUENCE]
    assert_trained(steps_of(Optax(optax.sgd(jaxlr.Table(lrs.tolist())))), lrs)
    for optimizer in (optax.sgd, injected):
        off = steps_of(Optax(optimizer(jaxlr.Table(wrong(lrs).tolist()))))
        with pytest.raises(AssertionError):
            assert_trained(off, lrs)


@pytest.mark.parametrize("package", [Optax, Linen, Nnx, Equinox])
@each_way
def test_a_training_uses_the_learning_rate_of_each_step(package, optimizer, lrs):
    training = package(optimizer)
    steps = steps_of(training)
    assert_trained(steps, lrs)
    assert type(steps[-1][1]) is type(optimizer.init(START))  # so that an injected rate has been read
    assert int(getattr(training.trained, "step", STEPS)) == STEPS


@pytest.mark.parametrize("package", [Optax, Nnx, Equinox])
def test_a_training_hands_the_plateau_its_metric(package):
    assert_trained(steps_of(package(injected(PLATEAU)), METRICS), LRS[PLATEAU])


def test_a_train_state_has_no_metric_for_the_plateau():
    training = Linen(injected(PLATEAU))
    with pytest.raises(TypeError, match="update needs value="):
        training.step()


@pytest.mark.parametrize("way", ["called", "injected, stepped"])
def test_multi_steps_advance_the_schedule_once_an_update(way):
    optimizer, lrs = WAYS[way]
    every = 3
    accumulating = optax.MultiSteps(optimizer, every_k_schedule=every)
    training = Optax(accumulating.gradient_transformation())
    steps, before = [], START
    for _ in range(STEPS):
        for _ in range(every - 1):
            params, _ = training.step()
            jax.tree.map(np.testing.assert_array_equal, params, before)
        before, state = training.step()
        steps.append((before, state.inner_opt_state))
    assert int(state.gradient_step) == STEPS
    assert_trained(steps, lrs)


@pytest.mark.parametrize("schedule", [SEQUENCE, jaxlr.tabulate(CHAINED, STEPS)], ids=["called", "tabulated"])
def test_clipped_adamw_is_scaled_by_the_learning_rate(schedule):
    def optimizer(learning_rate):
        return optax.chain(optax.clip_by_global_norm(1.0), optax.adamw(learning_rate, weight_decay=0.1))

    lrs = jaxlr.trajectory(schedule, STEPS)
    scheduled, unscaled = optimizer(schedule), optimizer(1.0)
    params = jax.tree.map(jnp.asarray, START)
    state, unscaled_state = scheduled.init(params), unscaled.init(params)
    for lr in lrs:
        gradients = jax.tree.map(jnp.sin, params)
        # Not compiled: one rounding each, so that a product by the learning rate is all that differs.
        updates, state = scheduled.update(gradients, state, params)
        directions, unscaled_state = unscaled.update(gradients, unscaled_state, params)
        for name in START:
            assert updates[name].dtype == np.float32
            np.testing.assert_array_equal(updates[name], lr * np.asarray(directions[name]))
        params = optax.apply_updates(params, updates)


@pytest.mark.parametrize("form", ["closed", "recursive"])
def test_injected_learning_rate_and_momentum(form):
    schedules = {"learning_rate": ONE_CYCLE, "momentum": ONE_CYCLE.momentum}
    lrs, momentums = (jaxlr.trajectory(schedule, STEPS, form=form) for schedule in schedules.values())
    assert min(len({*lrs}), len({*momentums})) > 3
    if form == "recursive":
        schedules = {name: schedule.stateful() for name, schedule in schedules.items()}
    optimizer = optax.inject_hyperparams(optax.sgd)(**schedules)
    params = jax.tree.map(jnp.asarray, START)
    state = optimizer.init(params)
    velocities = jax.tree.map(np.zeros_like, START)
    for lr, momentum in zip(lrs, momentums, strict=True):
        updates, state = optimizer.update(GRADIENTS, state, params)
        assert state.hyperparams["learning_rate"] == lr
        assert state.hyperparams["momentum"] == momentum
        velocities = {name: GRADIENTS[name] + momentum * velocities[name] for name in START}
        for name, velocity in velocities.items():
            np.testing.assert_array_equal(updates[name], -lr * velocity)


@pytest.mark.parametrize("package", [Optax, Nnx, Equinox])
def test_partition_with_a_schedule_for_each_group(package):
    groups = {"first": injected(SEQUENCE), "second": injected(PLATEAU)}

    def labels(params):
        return jax.tree.map(lambda leaf: "first" if jnp.ndim(leaf) else "second", params)  # w, and b

    steps = steps_of(package(optax.partition(groups, labels)), METRICS)
    assert_trained(steps, {"w": LRS[SEQUENCE], "b": LRS[PLATEAU]})
    for step, (_, state) in enumerate(steps):
        for group, schedule in (("first", SEQUENCE), ("second", PLATEAU)):
            assert state.inner_states[group].inner_state.hyperparams["learning_rate"] == LRS[schedule][step]


def by_orbax(trained, fresh, folder):
    ocp = importlib.import_module("orbax.checkpoint")
    with ocp.CheckpointManager(folder / "checkpoints") as manager:
        manager.save(5, args=ocp.args.StandardSave(trained))
    with ocp.CheckpointManager(folder / "checkpoints") as manager:
        return manager.restore(manager.latest_step(), args=ocp.args.StandardRestore(fresh))


def by_flax(trained, fresh, folder):
    serialization = importlib.import_module("flax.serialization")
    (folder / "saved").write_bytes(serialization.to_bytes(trained))
    return serialization.from_bytes(fresh, (folder / "saved").read_bytes())


def by_equinox(trained, fresh, folder):
    eqx = importlib.import_module("equinox")
    eqx.tree_serialise_leaves(folder / "saved", trained)
    return eqx.tree_deserialise_leaves(folder / "saved", fresh)


@pytest.mark.parametrize("at", of_which([1, 5], [5]))
@pytest.mark.parametrize("schedule", [SEQUENCE, CHAINED, PLATEAU], ids=lambda schedule: type(schedule).__name__)
@pytest.mark.parametrize("restored_by", [by_orbax, by_flax, by_equinox])
def test_a_saved_and_restored_training_goes_on(restored_by, schedule, at, tmp_path):
    if schedule is PLATEAU:
        optimizer, lrs, metrics = injected(PLATEAU), LRS[PLATEAU], [{"value": metric} for metric in METRICS]
    else:
        optimizer, lrs = injected(schedule.stateful()), jaxlr.trajectory(schedule, STEPS, form="recursive")
        metrics = [{}] * STEPS
    interrupted, resumed = Optax(optimizer), Optax(optimizer)
    steps = [interrupted.step(**metric) for metric in metrics[:at]]
    resumed.trained = restored_by(interrupted.trained, resumed.trained, tmp_path)
    steps += [resumed.step(**metric) for metric in metrics[at:]]
    assert_trained(steps, lrs)


@pytest.mark.parametrize("schedule", [SEQUENCE, CHAINED, PLATEAU], ids=lambda schedule: type(schedule).__name__)
def test_an_exported_step_goes_on(schedule):
    stateful = jaxlr.Stateful(schedule)

    def step(state, metric):
        return stateful.update(state, value=metric)

    state = stateful.init()
    exported = jax.export.export(jax.jit(step))(state, METRICS[0])
    loaded = jax.export.deserialize(exported.serialize())
    for metric in METRICS:
        expected, state = step(state, metric), loaded.call(state, metric)
        assert type(state) is jaxlr.State
        jax.tree.map(np.testing.assert_array_equal, state, expected)


def test_a_variable_of_nnx_is_a_count_and_a_metric():
    nnx = importlib.import_module("flax.nnx")
    for count in (nnx.Variable(jnp.asarray(3)), nnx.Param(jnp.arange(4))):
        np.testing.assert_array_equal(SEQUENCE(count), SEQUENCE(count[...]))
        np.testing.assert_array_equal(nnx.jit(SEQUENCE)(count), SEQUENCE(count[...]))
    with pytest.raises(TypeError, match="count must be an integer"):
        SEQUENCE(nnx.Param(jnp.ones(2)))
    states = [PLATEAU.update(PLATEAU.init(), value=value) for value in (nnx.Variable(jnp.float32(0.5)), 0.5)]
    jax.tree.map(np.testing.assert_array_equal, *states)


@pytest.mark.parametrize(
    ("optimizer", "line"),
    [
        (optax.sgd(SCHEDULE), BEFORE),
        (optax.MultiSteps(optax.sgd(SCHEDULE), 1), BEFORE),
        (optax.inject_hyperparams(optax.sgd)(SCHEDULE), AFTER),
    ],
)
def test_the_rate_of_an_nnx_optimizer_is_read_from_its_state(optimizer, line):
    nnx = importlib.import_module("flax.nnx")
    model = nnx.Linear(1, 1, use_bias=False, rngs=nnx.Rngs(0))
    trained = nnx.Optimizer(model, optimizer, wrt=nnx.Param)
    ones = jax.tree.map(jnp.ones_like, nnx.state(model, nnx.Param))

    def read():
        return float(jnp.asarray(eval(line, {"optax": optax, "schedule": SCHEDULE, "state": trained.opt_state})))

    for count in range(5):
        kernel, before = float(model.kernel[0, 0]), read()
        trained.update(model, ones)
        lr = before if line == BEFORE else read()
        np.testing.assert_allclose(lr, kernel - float(model.kernel[0, 0]), rtol=1e-5)
        assert lr == SCHEDULE(count)
