"""Recipes that are held out: a recogniser is scored on them, and not developed on them."""

import importlib
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch.optim.lr_scheduler import (
    ChainedScheduler,
    CosineAnnealingLR,
    ExponentialLR,
    LambdaLR,
    LinearLR,
    OneCycleLR,
    SequentialLR,
)

from parity.found.found import Found, as_mmengine, as_timm, by_hand, by_interval, control, lambda_lr, sgd
from parity.found.rebuilt import (
    LRMultiplier,
    detectron2,
    fvcore,
    half_cosine,
    timm,
    timm_cycles,
    timm_milestones,
    timm_steps,
)

HUGGING_FACE = "huggingface/transformers optimization.py"


def transformers(
    name: str, code: str, schedule: str, lr: float, *args: Any, steps: int, native: bool = True, **options: Any
) -> Found:
    """A scheduler of the package's own."""

    def make() -> Any:
        return getattr(importlib.import_module("transformers.optimization"), schedule)(sgd(lr), *args, **options)

    return Found("transformers", name, code, make, steps, HUGGING_FACE, expect="native" if native else "table")


TRANSFORMERS = (
    transformers("constant", "get_constant_schedule(optimizer)", "get_constant_schedule", 3e-5, steps=800),
    transformers(
        "cosine",
        "get_cosine_schedule_with_warmup(optimizer, 900, 30_000)",
        "get_cosine_schedule_with_warmup",
        2e-4,
        900,
        30_000,
        steps=30_000,
    ),
    transformers(
        "cosine, two fifths of a wave",
        "get_cosine_schedule_with_warmup(optimizer, 200, 8_200, num_cycles=0.4)",
        "get_cosine_schedule_with_warmup",
        7e-4,
        200,
        8_200,
        num_cycles=0.4,
        steps=8_200,
    ),
    transformers(
        "hard restarts",
        "get_cosine_with_hard_restarts_schedule_with_warmup(optimizer, 150, 6_150, num_cycles=4)",
        "get_cosine_with_hard_restarts_schedule_with_warmup",
        6e-5,
        150,
        6_150,
        num_cycles=4,
        steps=6_150,
    ),
    transformers(
        "hard restarts between two counts",
        "get_cosine_with_hard_restarts_schedule_with_warmup(optimizer, 500, 10_000, num_cycles=3)",
        "get_cosine_with_hard_restarts_schedule_with_warmup",
        1e-4,
        500,
        10_000,
        num_cycles=3,
        steps=10_000,
        native=False,  # cosines of T_max = 3,166.67
    ),
    transformers(
        "polynomial, squared",
        "get_polynomial_decay_schedule_with_warmup(optimizer, 240, 4_240, lr_end=2e-6, power=2.0)",
        "get_polynomial_decay_schedule_with_warmup",
        8e-5,
        240,
        4_240,
        lr_end=2e-6,
        power=2.0,
        steps=4_500,
    ),
    transformers(
        "inverse square root of another timescale",
        "get_inverse_sqrt_schedule(optimizer, 500, timescale=8_000)",
        "get_inverse_sqrt_schedule",
        1e-3,
        500,
        timescale=8_000,
        steps=12_000,
    ),
    transformers(
        "cosine with min lr, warm-up from a fifth",
        "get_cosine_with_min_lr_schedule_with_warmup_lr_rate(optimizer, 400, 9_000, min_lr=3e-6, warmup_lr_rate=0.2)",
        "get_cosine_with_min_lr_schedule_with_warmup_lr_rate",
        9e-5,
        400,
        9_000,
        min_lr=3e-6,
        warmup_lr_rate=0.2,
        steps=9_000,
    ),
    transformers(
        "WSD, linear",
        'get_wsd_schedule(optimizer, 350, 2_650, num_stable_steps=9_000, decay_type="linear")',
        "get_wsd_schedule",
        1.2e-3,
        350,
        2_650,
        num_stable_steps=9_000,
        decay_type="linear",
        steps=12_000,
    ),
    transformers(
        "WSD, cosine both ways",
        'get_wsd_schedule(optimizer, 600, 1_800, 9_600, warmup_type="cosine", min_lr_ratio=0.05)',
        "get_wsd_schedule",
        4e-4,
        600,
        1_800,
        9_600,
        warmup_type="cosine",
        min_lr_ratio=0.05,
        steps=10_000,
    ),
)


def piecewise(step: int) -> float:
    return 1.0 if step < 900 else 0.3 if step < 2_700 else 0.08 if step < 3_600 else 0.004


def diffusers_restarts(step: int) -> float:
    if step < 1_000:
        return step / 1_000
    progress = (step - 1_000) / 15_000
    return 0.0 if progress >= 1 else half_cosine((5 * progress) % 1.0)


DIFFUSERS = (
    Found(
        "diffusers",
        "piecewise constant",
        'get_piecewise_constant_schedule(optimizer, "1:900,0.3:2700,0.08:3600,0.004")',
        lambda_lr(1e-5, piecewise),
        4_500,
        "huggingface/diffusers optimization.py",
        rebuilt=True,
    ),
    Found(
        "diffusers",
        "hard restarts",
        "get_cosine_with_hard_restarts_schedule_with_warmup(optimizer, 1_000, 16_000, num_cycles=5)",
        lambda_lr(5e-5, diffusers_restarts),
        16_000,
        "huggingface/diffusers optimization.py",
        rebuilt=True,
    ),
)


