"""The one list of the guide: for each schedule a recipe in torch and in jaxlr, and when people use it."""

import ast
from typing import Any, NamedTuple

import jaxlr

STEPS = 100
METRICS = [0.3 + 0.7 * 0.85**epoch for epoch in range(30)] + [0.3] * STEPS  # a loss that falls, then rests


class Entry(NamedTuple):
    """A schedule in the guide.

    Attributes:
      name: of its class.
      use: when people use it, in a sentence.
      torch: code whose last line is the scheduler.
      jaxlr: code whose last line is the schedule.
      loop: what the training loop calls after count i, where it is not ``scheduler.step()``.
      steps: how many counts are drawn.
      quantity: what it drives.
    """

    name: str
    use: str
    torch: str
    jaxlr: str
    loop: str = ""
    steps: int = STEPS
    quantity: str = "learning rate"

    def schedule(self) -> jaxlr.Schedule:
        """The schedule that the jaxlr code builds."""
        schedule: jaxlr.Schedule = last_value(self.jaxlr, {"jaxlr": jaxlr})
        return schedule

    def metrics(self) -> list[float] | None:
        """What its steps receive, where they receive a metric."""
        return METRICS if "ReduceLROnPlateau" in self.jaxlr else None


def last_value(code: str, names: dict[str, Any]) -> Any:
    """Runs the code, and returns the value of its last line."""
    *lines, last = ast.parse(code).body
    exec(compile(ast.Module(lines, []), "guide", "exec"), names)
    return eval(compile(ast.Expression(last.value), "guide", "eval"), names)


