"""from_torch of what the trainers of transformers, Lightning and accelerate step, beside them, run for real."""

import importlib
import warnings

import pytest
import torch

import jaxlr
from parity.loops import SEEN, assert_follows, held

lr_scheduler = torch.optim.lr_scheduler
EPOCHS, N = 12, 7


@pytest.fixture(autouse=True)
def quiet():
    """A trainer warns of its machine, its workers, its logger."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(1, 1)

    def forward(self, x):
        return {"loss": self.layer(x).sum()}


TRANSFORMERS = {
    "linear": {},
    "cosine": {},
    "cosine_with_min_lr": {"min_lr_rate": 0.1},
    "cosine_with_restarts": {"num_cycles": 2},
    "polynomial": {"power": 2.0},
    "constant_with_warmup": {},
    "inverse_sqrt": {},
    "warmup_stable_decay": {"num_decay_steps": 10},
}


@pytest.mark.parametrize("name", TRANSFORMERS)
def test_transformers(name, tmp_path):
    transformers = importlib.import_module("transformers")

    class Recorder(transformers.TrainerCallback):
        def __init__(self):
            self.rows = []

        def on_train_begin(self, args, state, control, lr_scheduler=None, **_):
            self.schedules = jaxlr.from_torch(lr_scheduler, group="all", total_steps=args.max_steps)

        def on_step_begin(self, args, state, control, optimizer=None, **_):
            self.rows.append(held(optimizer))

    recorder = Recorder()
    arguments = transformers.TrainingArguments(
        str(tmp_path),
        max_steps=30,
        per_device_train_batch_size=2,
        gradient_accumulation_steps=2,
        learning_rate=0.1,
        lr_scheduler_type=name,
        lr_scheduler_kwargs=TRANSFORMERS[name],
        warmup_steps=5,
        use_cpu=True,
        report_to=[],
        disable_tqdm=True,
        save_strategy="no",
        logging_strategy="no",
    )
    data = [{"x": torch.zeros(1)} for _ in range(10)]
    transformers.Trainer(Model(), arguments, train_dataset=data, callbacks=[recorder]).train()
    assert len(recorder.rows) == 30
    assert_follows(recorder.schedules, recorder.rows)
    table = jaxlr.LambdaLR  # a cycle of 12.5 steps is no CosineAnnealingWarmRestarts
    expected = table if name == "cosine_with_restarts" else jaxlr.Until
    assert all(isinstance(schedule, expected) for schedule in recorder.schedules)


def exponential(optimizer, **entries):
    return {"scheduler": lr_scheduler.ExponentialLR(optimizer, 0.9), **entries}


LIGHTNING = {
    "of the epoch": lambda o: [exponential(o)],
    "without a dict": lambda o: [lr_scheduler.ExponentialLR(o, 0.9)],
    "every second epoch": lambda o: [exponential(o, frequency=2)],
    "of the batch": lambda o: [{"scheduler": lr_scheduler.OneCycleLR(o, 0.1, total_steps=85), "interval": "step"}],
    "a frequency that divides the epoch": lambda o: [exponential(o, interval="step", frequency=N)],
    "a frequency that does not": lambda o: [exponential(o, interval="step", frequency=3)],
    "two clocks": lambda o: [
        {"scheduler": lr_scheduler.LinearLR(o, 0.01, total_iters=20), "interval": "step", "frequency": 2},
        exponential(o, frequency=3),
    ],
    "a plateau": lambda o: [{"scheduler": lr_scheduler.ReduceLROnPlateau(o, patience=1), "monitor": "loss"}],
    "a plateau after a decay": lambda o: [
        {"scheduler": lr_scheduler.ReduceLROnPlateau(o, patience=1), "monitor": "loss"},
        exponential(o),
    ],
}
NATIVE = [name for name in LIGHTNING if name not in ("a frequency that does not", "two clocks")]


@pytest.mark.parametrize("name", LIGHTNING)
def test_lightning(name, tmp_path):
    lightning = importlib.import_module("lightning.pytorch")

    class Module(lightning.LightningModule):
        def __init__(self):
            super().__init__()
            self.layer, self.rows = torch.nn.Linear(1, 1), []

        def configure_optimizers(self):
            optimizer = torch.optim.SGD(self.parameters(), lr=0.1, momentum=0.9)
            return [optimizer], LIGHTNING[name](optimizer)

        def on_train_start(self):
            total_steps = None if name in NATIVE else EPOCHS * N
            configs = self.trainer.lr_scheduler_configs
            self.schedules = jaxlr.from_torch(configs, group="all", total_steps=total_steps, steps_per_epoch=N)

        def on_train_batch_start(self, batch, index):
            self.rows.append(held(self.trainer.optimizers[0]))

        def training_step(self, batch, index):
            self.log("loss", 1.0)
            return self.layer(batch).sum()

    module = Module()
    trainer = lightning.Trainer(
        max_epochs=EPOCHS,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=tmp_path,
    )
    trainer.fit(module, torch.utils.data.DataLoader(torch.zeros(N, 1)))
    assert len(module.rows) == EPOCHS * N
    assert_follows(module.schedules, module.rows, [1.0] * EPOCHS * N if "plateau" in name else None)
    assert isinstance(module.schedules[0], SEEN) == (name not in NATIVE)


ACCELERATE = {
    # processes, Accelerator's arguments, the scheduler, whether that is a native value
    "one process": (1, {}, lambda o: lr_scheduler.ExponentialLR(o, 0.99), True),
    "four processes": (4, {}, lambda o: lr_scheduler.ExponentialLR(o, 0.99), False),
    "four that split a batch": (4, {"split_batches": True}, lambda o: lr_scheduler.ExponentialLR(o, 0.99), True),
    "accumulated": (1, {"accumulated": 3}, lambda o: lr_scheduler.ExponentialLR(o, 0.99), True),
    "one cycle": (1, {"accumulated": 3}, lambda o: lr_scheduler.OneCycleLR(o, 0.1, total_steps=20), True),
    "one cycle, four processes": (4, {}, lambda o: lr_scheduler.OneCycleLR(o, 0.1, total_steps=99), False),
    "one cycle, batches counted": (
        1, {"accumulated": 3, "adjusts": True}, lambda o: lr_scheduler.OneCycleLR(o, 0.1, total_steps=30), False
    ),
}  # fmt: skip


@pytest.fixture
def accelerated():
    """What an Accelerator prepares, in a state where it has so many processes: none of them is started."""
    accelerate = importlib.import_module("accelerate")
    state = importlib.import_module("accelerate.state")

    def prepared(processes, build, *, split_batches=False, accumulated=1, adjusts=False, **keywords):
        accelerator = accelerate.Accelerator(
            cpu=True,
            gradient_accumulation_steps=accumulated,
            dataloader_config=accelerate.DataLoaderConfiguration(split_batches=split_batches),
            **keywords,
        )
        state.PartialState._shared_state["num_processes"] = processes
        accelerator.gradient_state.plugin_kwargs["adjust_scheduler"] = adjusts
        optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1, momentum=0.9)
        scheduler = build(optimizer)
        return (
            accelerator,
            optimizer,
            accelerator.prepare_optimizer(optimizer),
            accelerator.prepare_scheduler(scheduler),
        )

    yield prepared
    state.AcceleratorState._reset_state(reset_partial_state=True)
    state.GradientState._reset_state()


@pytest.mark.parametrize("name", ACCELERATE)
def test_accelerate(name, accelerated):
    processes, keywords, build, is_native = ACCELERATE[name]
    accelerator, raw, optimizer, scheduler = accelerated(processes, build, **keywords)
    if not is_native:
        with pytest.raises(ValueError, match="total_steps must be given for"):
            jaxlr.from_torch(scheduler)
    schedules = jaxlr.from_torch(scheduler, group="all", total_steps=None if is_native else 20)
    model, rows = torch.nn.Module(), []
    for _ in range(20 * keywords.get("accumulated", 1)):
        with accelerator.accumulate(model):
            if accelerator.sync_gradients:
                rows.append(held(raw))
            optimizer.step()
            scheduler.step()
            optimizer.zero_grad()
    assert len(rows) == 20
    assert_follows(schedules, rows)
    assert all(isinstance(schedule, SEEN) != is_native for schedule in schedules)


def test_what_accelerate_steps_otherwise_is_refused(accelerated):
    def build(optimizer):
        return lr_scheduler.ExponentialLR(optimizer, 0.99)

    *_, scheduler = accelerated(1, build, accumulated=3, step_scheduler_with_optimizer=False)
    with pytest.raises(ValueError, match=r"step_scheduler_with_optimizer=False with 3 batches an update"):
        jaxlr.from_torch(scheduler)
    wrapper = type("DeepSpeedSchedulerWrapper", (type(scheduler),), {})(scheduler.scheduler, [])
    with pytest.raises(TypeError, match=r"must be an AcceleratedScheduler, got a DeepSpeedSchedulerWrapper"):
        jaxlr.from_torch(wrapper)
    *_, plateau = accelerated(4, lr_scheduler.ReduceLROnPlateau)
    with pytest.raises(ValueError, match=r"ReduceLROnPlateau, which reads a metric"):
        jaxlr.from_torch(plateau, total_steps=9)