def of_timm(name: str, code: str, make: Callable[[], Any], steps: int, file: str, **rest: Any) -> Found:
    source = f"huggingface/pytorch-image-models scheduler/{file}"
    return Found("timm", name, code, make, steps, source, loop=as_timm, rebuilt=True, **rest)


TIMM = (
    of_timm(
        "cosine of the update after a warm-up, as Swin",
        "CosineLRScheduler(optimizer, 11_200, lr_min=5e-6, warmup_t=800, warmup_lr_init=5e-7, warmup_prefix=True, "
        "t_in_epochs=False)",
        timm(
            1e-3,
            timm_cycles(half_cosine, 11_200, 5e-6),
            warmup_t=800,
            warmup_lr_init=5e-7,
            warmup_prefix=True,
            t_in_epochs=False,
        ),
        12_000,
        "cosine_lr.py",
    ),
    of_timm(
        "steps under a warm-up",
        "StepLRScheduler(optimizer, 30, decay_rate=0.1, warmup_t=3, warmup_lr_init=1e-4, warmup_prefix=False)",
        timm(0.2, timm_steps(30, 0.1), warmup_t=3, warmup_lr_init=1e-4),
        4_800,
        "step_lr.py",
        steps_per_epoch=40,
    ),
    of_timm(
        "steps of 2.4 epochs, as EfficientNet",
        "StepLRScheduler(optimizer, 2.4, decay_rate=0.97, warmup_t=3, warmup_lr_init=1e-6, warmup_prefix=False)",
        timm(0.048, timm_steps(2.4, 0.97), warmup_t=3, warmup_lr_init=1e-6),
        9_000,
        "step_lr.py",
        steps_per_epoch=20,
        expect="table",  # of 187 milestones
    ),
    of_timm(
        "milestones",
        "MultiStepLRScheduler(optimizer, [45, 80], 0.2, warmup_t=4, warmup_lr_init=0.01, warmup_prefix=False)",
        timm(0.6, timm_milestones([45, 80], 0.2), warmup_t=4, warmup_lr_init=0.01),
        3_000,
        "multistep_lr.py",
        steps_per_epoch=30,
    ),
    of_timm(
        "polynomial",
        "PolyLRScheduler(optimizer, 7_000, 0.9, lr_min=2e-5, warmup_t=350, warmup_lr_init=1e-5, t_in_epochs=False)",
        timm(
            0.012,
            timm_cycles(lambda share: (1 - share) ** 0.9, 7_000, 2e-5),
            warmup_t=350,
            warmup_lr_init=1e-5,
            t_in_epochs=False,
        ),
        7_000,
        "poly_lr.py",
    ),
)


def mmengine() -> Any:
    """The package's schedulers."""
    return importlib.import_module("mmengine.optim.scheduler")


def mmdetection() -> list[Any]:
    optimizer = sgd(0.01)
    return [
        mmengine().LinearLR(optimizer, start_factor=0.001, by_epoch=False, begin=0, end=500),
        mmengine().MultiStepLR(optimizer, milestones=[8, 11], gamma=0.1, by_epoch=True, begin=0, end=12),
    ]


def segformer() -> list[Any]:
    optimizer = sgd(6e-5)
    return [
        mmengine().LinearLR(optimizer, start_factor=1e-6, by_epoch=False, begin=0, end=1_500),
        mmengine().PolyLR(optimizer, eta_min=0.0, power=1.0, by_epoch=False, begin=1_500, end=16_000),
    ]


def mmengine_one_cycle() -> list[Any]:
    return [mmengine().OneCycleLR(sgd(0.003), eta_max=0.03, total_steps=3_000, pct_start=0.25, by_epoch=False)]


MMENGINE = (
    Found(
        "mmengine",
        "MMDetection, 1x: warm-up of the iteration, milestones of the epoch",
        "[LinearLR(0.001, by_epoch=False, end=500), MultiStepLR([8, 11])]",
        mmdetection,
        3_600,
        "open-mmlab/mmdetection configs/_base_/schedules/schedule_1x.py",
        steps_per_epoch=300,
        loop=as_mmengine,
    ),
    Found(
        "mmengine",
        "SegFormer: warm-up, then a line",
        "[LinearLR(1e-6, by_epoch=False, end=1_500), PolyLR(power=1.0, begin=1_500, end=16_000, by_epoch=False)]",
        segformer,
        16_000,
        "open-mmlab/mmsegmentation configs/segformer",
        loop=as_mmengine,
    ),
    Found(
        "mmengine",
        "MMSegmentation: polynomial",
        "PolyLR(optimizer, eta_min=1e-4, power=0.9, begin=0, end=8_000, by_epoch=False)",
        lambda: [mmengine().PolyLR(sgd(0.01), eta_min=1e-4, power=0.9, begin=0, end=8_000, by_epoch=False)],
        8_000,
        "open-mmlab/mmsegmentation configs/_base_/schedules/schedule_80k.py",
        loop=as_mmengine,
    ),
    Found(
        "mmengine",
        "one cycle",
        "OneCycleLR(optimizer, eta_max=0.03, total_steps=3_000, pct_start=0.25, by_epoch=False)",
        mmengine_one_cycle,
        3_000,
        "open-mmlab/mmengine optim/scheduler/param_scheduler.py",
        loop=as_mmengine,
    ),
)