ENTRIES = (
    Entry(
        "StepLR",
        "Drops by a factor every so many epochs: a tenth every 30 epochs trained ResNet on ImageNet.",
        "lr_scheduler.StepLR(optimizer, step_size=30, gamma=0.1)",
        "jaxlr.StepLR(0.1, step_size=30, gamma=0.1)",
    ),
    Entry(
        "MultiStepLR",
        "Drops by a factor at epochs that you name: CIFAR and detection recipes.",
        "lr_scheduler.MultiStepLR(optimizer, milestones=[50, 75], gamma=0.1)",
        "jaxlr.MultiStepLR(0.1, milestones=[50, 75], gamma=0.1)",
    ),
    Entry(
        "ExponentialLR",
        "Multiplies by the same factor at every step, with no end.",
        "lr_scheduler.ExponentialLR(optimizer, gamma=0.96)",
        "jaxlr.ExponentialLR(0.1, gamma=0.96)",
    ),
    Entry(
        "PolynomialLR",
        "Decays to 0 by a power over the run: power 0.9 for semantic segmentation, 1 for fine-tuning.",
        "lr_scheduler.PolynomialLR(optimizer, total_iters=90, power=0.9)",
        "jaxlr.PolynomialLR(0.1, total_iters=90, power=0.9)",
    ),
    Entry(
        "PolynomialDecay",
        "A polynomial decay that stops at a floor, which torch's has not.",
        "lr_scheduler.LambdaLR(optimizer, lambda epoch: 0.1 + 0.9 * (1 - min(epoch, 90) / 90) ** 2)",
        "jaxlr.PolynomialDecay(0.1, total_iters=90, power=2, eta_min=0.01)",
    ),
    Entry(
        "CosineAnnealingLR",
        "Half a cosine down over the run: the usual decay for images and for language models.",
        "lr_scheduler.CosineAnnealingLR(optimizer, T_max=100)",
        "jaxlr.CosineAnnealingLR(0.1, T_max=100)",
    ),
    Entry(
        "InversePower",
        "The inverse square root of the step, which needs no end of the run: the Transformer's decay.",
        "lr_scheduler.LambdaLR(optimizer, lambda epoch: (10 / (10 + epoch)) ** 0.5)",
        "jaxlr.InversePower(0.1, timescale=10)",
    ),
    Entry(
        "LinearLR",
        "A warm-up from a fraction of the rate, or a line down to one. A step multiplies, so it cannot start at 0.",
        "lr_scheduler.LinearLR(optimizer, start_factor=0.1, total_iters=30)",
        "jaxlr.LinearLR(0.1, start_factor=0.1, total_iters=30)",
    ),
    Entry(
        "LinearRamp",
        "A warm-up from 0, as transformers and most training loops write it.",
        "lr_scheduler.LambdaLR(optimizer, lambda epoch: min(1, epoch / 30))",
        "jaxlr.LinearRamp(0.1, total_iters=30)",
    ),
    Entry(
        "ConstantLR",
        "A fraction of the rate for the first epochs, then all of it: a warm-up of one step.",
        "lr_scheduler.ConstantLR(optimizer, factor=0.25, total_iters=30)",
        "jaxlr.ConstantLR(0.1, factor=0.25, total_iters=30)",
    ),
    Entry(
        "CosineAnnealingWarmRestarts",
        "Cosines that start again, each longer than the last: SGDR, and snapshots at the ends of the cycles.",
        "lr_scheduler.CosineAnnealingWarmRestarts(optimizer, T_0=15, T_mult=2)",
        "jaxlr.CosineAnnealingWarmRestarts(0.1, T_0=15, T_mult=2)",
        steps=105,
    ),
    Entry(
        "CyclicLR",
        "Triangles between two rates, stepped once a batch; the momentum goes the other way.",
        'lr_scheduler.CyclicLR(optimizer, base_lr=0.01, max_lr=0.1, step_size_up=15, mode="triangular2")',
        'jaxlr.CyclicLR(0.01, max_lr=0.1, step_size_up=15, mode="triangular2")',
        steps=121,
    ),
    Entry(
        "OneCycleLR",
        "Up to a high rate and down again in one short run, once a batch; the momentum goes the other way.",
        "lr_scheduler.OneCycleLR(optimizer, max_lr=0.1, total_steps=100)",
        "jaxlr.OneCycleLR(0.1, total_steps=100)",
    ),
    Entry(
        "ReduceLROnPlateau",
        "Cuts the rate when a validation metric has stopped improving: for runs of unknown length.",
        "lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.5, patience=10)",
        "jaxlr.ReduceLROnPlateau(0.1, factor=0.5, patience=10)",
        loop="scheduler.step(metric)",
    ),
    Entry(
        "LambdaLR",
        "A formula of your own, the factor of the initial rate at each epoch: what most hand-written schedules are.",
        "lr_scheduler.LambdaLR(optimizer, lambda epoch: 1 / (1 + 0.1 * epoch))",
        "jaxlr.LambdaLR(0.1, lambda epoch: 1 / (1 + 0.1 * epoch))",
    ),
    Entry(
        "MultiplicativeLR",
        "A factor of your own from each epoch to the next.",
        "lr_scheduler.MultiplicativeLR(optimizer, lambda epoch: 1 - 2 / (epoch + 10))",
        "jaxlr.MultiplicativeLR(0.1, lambda epoch: 1 - 2 / (epoch + 10))",
    ),
    Entry(
        "Table",
        "The rates themselves: a recorded run, or a curve that no formula gives.",
        "values = [0.1, 0.1, 0.06, 0.03, 0.03, 0.08, 0.02, 0.01]\n"
        "lr_scheduler.LambdaLR(optimizer, lambda epoch: values[epoch] / 0.1)",
        "jaxlr.Table([0.1, 0.1, 0.06, 0.03, 0.03, 0.08, 0.02, 0.01])",
        steps=8,
    ),
    Entry(
        "SWALR",
        "Anneals to a constant rate, at which the weights are averaged to the end of the run.",
        "swa_utils.SWALR(optimizer, swa_lr=0.02, anneal_epochs=30)",
        "jaxlr.SWALR(0.1, swa_lr=0.02, anneal_epochs=30)",
    ),
    Entry(
        "SequentialLR",
        "One scheduler after another, the next from its own start: a warm-up, then a decay.",
        "warmup = lr_scheduler.LinearLR(optimizer, start_factor=0.1, total_iters=20)\n"
        "cosine = lr_scheduler.CosineAnnealingLR(optimizer, T_max=80)\n"
        "lr_scheduler.SequentialLR(optimizer, [warmup, cosine], milestones=[20])",
        "warmup = jaxlr.LinearLR(0.1, start_factor=0.1, total_iters=20)\n"
        "cosine = jaxlr.CosineAnnealingLR(0.1, T_max=80)\n"
        "jaxlr.SequentialLR(0.1, [warmup, cosine], milestones=[20])",
    ),
    Entry(
        "ChainedScheduler",
        "Schedulers that act at once, each on the rate that the one before left: a warm-up over drops.",
        "warmup = lr_scheduler.LinearLR(optimizer, start_factor=0.1, total_iters=20)\n"
        "drops = lr_scheduler.StepLR(optimizer, step_size=30, gamma=0.3)\n"
        "lr_scheduler.ChainedScheduler([warmup, drops])",
        "warmup = jaxlr.LinearLR(0.1, start_factor=0.1, total_iters=20)\n"
        "drops = jaxlr.StepLR(0.1, step_size=30, gamma=0.3)\n"
        "jaxlr.ChainedScheduler([warmup, drops])",
    ),
    Entry(
        "Product",
        "Curves that are multiplied, from 0 too: a warm-up laid over a cosine that counts from the start.",
        "import math\n"
        "def cosine(epoch):\n"
        "    return (1 + math.cos(math.pi * epoch / 100)) / 2\n"
        "lr_scheduler.LambdaLR(optimizer, lambda epoch: min(1, epoch / 20) * cosine(epoch))",
        "jaxlr.Product(0.1, [jaxlr.LinearRamp(0.1, 20), jaxlr.CosineAnnealingLR(0.1, T_max=100)])",
    ),
    Entry(
        "Shifted",
        "A curve that is entered in its middle: the cosine of timm, which counts on under its warm-up.",
        "import math\n"
        "def cosine(epoch):\n"
        "    return (1 + math.cos(math.pi * epoch / 100)) / 2\n"
        "lr_scheduler.LambdaLR(optimizer, lambda epoch: cosine(epoch + 20))",
        "jaxlr.Shifted(jaxlr.CosineAnnealingLR(0.1, T_max=100), by=20)",
        steps=81,
    ),
    Entry(
        "Together",
        "Schedulers that a loop steps one after another, a plateau among them.",
        "warmup = lr_scheduler.LinearLR(optimizer, start_factor=0.1, total_iters=20)\n"
        "plateau = lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.5)\n"
        "[warmup, plateau]",
        "warmup = jaxlr.LinearLR(0.1, start_factor=0.1, total_iters=20)\n"
        "plateau = jaxlr.ReduceLROnPlateau(0.1, factor=0.5)\n"
        "jaxlr.Together([warmup, plateau])",
        loop="warmup.step()\nplateau.step(metric)",
    ),
    Entry(
        "InTurn",
        "Schedulers of which a loop steps one until an epoch, then the next: a plateau, then SWA.",
        "plateau = lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.5)\n"
        "swa = swa_utils.SWALR(optimizer, swa_lr=0.05)\n"
        "[plateau, swa]",
        "plateau = jaxlr.ReduceLROnPlateau(0.1, factor=0.5)\n"
        "swa = jaxlr.SWALR(0.1, swa_lr=0.05)\n"
        "jaxlr.InTurn([plateau, swa], milestones=[75])",
        loop="if i < 75:\n    plateau.step(metric)\nelse:\n    swa.step()",
    ),
    Entry(
        "per_epoch",
        "A recipe of epochs in a loop of batches, which is what Optax counts.",
        "lr_scheduler.ExponentialLR(optimizer, gamma=0.7)",
        "jaxlr.per_epoch(jaxlr.ExponentialLR(0.1, gamma=0.7), steps_per_epoch=10)",
        loop="if (i + 1) % 10 == 0:  # the last batch of an epoch\n    scheduler.step()",
    ),
    Entry(
        "Until",
        "A curve that is known for so many steps: what from_torch makes of a function that it has read.",
        "lr_scheduler.LambdaLR(optimizer, lambda epoch: 1 - epoch / 90)  # of 90 epochs",
        "jaxlr.Until(jaxlr.LinearLR(0.1, 1, 0, total_iters=90), total_steps=90)",
        steps=90,
    ),
    Entry(
        "Resumed",
        "A run that goes on from its middle: what from_torch gives where a last_epoch does not say it.",
        "plateau = lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.5)\n"
        'plateau.load_state_dict({"last_epoch": 45, "best": 0.3, "cooldown_counter": 0, "num_bad_epochs": 4})\n'
        'optimizer.param_groups[0]["lr"] = 0.05\n'
        "plateau",
        "plateau = jaxlr.ReduceLROnPlateau(0.1, factor=0.5)\njaxlr.Resumed(plateau, (45, 0.3, 0, 4), lr=0.05)",
        loop="plateau.step(metric)",
        steps=50,
    ),
    Entry(
        "OneCycleMomentum",
        "The momentum that a OneCycleLR drives; you get it as its .momentum.",
        "lr_scheduler.OneCycleLR(optimizer, max_lr=0.1, total_steps=100)",
        "jaxlr.OneCycleLR(0.1, total_steps=100).momentum",
        quantity="momentum",
    ),
    Entry(
        "Momentum",
        "The momentum that the members of a composite drive; you get it as its .momentum.",
        "warmup = lr_scheduler.LinearLR(optimizer, start_factor=0.1, total_iters=20)\n"
        "cycle = lr_scheduler.OneCycleLR(optimizer, max_lr=0.1, total_steps=80)\n"
        "lr_scheduler.SequentialLR(optimizer, [warmup, cycle], milestones=[20])",
        "warmup = jaxlr.LinearLR(0.1, start_factor=0.1, total_iters=20)\n"
        "cycle = jaxlr.OneCycleLR(0.1, total_steps=80)\n"
        "jaxlr.SequentialLR(0.1, [warmup, cycle], milestones=[20]).momentum",
        quantity="momentum",
    ),
)