def linear_warmup_decay(step: int) -> float:
    return step / 160 if step < 160 else half_cosine((step - 160) / (3_200 - 160))


LIGHTNING = (
    Found(
        "Lightning",
        "one cycle of the batch",
        '{"scheduler": OneCycleLR(optimizer, 0.08, total_steps=4_500, pct_start=0.2), "interval": "step"}',
        lambda: {"scheduler": OneCycleLR(sgd(0.01), 0.08, total_steps=4_500, pct_start=0.2), "interval": "step"},
        4_500,
        "Lightning-AI/pytorch-lightning configure_optimizers",
        steps_per_epoch=90,
        loop=by_interval,
    ),
    Found(
        "lightning-bolts",
        "linear_warmup_decay",
        '{"scheduler": LambdaLR(optimizer, linear_warmup_decay(160, 3_200)), "interval": "step"}',
        lambda: {"scheduler": lambda_lr(1.6e-3, linear_warmup_decay)(), "interval": "step"},
        3_200,
        "Lightning-Universe/lightning-bolts optimizers/lr_scheduler.py",
        steps_per_epoch=80,
        loop=by_interval,
        rebuilt=True,
    ),
)


def warmup_cosine() -> LRMultiplier:
    return detectron2(0.04, fvcore().CosineParamScheduler(1.0, 0.02), 7_500, 600)


def slowfast() -> LRMultiplier:
    multiplier = fvcore().CompositeParamScheduler(
        [fvcore().LinearParamScheduler(0.1, 1.0), fvcore().CosineParamScheduler(1.0, 0.001)],
        interval_scaling=["rescaled", "rescaled"],
        lengths=[0.15, 0.85],
    )
    return LRMultiplier(sgd(1.6e-4), multiplier, 6_000)


DETECTRON2 = (
    Found(
        "detectron2",
        "WarmupCosineLR",
        'SOLVER.LR_SCHEDULER_NAME = "WarmupCosineLR"; BASE_LR_END = 8e-4; WARMUP_ITERS = 600',
        warmup_cosine,
        7_500,
        "facebookresearch/detectron2 solver/build.py",
        rebuilt=True,
    ),
    Found(
        "fvcore",
        "CompositeParamScheduler of a line and a cosine",
        "CompositeParamScheduler([LinearParamScheduler(0.1, 1.0), CosineParamScheduler(1.0, 0.001)], [0.15, 0.85], "
        '["rescaled"] * 2)',
        slowfast,
        6_000,
        "facebookresearch/fvcore common/param_scheduler.py",
        rebuilt=True,
    ),
)


def exponential() -> dict[str, Any]:
    optimizer = sgd(0.256)
    members = [LinearLR(optimizer, start_factor=0.1, total_iters=4), ExponentialLR(optimizer, gamma=0.97)]
    return {"scheduler": SequentialLR(optimizer, members, milestones=[4])}


def segmentation(step: int) -> float:
    return float((1 - step / (186 * 30)) ** 0.9)


TORCHVISION = (
    Found(
        "torchvision",
        "classification: warm-up and exponential of the epoch",
        "SequentialLR(optimizer, [LinearLR(optimizer, 0.1, total_iters=4), ExponentialLR(optimizer, 0.97)], [4])",
        exponential,
        4_200,
        "pytorch/vision references/classification/train.py",
        steps_per_epoch=35,
        loop=by_interval,
    ),
    Found(
        "torchvision",
        "segmentation: polynomial of the batch",
        "LambdaLR(optimizer, lambda x: (1 - x / (len(data_loader) * args.epochs)) ** 0.9)",
        lambda_lr(0.01, segmentation),
        5_580,
        "pytorch/vision references/segmentation/train.py",
        rebuilt=True,
    ),
)


def nanogpt(it: int) -> float:
    lr, min_lr, warmup, decay = 1e-3, 1e-4, 100, 5_000
    if it < warmup:
        return lr * (it + 1) / (warmup + 1)
    return min_lr if it > decay else min_lr + half_cosine((it - warmup) / (decay - warmup)) * (lr - min_lr)


def build_nanogpt(it: int) -> float:
    lr, warmup, steps = 6e-4, 715, 19_073
    if it < warmup:
        return lr * (it + 1) / warmup
    return 0.1 * lr + half_cosine((it - warmup) / (steps - warmup)) * (lr - 0.1 * lr)


def modded_nanogpt(it: int) -> float:
    iterations, warmdown = 4_578, 1_308
    return 1.0 if it < iterations - warmdown else (iterations - it) / warmdown


def min_gpt(count: int) -> float:
    """Of the tokens that have been seen, the batch's own among them."""
    tokens, warmup, final = (count + 1) * 2_048, 512 * 2_048, 9_000 * 2_048
    if tokens < warmup:
        return 6e-4 * tokens / warmup
    return 6e-4 * max(0.1, half_cosine((tokens - warmup) / (final - warmup)))


def litgpt_finetune() -> SequentialLR:
    optimizer = sgd(2e-4)
    warmup, cosine = LambdaLR(optimizer, lambda step: step / 120), CosineAnnealingLR(optimizer, T_max=2_880)
    return SequentialLR(optimizer, [warmup, cosine], milestones=[120])


def torchtitan(step: int) -> float:
    """The warm-up, then at once a cosine to a tenth; progress is of the step to come."""
    warmup, decay = 450, 4_050
    if step < warmup:
        return (step + 1) / (warmup + 1)
    return 0.1 + 0.9 * half_cosine((step + 1 - warmup) / (decay + 1))


def torchtune(step: int) -> float:
    return step / 75 if step < 75 else max(0.0, half_cosine((step - 75) / (1_950 - 75)))


GPT = (
    by_hand(
        "nanoGPT",
        "get_lr",
        "lr = get_lr(iter_num)  # warm-up (it + 1) / 101, cosine to 1e-4 at 5_000",
        nanogpt,
        6_000,
        "karpathy/nanoGPT train.py",
    ),
    by_hand(
        "build-nanogpt",
        "get_lr",
        "lr = get_lr(step)  # warm-up (it + 1) / 715, cosine to a tenth",
        build_nanogpt,
        19_073,
        "karpathy/build-nanogpt train_gpt2.py",
    ),
    Found(
        "modded-nanogpt",
        "get_lr: a trapezoid",
        "LambdaLR(optimizer, get_lr)",
        lambda_lr(0.0036, modded_nanogpt),
        4_578,
        "KellerJordan/modded-nanogpt train_gpt2.py",
        rebuilt=True,
    ),
    by_hand(
        "minGPT",
        "lr_decay",
        "lr_mult = max(0.1, 0.5 * (1.0 + math.cos(math.pi * progress)))",
        min_gpt,
        10_000,
        "karpathy/minGPT mingpt/trainer.py",
    ),
    Found(
        "LitGPT",
        "get_lr_scheduler of finetune",
        "SequentialLR(optimizer, [LambdaLR(optimizer, lambda step: step / 120), CosineAnnealingLR(optimizer, 2_880)], "
        "[120])",
        litgpt_finetune,
        3_000,
        "Lightning-AI/litgpt litgpt/finetune/lora.py",
    ),
    Found(
        "torchtitan",
        "cosine to a tenth",
        'lr_scheduler.warmup_steps = 450; decay_type = "cosine"; lr_min = 0.1',
        lambda_lr(3e-4, torchtitan),
        4_500,
        "pytorch/torchtitan components/lr_scheduler.py",
        rebuilt=True,
    ),
    Found(
        "torchtune",
        "get_cosine_schedule_with_warmup",
        "get_cosine_schedule_with_warmup(optimizer, num_warmup_steps=75, num_training_steps=1_950)",
        lambda_lr(3e-4, torchtune),
        1_950,
        "pytorch/torchtune training/lr_schedulers.py",
        rebuilt=True,
    ),
)


def convnext(step: int) -> float:
    """cosine_scheduler of utils.py: linspace, then the cosine."""
    warmup, total = 20 * 25, 300 * 25
    if step < warmup:
        return 4e-3 * step / (warmup - 1)
    return 1e-6 + 0.5 * (4e-3 - 1e-6) * (1 + math.cos(math.pi * (step - warmup) / (total - warmup)))


def mae(count: int) -> float:
    epoch = (count % 60) / 60 + count // 60
    if epoch < 40:
        return 2.4e-3 * epoch / 40
    return 0.0 + (2.4e-3 - 0.0) * 0.5 * (1.0 + math.cos(math.pi * (epoch - 40) / (200 - 40)))


def moco_v3(count: int) -> float:
    epoch = count // 32 + (count % 32) / 32
    return 0.6 * epoch / 10 if epoch < 10 else 0.6 * half_cosine((epoch - 10) / (100 - 10))


def swav(count: int) -> float:
    warmup, total = 10 * 55, 120 * 55
    if count < warmup:
        return 0.3 + (4.8 - 0.3) * count / (warmup - 1)
    return 0.0048 + 0.5 * (4.8 - 0.0048) * (1 + math.cos(math.pi * (count - warmup) / (total - warmup)))


def simclr(count: int) -> float:
    """The cosine, of the epoch, is stepped after the tenth epoch alone."""
    return 3e-4 * half_cosine(max(count // 48 - 10, 0) / 120)


SELF_SUPERVISED = (
    by_hand(
        "ConvNeXt",
        "cosine_scheduler",
        "cosine_scheduler(4e-3, 1e-6, epochs=300, niter_per_ep=25, warmup_epochs=20)",
        convnext,
        7_500,
        "facebookresearch/ConvNeXt utils.py",
    ),
    by_hand(
        "MAE",
        "adjust_learning_rate, of the fractional epoch",
        "adjust_learning_rate(optimizer, data_iter_step / len(data_loader) + epoch, args)",
        mae,
        12_000,
        "facebookresearch/mae util/lr_sched.py",
    ),
    by_hand(
        "MoCo v3",
        "adjust_learning_rate, of the fractional epoch",
        "lr = args.lr * 0.5 * (1. + math.cos(math.pi * (epoch - 10) / (args.epochs - 10)))",
        moco_v3,
        3_200,
        "facebookresearch/moco-v3 main_moco.py",
    ),
    by_hand(
        "SwAV",
        "lr_schedule",
        "np.concatenate((np.linspace(start_warmup, base_lr, warmup_iters), cosine_lr_schedule))",
        swav,
        6_600,
        "facebookresearch/swav main_swav.py",
    ),
    by_hand(
        "SimCLR",
        "a cosine after ten epochs",
        "if epoch_counter >= 10: scheduler.step()  # CosineAnnealingLR(optimizer, 120)",
        simclr,
        4_800,
        "sthalles/SimCLR simclr.py",
    ),
)


def yolov5_one_cycle(x: float) -> float:
    return ((1 - math.cos(x * math.pi / 150)) / 2) * (0.2 - 1) + 1


def yolov5(count: int) -> float:
    """The cosine of the epoch under a warm-up of the batch, which is a share of what the epoch has."""
    lr, warmup = 0.01 * yolov5_one_cycle(count // 64), 3 * 64
    return float(np.interp(count, [0, warmup], [0.0, lr])) if count <= warmup else lr


def yolox(count: int) -> float:
    lr, min_lr, warmup, total, no_aug = 0.01, 5e-4, 5 * 30, 100 * 30, 15 * 30
    if count <= warmup:
        return lr * (count / warmup) ** 2
    if count >= total - no_aug:
        return min_lr
    return min_lr + (lr - min_lr) * half_cosine((count - warmup) / (total - warmup - no_aug))


DETECTION = (
    Found(
        "YOLOv5",
        "one_cycle of the epoch",
        "LambdaLR(optimizer, lf=one_cycle(1, 0.2, 150))",
        lambda: {"scheduler": lambda_lr(0.01, yolov5_one_cycle)()},
        6_000,
        "ultralytics/yolov5 utils/general.py",
        steps_per_epoch=40,
        loop=by_interval,
        rebuilt=True,
    ),
    by_hand(
        "YOLOv5",
        "one_cycle of the epoch, under a warm-up of the batch",
        'x["lr"] = np.interp(ni, [0, nw], [0.0, x["initial_lr"] * lf(epoch)])',
        yolov5,
        9_600,
        "ultralytics/yolov5 train.py",
    ),
    by_hand(
        "YOLOX",
        "yoloxwarmcos",
        'LRScheduler("yoloxwarmcos", lr=0.01, iters_per_epoch=30, total_epochs=100, warmup_epochs=5, no_aug_epochs=15)',
        yolox,
        3_000,
        "Megvii-BaseDetection/YOLOX yolox/utils/lr_scheduler.py",
        expect="table",
    ),
)


def fairseq_inverse_sqrt(num_updates: int) -> float:
    lr, warmup, first = 7e-4, 4_000, 1e-7
    return first + num_updates * (lr - first) / warmup if num_updates < warmup else lr * warmup**0.5 * num_updates**-0.5


def fairseq_cosine(num_updates: int, shrink: float, period: int, lr: float, min_lr: float, warmup: int) -> float:
    if num_updates < warmup:
        return 1e-7 + num_updates * (lr - 1e-7) / warmup
    i, t = divmod(num_updates - warmup, period)
    low, high = min_lr * shrink**i, lr * shrink**i
    return low + (high - low) * half_cosine(t / period)


FAIRSEQ = (
    by_hand(
        "fairseq",
        "inverse_sqrt",
        "--lr-scheduler inverse_sqrt --lr 7e-4 --warmup-updates 4000 --warmup-init-lr 1e-7",
        fairseq_inverse_sqrt,
        25_000,
        "facebookresearch/fairseq optim/lr_scheduler/inverse_square_root_schedule.py",
    ),
    by_hand(
        "fairseq",
        "cosine",
        "--lr-scheduler cosine --lr 1.0 --warmup-updates 1600 --warmup-init-lr 1e-7 --min-lr 1e-4 --max-update 14000",
        lambda n: fairseq_cosine(n, 0.1, 12_400, 1.0, 1e-4, 1_600),
        14_000,
        "facebookresearch/fairseq optim/lr_scheduler/cosine_lr_scheduler.py",
    ),
    by_hand(
        "fairseq",
        "cosine, restarted lower",
        "--lr-scheduler cosine --lr 5e-4 --min-lr 5e-6 --lr-period-updates 2000 --lr-shrink 0.75",
        lambda n: fairseq_cosine(n, 0.75, 2_000, 5e-4, 5e-6, 0),
        8_000,
        "facebookresearch/fairseq optim/lr_scheduler/cosine_lr_scheduler.py",
    ),
)


def megatron(
    style: Callable[[float], float], lr: float, min_lr: float, warmup: int, decay: int
) -> Callable[[int], float]:
    """OptimizerParamScheduler."""

    def lr_of(step: int) -> float:
        if step <= warmup:
            return lr * step / warmup
        return min_lr + style((step - warmup) / (decay - warmup)) * (lr - min_lr) if step <= decay else min_lr

    return lr_of


MEGATRON = (
    by_hand(
        "Megatron-LM",
        "linear",
        "--lr-decay-style linear --lr 1e-4 --min-lr 1e-5 --lr-warmup-iters 200 --lr-decay-iters 9000",
        megatron(lambda share: 1.0 - share, 1e-4, 1e-5, 200, 9_000),
        9_500,
        "NVIDIA/Megatron-LM core/optimizer_param_scheduler.py",
    ),
    by_hand(
        "Megatron-LM",
        "cosine",
        "--lr-decay-style cosine --lr 6e-4 --min-lr 6e-5 --lr-warmup-iters 430 --lr-decay-iters 18000",
        megatron(half_cosine, 6e-4, 6e-5, 430, 18_000),
        20_000,
        "NVIDIA/Megatron-LM core/optimizer_param_scheduler.py",
    ),
)


def warmup_lr(count: int, shape: Callable[[int], float], warmup: int, lr: float) -> float:
    """WarmupLR: 0 where it is built, and its least after its first step."""
    iteration = count - 1
    if iteration < 0:
        return 0.0
    return lr * (shape(iteration) if iteration < warmup else 1.0)


def warmup_cosine_lr(count: int) -> float:
    """WarmupCosineLR, whose cosine begins one step on."""
    iteration, warmup, total, floor = max(count - 1, 0), 300, 6_300, 0.01
    if iteration < warmup:
        return 1e-4 * iteration / warmup
    return 1e-4 * (floor + (1 - floor) * half_cosine((iteration - warmup + 1) / (total - warmup)))


DEEPSPEED = (
    by_hand(
        "DeepSpeed",
        "WarmupLR, linear",
        '{"type": "WarmupLR", "params": {"warmup_max_lr": 5e-5, "warmup_num_steps": 400, "warmup_type": "linear"}}',
        lambda count: warmup_lr(count, lambda iteration: iteration / 400, 400, 5e-5),
        4_000,
        "deepspeedai/DeepSpeed runtime/lr_schedules.py",
    ),
    by_hand(
        "DeepSpeed",
        "WarmupLR, logarithmic",
        '{"type": "WarmupLR", "params": {"warmup_max_lr": 1e-3, "warmup_num_steps": 1000}}',
        lambda count: warmup_lr(count, lambda iteration: math.log(iteration + 1) / math.log(1_000), 1_000, 1e-3),
        5_000,
        "deepspeedai/DeepSpeed runtime/lr_schedules.py",
        expect="table",
    ),
    by_hand(
        "DeepSpeed",
        "WarmupCosineLR",
        '{"type": "WarmupCosineLR", "params": {"total_num_steps": 6300, "warmup_num_steps": 300, '
        '"cos_min_ratio": 0.01, "warmup_type": "linear"}}',
        warmup_cosine_lr,
        6_300,
        "deepspeedai/DeepSpeed runtime/lr_schedules.py",
    ),
)


def composer(batch: int, warmup: int, total: int, shape: Callable[[float], float]) -> float:
    return batch / warmup if batch < warmup else shape(min(1.0, (batch - warmup) / (total - warmup)))


COMPOSER = (
    by_hand(
        "Composer",
        "LinearWithWarmupScheduler",
        'LinearWithWarmupScheduler(t_warmup="0.06dur", alpha_f=0.02)',
        lambda batch: 5e-4 * composer(batch, 420, 7_000, lambda share: 1.0 + share * (0.02 - 1.0)),
        7_000,
        "mosaicml/composer optim/scheduler.py",
    ),
    by_hand(
        "Composer",
        "PolynomialWithWarmupScheduler",
        'PolynomialWithWarmupScheduler(t_warmup="250ba", power=2.0, alpha_f=0.01)',
        lambda batch: 0.8 * composer(batch, 250, 5_250, lambda share: 0.01 + (1 - share) ** 2.0 * (1.0 - 0.01)),
        5_250,
        "mosaicml/composer optim/scheduler.py",
    ),
)


def espnet_warmup(count: int) -> float:
    step = count + 1
    return 2e-3 * math.sqrt(2_500) * float(min(step**-0.5, step * 2_500**-1.5))


def espnet_tri_stage(count: int) -> float:
    lr, warmup, hold, total = 1e-4, 1_000, 4_000, 10_000
    step = min(count + 1, total)
    if step < warmup:
        return 0.01 * lr + (lr - 0.01 * lr) / warmup * step
    return lr if step < warmup + hold else lr * math.exp(math.log(0.01) / 5_000 * (step - warmup - hold))


def linear_noam(count: int) -> float:
    step, warmup, keep = count + 1, 640, 3_360
    return 1.5e-3 * (step / warmup if step < warmup else 1.0 if step < keep + warmup else warmup / (step - keep))


SPEECH = (
    by_hand(
        "ESPnet",
        "WarmupLR",
        "WarmupLR(optimizer, warmup_steps=2_500)",
        espnet_warmup,
        20_000,
        "espnet/espnet espnet2/schedulers/warmup_lr.py",
    ),
    by_hand(
        "ESPnet",
        "TristageLR",
        "TristageLR(optimizer, max_steps=10_000, warmup_ratio=0.1, hold_ratio=0.4, decay_ratio=0.5)",
        espnet_tri_stage,
        10_500,
        "espnet/espnet espnet2/schedulers/tristage_lr.py",
    ),
    by_hand(
        "SpeechBrain",
        "LinearNoamScheduler",
        "LinearNoamScheduler(lr_initial=1.5e-3, n_warmup_steps=640, n_keep_steps=3_360)",
        linear_noam,
        11_000,
        "speechbrain/speechbrain nnet/schedulers.py",
    ),
    by_hand(
        "T5",
        "rsqrt",
        "lr = 1 / sqrt(max(step, 10_000))",
        lambda step: 1.0 / math.sqrt(max(step, 10_000)),
        28_000,
        "google-research/text-to-text-transfer-transformer, arXiv:1910.10683",
    ),
)


def edm2(count: int) -> float:
    images = count * 2_048
    lr = 0.0170 / math.sqrt(max(count / 3_500, 1))
    return lr * min(images / (1_000 * 1_000), 1)


GENERATIVE = (
    by_hand(
        "EDM",
        "lr_rampup_kimg",
        'g["lr"] = lr * min(cur_nimg / max(lr_rampup_kimg * 1000, 1e-8), 1)',
        lambda count: 2e-4 * min(count * 512 / 1e6, 1),
        4_000,
        "NVlabs/edm training/training_loop.py",
    ),
    by_hand(
        "EDM2",
        "learning_rate_schedule",
        "lr = ref_lr / sqrt(max(cur_nimg / (ref_batches * batch_size), 1)) * min(cur_nimg / rampup, 1)",
        edm2,
        18_000,
        "NVlabs/edm2 training/training_loop.py",
    ),
    Found(
        "torch-ngp",
        "exponential, to a tenth",
        "LambdaLR(optimizer, lambda iter: 0.1 ** min(iter / opt.iters, 1))",
        lambda_lr(1e-2, lambda step: 0.1 ** min(step / 6_000, 1)),
        6_500,
        "ashawkey/torch-ngp main_nerf.py",
        rebuilt=True,
    ),
)


def bert(step: int) -> float:
    """The line counts from 0, under the warm-up."""
    line = 1e-4 * (1 - min(step, 8_800) / 8_800)
    return 1e-4 * step / 880 if step < 880 else line


def slanted_triangular(step: int) -> float:
    total, cut = 20 * 130, 260
    share = step / cut if step < cut else 1 - (step - cut) / (total - cut)
    return 4e-3 * (1 + share * (32 - 1)) / 32


def cifar_speedrun(step: int) -> float:
    return float(np.interp(step / 98, [0, 5, 24], [0, 0.4, 0])) / 512


PCTS = torch.cumsum(torch.tensor([0, 0.25, 0.75]), 0)


def fastai(count: int) -> float:
    """fit_one_cycle, whose share of a phase is a tensor of float32."""
    pct, (low, peak, end) = count / 2_400, (1e-3 / 25, 1e-3, 1e-3 / 1e5)
    i = int(min((pct >= PCTS).nonzero().max(), torch.tensor(1)))
    share = float((pct - PCTS[i]) / (PCTS[i + 1] - PCTS[i]))
    start, stop = (low, peak) if i == 0 else (peak, end)
    return start + (1 + math.cos(math.pi * (1 - share))) * (stop - start) / 2


def keras_restarts(step: int) -> float:
    i, t, length = 0, step, 700
    while t >= length:
        i, t, length = i + 1, t - length, length * 2
    return 0.02 * 0.9**i * half_cosine(t / length)


def openfold(step: int) -> float:
    if step <= 500:
        return 1e-3 * step / 500
    return 1e-3 if step <= 6_000 else 1e-3 * 0.95 ** ((step - 6_000) // 1_000 + 1)


def openpi(step: int) -> float:
    warmup, peak, end = 1_000, 2.5e-5, 2.5e-6
    if step < warmup:
        first = peak / (warmup + 1)
        return first + (peak - first) * step / warmup
    return end + (peak - end) * half_cosine(min(1.0, (step - warmup) / (30_000 - warmup)))


def cleanrl(count: int) -> float:
    """Annealed once an iteration, of 4 epochs of 4 minibatches."""
    return (1.0 - count // 16 / 480) * 2.5e-4


def stable_baselines(count: int) -> float:
    """Once a rollout, of 10 epochs of 32 minibatches, after which progress is counted."""
    return 3e-4 * (1.0 - (count // 320 + 1) / 50)


MISCELLANEOUS = (
    by_hand(
        "BERT",
        "create_optimizer",
        "lr = init_lr * step / 880 if step < 880 else polynomial_decay(init_lr, step, 8_800, 0.0)",
        bert,
        9_000,
        "google-research/bert optimization.py",
    ),
    by_hand(
        "AllenNLP",
        "slanted triangular",
        "SlantedTriangular(optimizer, num_epochs=20, num_steps_per_epoch=130)",
        slanted_triangular,
        2_600,
        "allenai/allennlp training/learning_rate_schedulers/slanted_triangular.py",
    ),
    by_hand(
        "cifar10-fast",
        "PiecewiseLinear",
        "lr = PiecewiseLinear([0, 5, 24], [0, 0.4, 0])(step / 98) / 512",
        cifar_speedrun,
        2_352,
        "davidcpage/cifar10-fast core.py",
    ),
    by_hand(
        "fastai",
        "fit_one_cycle",
        "combined_cos(0.25, lr / 25, lr, lr / 1e5)(count / n)",
        fastai,
        2_400,
        "fastai/fastai callback/schedule.py",
        expect="table",
    ),
    by_hand(
        "Keras",
        "CosineDecayRestarts",
        "CosineDecayRestarts(0.02, first_decay_steps=700, t_mul=2.0, m_mul=0.9)",
        keras_restarts,
        4_900,
        "keras-team/keras src/optimizers/schedules/learning_rate_schedule.py",
    ),
    by_hand(
        "OpenFold",
        "AlphaFoldLRScheduler",
        "AlphaFoldLRScheduler(optimizer, max_lr=1e-3, warmup_no_steps=500, start_decay_after_n_steps=6_000, "
        "decay_every_n_steps=1_000)",
        openfold,
        12_000,
        "aqlaboratory/openfold utils/lr_schedulers.py",
    ),
    by_hand(
        "openpi",
        "lr_schedule of train_pytorch.py",
        "CosineDecaySchedule(warmup_steps=1_000, peak_lr=2.5e-5, decay_steps=30_000, decay_lr=2.5e-6)",
        openpi,
        30_000,
        "Physical-Intelligence/openpi scripts/train_pytorch.py",
    ),
    by_hand(
        "CleanRL",
        "annealed",
        'optimizer.param_groups[0]["lr"] = (1.0 - (iteration - 1.0) / args.num_iterations) * args.learning_rate',
        cleanrl,
        7_680,
        "vwxyzjn/cleanrl cleanrl/ppo.py",
    ),
    by_hand(
        "Stable-Baselines3",
        "linear",
        'PPO("MlpPolicy", env, learning_rate=LinearSchedule(3e-4, 0.0, 1.0))',
        stable_baselines,
        15_680,
        "DLR-RM/stable-baselines3 common/utils.py",
    ),
)

RANDOM = np.random.default_rng(11)
UNIFORM, NORMAL = RANDOM.random(3_000), RANDOM.normal(size=4_000)
WALK = 0.01 * np.exp(np.cumsum(0.01 * RANDOM.normal(size=2_500)))


class Drawn:
    """A factor that is drawn anew at each call."""

    def __init__(self) -> None:
        self.random = np.random.default_rng(13)

    def __repr__(self) -> str:
        return "Drawn()"

    def __call__(self, epoch: int) -> float:
        return float(0.99**epoch * self.random.uniform(0.9, 1.1))


def bfloat16(lr: float) -> float:
    return float(torch.tensor(lr, dtype=torch.bfloat16))


def chained() -> ChainedScheduler:
    optimizer = sgd(0.1)
    return ChainedScheduler([LambdaLR(optimizer, Drawn()), ExponentialLR(optimizer, 0.999)], optimizer)


CONTROLS = (
    control(
        "noise of 1e-3",
        "lr * half_cosine(t / 4_000) * (1 + 1e-3 * noise[t])",
        lambda t: 0.02 * half_cosine(t / 4_000) * (1 + 1e-3 * NORMAL[t]),
        4_000,
    ),
    control("random numbers", "random.random()", lambda t: 0.1 * UNIFORM[t], 3_000),
    control("a random walk", "lr *= exp(0.01 * normal())", lambda t: WALK[t], 2_500),
    control(
        "a line in bfloat16",
        "torch.tensor(lr * (1 - t / 1_800), dtype=torch.bfloat16)",
        lambda t: bfloat16(0.03 * (1 - t / 1_800)),
        1_800,
    ),
    Found(
        "control",
        "a lambda that draws",
        "ChainedScheduler([LambdaLR(optimizer, Drawn()), ExponentialLR(optimizer, 0.999)])",
        chained,
        600,
        "",
        expect="table",
        control=True,
    ),
)

FOUND = (
    *TRANSFORMERS,
    *DIFFUSERS,
    *TIMM,
    *MMENGINE,
    *LIGHTNING,
    *DETECTRON2,
    *TORCHVISION,
    *GPT,
    *SELF_SUPERVISED,
    *DETECTION,
    *FAIRSEQ,
    *MEGATRON,
    *DEEPSPEED,
    *COMPOSER,
    *SPEECH,
    *GENERATIVE,
    *MISCELLANEOUS,
    *CONTROLS,
)
