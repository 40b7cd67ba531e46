"""Recipes to develop on, and curves that must not become formulas."""

import importlib
import math
from collections.abc import Callable
from typing import Any

import numpy as np
from torch.optim.lr_scheduler import (
    CosineAnnealingLR,
    CosineAnnealingWarmRestarts,
    ExponentialLR,
    LinearLR,
    LRScheduler,
    MultiStepLR,
    SequentialLR,
    StepLR,
)

from parity.found.found import Found, as_mmengine, as_timm, by_hand, by_interval, control, lambda_lr, sgd
from parity.found.rebuilt import LRMultiplier, detectron2, fvcore, half_cosine, timm, timm_cycles, timm_tanh


def transformers(schedule: str, lr: float, *args: Any, **options: Any) -> Callable[[], Any]:
    """A scheduler of the package's own."""
    return lambda: getattr(importlib.import_module("transformers.optimization"), schedule)(sgd(lr), *args, **options)


def hugging_face(name: str, code: str, make: Callable[[], Any], steps: int, **rest: Any) -> Found:
    return Found("transformers", name, code, make, steps, "huggingface/transformers optimization.py", **rest)


TRANSFORMERS = (
    hugging_face(
        "linear",
        "get_linear_schedule_with_warmup(optimizer, 500, 4_000)",
        transformers("get_linear_schedule_with_warmup", 1e-5, 500, 4_000),
        4_000,
    ),
    hugging_face(
        "linear, a run that is longer than told",
        "get_linear_schedule_with_warmup(optimizer, 57, 570)  # of 575 updates",
        transformers("get_linear_schedule_with_warmup", 2e-5, 57, 570),
        575,
    ),
    hugging_face(
        "constant with warm-up",
        "get_constant_schedule_with_warmup(optimizer, 300)",
        transformers("get_constant_schedule_with_warmup", 5e-6, 300),
        3_000,
    ),
    hugging_face(
        "cosine with min lr",
        "get_cosine_with_min_lr_schedule_with_warmup(optimizer, 1_000, 20_000, min_lr=5e-6)",
        transformers("get_cosine_with_min_lr_schedule_with_warmup", 5e-5, 1_000, 20_000, min_lr=5e-6),
        20_000,
    ),
    hugging_face(
        "cosine with min lr, warm-up not from 0",
        "get_cosine_with_min_lr_schedule_with_warmup_lr_rate(optimizer, 300, 6_000, min_lr_rate=0.1)",
        transformers("get_cosine_with_min_lr_schedule_with_warmup_lr_rate", 2e-5, 300, 6_000, min_lr_rate=0.1),
        6_000,
    ),
    hugging_face(
        "polynomial",
        "get_polynomial_decay_schedule_with_warmup(optimizer, 1_000, 15_000)",
        transformers("get_polynomial_decay_schedule_with_warmup", 1e-4, 1_000, 15_000),
        15_000,
    ),
    hugging_face(
        "inverse square root",
        "get_inverse_sqrt_schedule(optimizer, 1_000)",
        transformers("get_inverse_sqrt_schedule", 5e-4, 1_000),
        10_000,
    ),
    hugging_face(
        "WSD, cosine",
        "get_wsd_schedule(optimizer, 500, 1_500, 7_500)",
        transformers("get_wsd_schedule", 3e-4, 500, 1_500, 7_500),
        7_500,
    ),
    hugging_face(
        "WSD, 1 - sqrt",
        'get_wsd_schedule(optimizer, 1_000, 2_000, 12_000, decay_type="1-sqrt")',
        transformers("get_wsd_schedule", 1e-3, 1_000, 2_000, 12_000, decay_type="1-sqrt"),
        12_000,
        expect="table",
    ),
)


def diffusers_linear(warmup: int, total: int, f_min: float) -> Callable[[int], float]:
    def factor(step: int) -> float:
        if step < warmup:
            return step / warmup
        return f_min + (1 - f_min) * max(0.0, (total - step) / (total - warmup))

    return factor


DIFFUSERS = (
    Found(
        "diffusers",
        "linear, to a floor",
        "get_linear_schedule_with_warmup(optimizer, 500, 8_000, f_min=0.05)",
        lambda_lr(1e-4, diffusers_linear(500, 8_000, 0.05)),
        9_000,
        "huggingface/diffusers optimization.py",
        rebuilt=True,
    ),
)


def of_timm(name: str, code: str, make: Callable[[], Any], steps: int, file: str, **rest: Any) -> Found:
    source = f"huggingface/pytorch-image-models scheduler/{file}"
    return Found("timm", name, code, make, steps, source, loop=as_timm, rebuilt=True, **rest)


def timm_wsd(warmup: int, total: int, decay: int) -> Callable[[float, float], float]:
    """wsd_lr.py with stable_fn="rsqrt", decay_fn="linear": a line laid over what is stable."""

    def curve(t: float, base: float) -> float:
        after = t - warmup
        return base / math.sqrt(1 + after / warmup) * (1 - min(max(after - (total - decay), 0) / decay, 1))

    return curve


TIMM = (
    of_timm(
        "cosine of the epoch, as DeiT",
        "CosineLRScheduler(optimizer, 300, lr_min=1e-5, warmup_t=5, warmup_lr_init=1e-6)",
        timm(5e-4, timm_cycles(half_cosine, 300, 1e-5), warmup_t=5, warmup_lr_init=1e-6),
        6_200,
        "cosine_lr.py",
        steps_per_epoch=20,
    ),
    of_timm(
        "cosine, longer cycles",
        "CosineLRScheduler(optimizer, 600, lr_min=1e-5, cycle_mul=2, cycle_limit=3, t_in_epochs=False)",
        timm(0.05, timm_cycles(half_cosine, 600, 1e-5, cycle_mul=2, cycle_limit=3), t_in_epochs=False),
        4_500,
        "cosine_lr.py",
    ),
    of_timm(
        "cosine, lower cycles",
        "CosineLRScheduler(optimizer, 100, cycle_decay=0.5, cycle_limit=3)",
        timm(0.1, timm_cycles(half_cosine, 100, cycle_decay=0.5, cycle_limit=3)),
        3_000,
        "cosine_lr.py",
        steps_per_epoch=10,
    ),
    of_timm(
        "cosine, k-decay",
        "CosineLRScheduler(optimizer, 2_000, lr_min=1e-6, k_decay=2, t_in_epochs=False)",
        timm(1e-3, timm_cycles(half_cosine, 2_000, 1e-6, k_decay=2), t_in_epochs=False),
        2_000,
        "cosine_lr.py",
        expect="table",
    ),
    of_timm(
        "tanh",
        "TanhLRScheduler(optimizer, 200, lr_min=1e-5, warmup_t=10, warmup_lr_init=1e-5, warmup_prefix=True)",
        timm(
            0.4,
            timm_cycles(timm_tanh(), 200, 1e-5),
            warmup_t=10,
            warmup_lr_init=1e-5,
            warmup_prefix=True,
        ),
        2_100,
        "tanh_lr.py",
        steps_per_epoch=10,
        expect="table",
    ),
    of_timm(
        "WSD, a line over an inverse square root",
        'WSDLRScheduler(optimizer, 9_500, 2_000, stable_fn="rsqrt", decay_fn="linear", warmup_t=500, '
        "t_in_epochs=False)",
        timm(1e-3, timm_wsd(500, 9_500, 2_000), warmup_t=500, t_in_epochs=False),
        10_000,
        "wsd_lr.py",
    ),
)


def mmengine() -> Any:
    """The package's schedulers."""
    return importlib.import_module("mmengine.optim.scheduler")


def rtmdet() -> list[Any]:
    optimizer = sgd(0.004)
    return [
        mmengine().LinearLR(optimizer, start_factor=1e-5, by_epoch=False, begin=0, end=1_000),
        mmengine().CosineAnnealingLR.build_iter_from_epoch(
            optimizer=optimizer, T_max=50, eta_min=2e-4, begin=50, end=100, by_epoch=True, epoch_length=60
        ),
    ]


def mmpretrain_swin() -> list[Any]:
    optimizer = sgd(1e-3)
    return [
        mmengine().LinearLR.build_iter_from_epoch(
            optimizer=optimizer, start_factor=1e-3, begin=0, end=20, by_epoch=True, epoch_length=20
        ),
        mmengine().CosineAnnealingLR(optimizer, eta_min=1e-5, by_epoch=True, begin=20, end=300),
    ]


def edvr() -> list[Any]:
    return [
        mmengine().CosineRestartLR(
            sgd(4e-4),
            periods=[500, 1_000, 1_500, 1_500, 500],
            restart_weights=[1, 0.5, 0.5, 0.5, 0.5],
            eta_min=0.0,
            by_epoch=False,
        )
    ]


MMENGINE = (
    Found(
        "mmengine",
        "RTMDet: warm-up, then half the epochs a cosine of the iteration",
        "[LinearLR(1e-5, by_epoch=False, end=1_000), CosineAnnealingLR(T_max=50, eta_min=2e-4, begin=50, end=100, "
        "convert_to_iter_based=True)]",
        rtmdet,
        6_000,
        "open-mmlab/mmdetection configs/rtmdet/rtmdet_l_8xb32-300e_coco.py",
        steps_per_epoch=60,
        loop=as_mmengine,
    ),
    Found(
        "mmengine",
        "Swin: warm-up of the iteration, a cosine of the epoch",
        "[LinearLR(1e-3, end=20, convert_to_iter_based=True), CosineAnnealingLR(eta_min=1e-5, begin=20)]",
        mmpretrain_swin,
        6_000,
        "open-mmlab/mmpretrain configs/_base_/schedules/imagenet_bs1024_adamw_swin.py",
        steps_per_epoch=20,
        loop=as_mmengine,
    ),
    Found(
        "mmengine",
        "EDVR: cosines of several lengths, the later ones lower",
        "CosineRestartLR(optimizer, [500, 1_000, 1_500, 1_500, 500], [1, 0.5, 0.5, 0.5, 0.5], by_epoch=False)",
        edvr,
        5_000,
        "open-mmlab/mmagic configs/edvr",
        loop=as_mmengine,
    ),
)


class LinearWarmupCosineAnnealingLR(LRScheduler):
    """lightning-bolts' (optimizers/lr_scheduler.py): each step edits the rate that it finds."""

    def __init__(self, optimizer: Any, warmup_epochs: int, max_epochs: int, start: float, eta_min: float) -> None:
        self.warmup_epochs, self.max_epochs, self.start, self.eta_min = warmup_epochs, max_epochs, start, eta_min
        super().__init__(optimizer)

    def get_lr(self) -> list[float | Any]:
        return [
            self._next(base, group["lr"])
            for base, group in zip(self.base_lrs, self.optimizer.param_groups, strict=True)
        ]

    def _next(self, base: Any, lr: Any) -> Any:
        t, warmup, length = self.last_epoch, self.warmup_epochs, self.max_epochs - self.warmup_epochs
        if t == 0:
            return self.start
        if t < warmup:
            return lr + (base - self.start) / (warmup - 1)
        if t == warmup:
            return base
        now, before = (1 + math.cos(math.pi * (t - back - warmup) / length) for back in (0, 1))
        return now / before * (lr - self.eta_min) + self.eta_min


def bolts() -> dict[str, Any]:
    return {"scheduler": LinearWarmupCosineAnnealingLR(sgd(0.3), 10, 100, 3e-3, 1e-4)}


def two_clocks() -> list[dict[str, Any]]:
    optimizer = sgd(0.01)
    warmup = LinearLR(optimizer, start_factor=0.1, total_iters=250)
    return [{"scheduler": warmup, "interval": "step"}, {"scheduler": ExponentialLR(optimizer, gamma=0.95)}]


LIGHTNING = (
    Found(
        "lightning-bolts",
        "linear warm-up, cosine, of the epoch",
        "LinearWarmupCosineAnnealingLR(optimizer, 10, 100, warmup_start_lr=3e-3, eta_min=1e-4)",
        bolts,
        5_000,
        "Lightning-Universe/lightning-bolts optimizers/lr_scheduler.py",
        steps_per_epoch=50,
        loop=by_interval,
        rebuilt=True,
    ),
    Found(
        "Lightning",
        "steps, every second epoch",
        '{"scheduler": StepLR(optimizer, 5, gamma=0.5), "frequency": 2}',
        lambda: {"scheduler": StepLR(sgd(0.02), 5, gamma=0.5), "frequency": 2},
        4_000,
        "Lightning-AI/pytorch-lightning configure_optimizers",
        steps_per_epoch=100,
        loop=by_interval,
    ),
    Found(
        "Lightning",
        "two schedulers: a warm-up of the batch, an exponential of the epoch",
        '[{"scheduler": LinearLR(optimizer, 0.1, total_iters=250), "interval": "step"}, '
        '{"scheduler": ExponentialLR(optimizer, 0.95)}]',
        two_clocks,
        4_000,
        "Lightning-AI/pytorch-lightning configure_optimizers",
        steps_per_epoch=100,
        loop=by_interval,
    ),
)


def faster_rcnn() -> LRMultiplier:
    main = fvcore().MultiStepParamScheduler([1, 0.1, 0.01], milestones=[6_000, 8_000], num_updates=9_000)
    return detectron2(0.02, main, 9_000, 1_000)


def fixed_gamma() -> LRMultiplier:
    main = fvcore().StepWithFixedGammaParamScheduler(1.0, num_decays=4, gamma=0.5, num_updates=5_000)
    return detectron2(0.005, main, 5_000, 200)


DETECTRON2 = (
    Found(
        "detectron2",
        "WarmupMultiStepLR, 1x",
        'SOLVER.LR_SCHEDULER_NAME = "WarmupMultiStepLR"; STEPS = (6_000, 8_000); WARMUP_ITERS = 1_000',
        faster_rcnn,
        9_000,
        "facebookresearch/detectron2 solver/build.py",
        rebuilt=True,
    ),
    Found(
        "detectron2",
        "WarmupStepWithFixedGammaLR",
        'SOLVER.LR_SCHEDULER_NAME = "WarmupStepWithFixedGammaLR"; GAMMA = 0.5; NUM_DECAYS = 4; WARMUP_ITERS = 200',
        fixed_gamma,
        5_000,
        "facebookresearch/detectron2 solver/build.py",
        rebuilt=True,
    ),
)


def classification() -> dict[str, Any]:
    optimizer = sgd(0.5)
    members = [LinearLR(optimizer, start_factor=0.01, total_iters=5), CosineAnnealingLR(optimizer, T_max=595)]
    return {"scheduler": SequentialLR(optimizer, members, milestones=[5])}


def detection() -> list[dict[str, Any]]:
    optimizer = sgd(0.02)
    milestones = MultiStepLR(optimizer, milestones=[16, 22])
    warmup = LinearLR(optimizer, start_factor=0.001, total_iters=149)
    return [{"scheduler": warmup, "interval": "step"}, {"scheduler": milestones}]


TORCHVISION = (
    Found(
        "torchvision",
        "classification: warm-up and cosine of the epoch",
        "SequentialLR(optimizer, [LinearLR(optimizer, 0.01, total_iters=5), CosineAnnealingLR(optimizer, 595)], [5])",
        classification,
        6_000,
        "pytorch/vision references/classification/train.py",
        steps_per_epoch=10,
        loop=by_interval,
    ),
    Found(
        "torchvision",
        "detection: warm-up of the batch, milestones of the epoch",
        "LinearLR(optimizer, 0.001, total_iters=149); MultiStepLR(optimizer, [16, 22])",
        detection,
        3_900,
        "pytorch/vision references/detection/engine.py",
        steps_per_epoch=150,
        loop=by_interval,
    ),
)


def after_warmup(lr: float, warmup: int, rest: Callable[[int], float], first: int = 0) -> Callable[[int], float]:
    """A warm-up lr * (step + first) / warmup, and what the script goes on with."""
    return lambda step: lr * (step + first) / warmup if step < warmup else rest(step)


def cosine_to(lr: float, floor: float, begin: int, end: int) -> Callable[[int], float]:
    """A half cosine from lr at begin to the floor at end, which holds."""
    return lambda step: floor + (lr - floor) * half_cosine(min(1.0, (step - begin) / (end - begin)))


def deepseek(step: int) -> float:
    if step < 400:
        return 4.2e-4 * step / 400
    return 4.2e-4 * (1 if step < 8_000 else 0.316 if step < 9_000 else 0.1)


def minicpm(step: int) -> float:
    if step < 300:
        return 0.01 * step / 300
    return 0.01 if step < 7_000 else 0.01 * 0.5 ** ((step - 7_000) / 400)


def olmo_max(step: int) -> float:
    """MaxScheduler of CosWithWarmup and InvSqrtWithWarmup, which share a warm-up from a tenth."""
    lr, warmup = 3e-4, 1_000
    if step < warmup:
        return lr * (0.1 + 0.9 * step / warmup)
    return max(cosine_to(lr, 0.1 * lr, warmup, 12_000)(step), lr * math.sqrt(warmup / step))


def torchtitan(step: int) -> float:
    """Warm-up, stable, linear; progress is of the step to come."""
    warmup, stable, decay = 200, 1_800, 1_000
    if step < warmup:
        return (step + 1) / (warmup + 1)
    return 1.0 if step < warmup + stable else 1 - (step + 1 - warmup - stable) / (decay + 1)


GPT = (
    by_hand(
        "llm.c",
        "get_lr of train_gpt2.py",
        "lr = get_lr(step)  # warm-up (step + 1) / 700, cosine to 0",
        after_warmup(6e-4, 700, cosine_to(6e-4, 0.0, 700, 18_865), first=1),
        18_865,
        "karpathy/llm.c train_gpt2.py",
    ),
    by_hand(
        "LitGPT",
        "get_lr of pretrain.py",
        "lr = get_lr(4e-4, iter_num, warmup_iters=2_000, max_iters=16_000, min_lr=4e-5)",
        after_warmup(4e-4, 2_000, cosine_to(4e-4, 4e-5, 2_000, 16_000)),
        17_000,
        "Lightning-AI/litgpt litgpt/pretrain.py",
    ),
    by_hand(
        "OLMo",
        "the larger of a cosine and an inverse square root",
        "MaxScheduler(CosWithWarmup(1_000, alpha_f=0.1), InvSqrtWithWarmup(1_000))",
        olmo_max,
        12_000,
        "allenai/OLMo olmo/optim.py",
    ),
    by_hand(
        "MiniCPM",
        "WSD, exponential",
        "lr * 0.5 ** ((step - 7_000) / 400)  # after a stable phase",
        minicpm,
        8_000,
        "OpenBMB/MiniCPM, arXiv:2404.06395",
    ),
    by_hand(
        "DeepSeek LLM",
        "multi-step",
        "lr * (1 if step < 0.8 * n else 0.316 if step < 0.9 * n else 0.1)  # warm-up 400",
        deepseek,
        10_000,
        "deepseek-ai/DeepSeek-LLM, arXiv:2401.02954",
    ),
    Found(
        "torchtitan",
        "WSD, linear",
        'lr_scheduler.warmup_steps = 200; decay_ratio = 0.333; decay_type = "linear"',
        lambda_lr(8e-4, torchtitan),
        3_000,
        "pytorch/torchtitan components/lr_scheduler.py",
        rebuilt=True,
    ),
)


def dino(step: int) -> float:
    """cosine_scheduler of utils.py: linspace reaches its end at the last count of the warm-up."""
    return float(DINO_LRS[step])


WARMUP, REST = 10 * 50, np.arange(90 * 50)
DINO_LRS = np.concatenate(
    [
        np.linspace(0, 5e-4, WARMUP),
        1e-6 + 0.5 * (5e-4 - 1e-6) * (1 + np.cos(np.pi * REST / len(REST))),
    ]
)


def barlow_twins(step: int) -> float:
    base, warmup, total = 2_048 / 256, 10 * 40, 300 * 40
    if step < warmup:
        return base * step / warmup * 0.2
    q = half_cosine((step - warmup) / (total - warmup))
    return (base * q + base * 0.001 * (1 - q)) * 0.2


SELF_SUPERVISED = (
    by_hand(
        "DINO",
        "cosine_scheduler",
        "cosine_scheduler(5e-4, 1e-6, epochs=100, niter_per_ep=50, warmup_epochs=10)",
        dino,
        5_000,
        "facebookresearch/dino utils.py",
    ),
    by_hand(
        "Barlow Twins",
        "adjust_learning_rate",
        "lr = base_lr * q + base_lr * 0.001 * (1 - q)",
        barlow_twins,
        12_000,
        "facebookresearch/barlowtwins main.py",
    ),
    by_hand(
        "BYOL",
        "learning_schedule",
        "lr * (step / 1_000 if step < 1_000 else 0.5 * (1 + cos(pi * (step - 1_000) / 9_000)))",
        after_warmup(0.2 * 16, 1_000, cosine_to(3.2, 0.0, 1_000, 10_000)),
        10_000,
        "google-deepmind/deepmind-research byol/utils/schedules.py",
    ),
    by_hand(
        "SimSiam",
        "adjust_learning_rate",
        "cur_lr = init_lr * 0.5 * (1. + math.cos(math.pi * epoch / args.epochs))",
        lambda count: 0.05 * 0.5 * (1.0 + math.cos(math.pi * (count // 40) / 100)),
        4_000,
        "facebookresearch/simsiam main_simsiam.py",
    ),
    Found(
        "FixMatch",
        "7/16 of a cosine",
        "LambdaLR(optimizer, lambda step: max(0., math.cos(math.pi * 7. / 16. * step / 2**13)))",
        lambda_lr(0.03, lambda step: max(0.0, math.cos(math.pi * 7.0 / 16.0 * step / 2**13))),
        2**13,
        "kekmodel/FixMatch-pytorch train.py",
        rebuilt=True,
        expect="table",  # a cosine of T_max = 18,724.57
    ),
)


def ultralytics(count: int) -> float:
    """Linear of the epoch, under a warm-up of three epochs that is of the batch; the first parameter group."""
    factor = max(1 - (count // 50) / 100, 0) * (1.0 - 0.01) + 0.01
    return float(np.interp(count, [0, 150], [0.0, 0.01 * factor])) if count <= 150 else 0.01 * factor


def deeplab(count: int) -> float:
    lr = 0.007 * float((1 - count / 6_000) ** 0.9)
    return lr * count / 200 if count < 200 else lr


DETECTION = (
    by_hand(
        "Ultralytics",
        "linear, with warm-up",
        "lf = lambda x: max(1 - x / epochs, 0) * (1.0 - lrf) + lrf; np.interp(ni, [0, nw], [0.0, lr0 * lf(epoch)])",
        ultralytics,
        5_000,
        "ultralytics/ultralytics engine/trainer.py",
    ),
    by_hand(
        "DeepLab",
        "poly, under a warm-up",
        "lr = lr * pow(1 - T / N, 0.9); if T < warmup_iters: lr = lr * T / warmup_iters",
        deeplab,
        6_000,
        "jfzhang95/pytorch-deeplab-xception utils/lr_scheduler.py",
    ),
)


def fairseq_polynomial(num_updates: int) -> float:
    lr, warmup, total = 5e-4, 500, 12_000
    if num_updates <= warmup:
        return num_updates / warmup * lr
    return lr * (1 - (num_updates - warmup) / (total - warmup)) if num_updates < total else 0.0


def fairseq_tri_stage(num_updates: int) -> float:
    lr, warmup, hold, decay = 3e-5, 800, 3_200, 4_000
    if num_updates < warmup:
        return 0.01 * lr + (lr - 0.01 * lr) / warmup * num_updates
    if num_updates < warmup + hold:
        return lr
    after = num_updates - warmup - hold
    return lr * math.exp(math.log(0.05) / decay * after) if after <= decay else 0.05 * lr


FAIRSEQ = (
    by_hand(
        "fairseq",
        "polynomial_decay",
        "--lr-scheduler polynomial_decay --lr 5e-4 --warmup-updates 500 --total-num-update 12000",
        fairseq_polynomial,
        12_000,
        "facebookresearch/fairseq optim/lr_scheduler/polynomial_decay_schedule.py",
    ),
    by_hand(
        "fairseq",
        "tri_stage",
        "--lr-scheduler tri_stage --lr 3e-5 --phase-ratio '(0.1, 0.4, 0.5)' --final-lr-scale 0.05",
        fairseq_tri_stage,
        8_500,
        "facebookresearch/fairseq optim/lr_scheduler/tri_stage_lr_scheduler.py",
    ),
)


def megatron(coefficient: Callable[[int], float], lr: float, min_lr: float, warmup: int) -> Callable[[int], float]:
    """OptimizerParamScheduler, counted in updates; the warm-up has one count more than elsewhere."""

    def lr_of(step: int) -> float:
        return lr * step / warmup if step <= warmup else min_lr + coefficient(step) * (lr - min_lr)

    return lr_of


def annealed(shape: Callable[[float], float], start: int, length: int) -> Callable[[int], float]:
    """Its WSD."""
    return lambda step: 1.0 if step <= start else shape(min((step - start) / length, 1.0))


def megatron_inverse_sqrt(step: int) -> float:
    return 1.5e-4 * step / 320 if step <= 320 else max(1e-5, 1.5e-4 * 320**0.5 / step**0.5)


MEGATRON = (
    by_hand(
        "Megatron-LM",
        "inverse-square-root",
        "--lr-decay-style inverse-square-root --lr 1.5e-4 --min-lr 1e-5 --lr-warmup-iters 320",
        megatron_inverse_sqrt,
        10_000,
        "NVIDIA/Megatron-LM core/optimizer_param_scheduler.py",
    ),
    by_hand(
        "Megatron-LM",
        "WSD, linear",
        "--lr-decay-style WSD --lr-wsd-decay-style linear --lr 3e-4 --min-lr 3e-5 --lr-warmup-iters 500",
        megatron(annealed(lambda share: 1.0 - share, 8_000, 2_000), 3e-4, 3e-5, 500),
        10_000,
        "NVIDIA/Megatron-LM core/optimizer_param_scheduler.py",
    ),
    by_hand(
        "Megatron-LM",
        "WSD, exponential",
        "--lr-decay-style WSD --lr-wsd-decay-style exponential --lr 3e-4 --min-lr 3e-5 --lr-warmup-iters 500",
        megatron(annealed(lambda share: 2.0 * 0.5**share - 1.0, 6_000, 1_500), 3e-4, 3e-5, 500),
        7_500,
        "NVIDIA/Megatron-LM core/optimizer_param_scheduler.py",
        expect="table",
    ),
)


def warmup_decay(count: int) -> float:
    """WarmupDecayLR: 0 where it is built, and 0 again after its first step."""
    iteration = max(count - 1, 0)
    return 2e-5 * (iteration / 250 if iteration < 250 else max(0.0, (5_000 - iteration) / (5_000 - 250)))


def one_cycle(count: int) -> float:
    """OneCycle without decay: up, down, and its least learning rate from there on."""
    iteration = max(count - 1, 0)
    return 1e-4 + (1e-2 - 1e-4) * max(1 - abs(iteration / 1_000 - 1), 0)


DEEPSPEED = (
    by_hand(
        "DeepSpeed",
        "WarmupDecayLR",
        '{"type": "WarmupDecayLR", "params": {"total_num_steps": 5000, "warmup_max_lr": 2e-5, "warmup_num_steps": 250, '
        '"warmup_type": "linear"}}',
        warmup_decay,
        5_000,
        "deepspeedai/DeepSpeed runtime/lr_schedules.py",
    ),
    by_hand(
        "DeepSpeed",
        "OneCycle",
        '{"type": "OneCycle", "params": {"cycle_min_lr": 1e-4, "cycle_max_lr": 1e-2, "cycle_first_step_size": 1000}}',
        one_cycle,
        2_500,
        "deepspeedai/DeepSpeed runtime/lr_schedules.py",
    ),
)


def composer_milestones(batch: int) -> float:
    return 2.0 * (batch / 320 if batch < 320 else 0.2 ** ((batch >= 2_400) + (batch >= 4_800) + (batch >= 6_400)))


COMPOSER = (
    by_hand(
        "Composer",
        "CosineAnnealingWithWarmupScheduler",
        'CosineAnnealingWithWarmupScheduler(t_warmup="100ba", t_max="1dur", alpha_f=0.1)',
        after_warmup(2e-4, 100, cosine_to(2e-4, 2e-5, 100, 4_800)),
        4_800,
        "mosaicml/composer optim/scheduler.py",
    ),
    by_hand(
        "Composer",
        "MultiStepWithWarmupScheduler",
        'MultiStepWithWarmupScheduler(t_warmup="4ep", milestones=["30ep", "60ep", "80ep"], gamma=0.2)',
        composer_milestones,
        7_200,
        "mosaicml/composer optim/scheduler.py",
    ),
)


def annotated_noam(step: int) -> float:
    """rate() of the Annotated Transformer, which takes step 0 for 1."""
    step = max(step, 1)
    return float(512**-0.5 * min(step**-0.5, step * 4_000**-1.5))


def warm_cool_decay(num_updates: int) -> float:
    lr, warmup, cooldown, total = 8e-4, 1_000, 2_000, 14_000
    power = math.log(0.75) / 5_000
    if num_updates < warmup:
        return lr * num_updates / warmup
    if num_updates <= total - cooldown:
        return lr * math.exp(power * (num_updates - warmup))
    end = lr * math.exp(power * (total - cooldown))
    return end - end / cooldown * (num_updates - (total - cooldown))


def eden(count: int) -> float:
    batch, epoch = count, count // 200
    decay = ((batch**2 + 5_000**2) / 5_000**2) ** -0.25 * ((epoch**2 + 6**2) / 6**2) ** -0.25
    return 0.045 * float(decay) * (0.5 + 0.5 * min(batch / 500, 1))


SPEECH = (
    Found(
        "The Annotated Transformer",
        "Noam",
        "LambdaLR(optimizer, lambda step: rate(step, 512, factor=1, warmup=4_000))  # lr = 1",
        lambda_lr(1.0, annotated_noam),
        20_000,
        "harvardnlp/annotated-transformer the_annotated_transformer.py",
        rebuilt=True,
    ),
    by_hand(
        "OpenNMT-py",
        "rsqrt",
        "decay_method: rsqrt; warmup_steps: 6000; learning_rate: 2",
        lambda count: 2.0 / math.sqrt(max(count + 1, 6_000)),
        15_000,
        "OpenNMT/OpenNMT-py onmt/utils/optimizers.py",
    ),
    by_hand(
        "SpeechBrain",
        "WarmCoolDecayLRSchedule",
        "WarmCoolDecayLRSchedule(lr=8e-4, warmup=1_000, cooldown=2_000, total_steps=14_000, decay_every=5_000)",
        warm_cool_decay,
        14_000,
        "speechbrain/speechbrain nnet/schedulers.py",
    ),
    by_hand(
        "icefall",
        "Eden",
        "Eden(optimizer, lr_batches=5_000, lr_epochs=6)",
        eden,
        6_000,
        "k2-fsa/icefall zipformer/optim.py",
        expect="table",
    ),
)


def expon_lr(step: int, delay: int = 0, factor: float = 1.0, first: float = 1.6e-4, last: float = 1.6e-6) -> float:
    share = min(max(step / 15_000, 0), 1)
    line = math.exp(math.log(first) * (1 - share) + math.log(last) * share)
    return line * (factor + (1 - factor) * math.sin(0.5 * math.pi * min(step / delay, 1)) if delay else 1.0)


def nerfstudio(step: int) -> float:
    lr, final, warmup, total = 6e-4, 6e-6, 1_000, 12_000
    if step < warmup:
        return 1e-8 + (lr - 1e-8) * math.sin(0.5 * math.pi * step / warmup)
    share = min((step - warmup) / (total - warmup), 1)
    return math.exp(math.log(lr) * (1 - share) + math.log(final) * share)


NERF = (
    by_hand(
        "3D Gaussian Splatting",
        "get_expon_lr_func",
        "get_expon_lr_func(lr_init=1.6e-4, lr_final=1.6e-6, max_steps=15_000)",
        expon_lr,
        15_000,
        "graphdeco-inria/gaussian-splatting utils/general_utils.py",
    ),
    by_hand(
        "mip-NeRF",
        "learning_rate_decay, delayed",
        "learning_rate_decay(step, 5e-4, 5e-6, 15_000, lr_delay_steps=1_500, lr_delay_mult=0.01)",
        lambda step: expon_lr(step, 1_500, 0.01, 5e-4, 5e-6),
        15_000,
        "google/mipnerf internal/math.py",
    ),
    by_hand(
        "nerfstudio",
        "ExponentialDecayScheduler",
        "ExponentialDecaySchedulerConfig(lr_final=6e-6, warmup_steps=1_000, max_steps=12_000)",
        nerfstudio,
        12_000,
        "nerfstudio-project/nerfstudio engine/schedulers.py",
    ),
)


def restarts() -> CosineAnnealingWarmRestarts:
    return CosineAnnealingWarmRestarts(sgd(0.05), T_0=10, T_mult=2)


def sgdr() -> np.ndarray:
    """Stepped with the fractional epoch, as torch's documentation has it."""
    scheduler, lrs = restarts(), []
    for count in range(3_500):
        scheduler.step(count / 50)
        lrs.append(scheduler.optimizer.param_groups[0]["lr"])
    return np.array(lrs)


SGDR_LRS = sgdr()


def wide_resnet(count: int) -> float:
    """A warm-up of the batch in the first epoch; then milestones of the epoch, which have counted on."""
    epoch = count // 98
    return 0.1 * count / (98 + 1e-8) if epoch < 1 else 0.1 * 0.2 ** sum(epoch >= each for each in (15, 30, 40))


def ffcv(count: int) -> float:
    """Between the rates of the epochs, which rise in two epochs and fall in sixteen."""
    ends = np.interp([count // 100, count // 100 + 1], [0, 2, 18], [1e-4 * 0.5, 0.5, 0])
    return float(np.interp(count % 100, [0, 100], ends))


MISCELLANEOUS = (
    Found(
        "CycleGAN",
        "lambda_rule",
        "LambdaLR(optimizer, lambda epoch: 1.0 - max(0, epoch + 1 - 100) / float(100 + 1))",
        lambda: {"scheduler": lambda_lr(2e-4, lambda epoch: 1.0 - max(0, epoch + 1 - 100) / float(100 + 1))()},
        4_000,
        "junyanz/pytorch-CycleGAN-and-pix2pix models/networks.py",
        steps_per_epoch=20,
        loop=by_interval,
        rebuilt=True,
    ),
    Found(
        "Decision Transformer",
        "warm-up",
        "LambdaLR(optimizer, lambda steps: min((steps + 1) / 2_000, 1))",
        lambda_lr(1e-4, lambda steps: min((steps + 1) / 2_000, 1)),
        10_000,
        "kzl/decision-transformer gym/experiment.py",
        rebuilt=True,
    ),
    by_hand(
        "SGDR",
        "warm restarts of the fractional epoch",
        "CosineAnnealingWarmRestarts(optimizer, T_0=10, T_mult=2).step(epoch + i / 50)",
        lambda count: float(SGDR_LRS[count]),
        len(SGDR_LRS),
        "torch.optim.lr_scheduler.CosineAnnealingWarmRestarts.step",
        rebuilt=False,
    ),
    by_hand(
        "pytorch-cifar100",
        "warm-up of the batch, then milestones",
        "WarmUpLR(optimizer, len(loader)); MultiStepLR(optimizer, [15, 30, 40], gamma=0.2).step(epoch)",
        wide_resnet,
        4_900,
        "weiaicunzai/pytorch-cifar100 train.py",
    ),
    by_hand(
        "FFCV",
        "get_cyclic_lr, of the iteration",
        "np.interp(epoch, [0, 2, 18], [1e-4 * lr, lr, 0])",
        ffcv,
        1_800,
        "libffcv/ffcv-imagenet train_imagenet.py",
    ),
    by_hand(
        "PaddlePaddle",
        "InverseTimeDecay",
        "InverseTimeDecay(learning_rate=0.5, gamma=0.1)",
        lambda count: 0.5 / (1 + 0.1 * count),
        5_000,
        "PaddlePaddle/Paddle optimizer/lr.py",
    ),
    by_hand(
        "PointNet++",
        "steps, to a floor",
        "lr = max(1e-3 * 0.7 ** (epoch // 20), 1e-5)",
        lambda count: max(1e-3 * 0.7 ** (count // 25 // 20), 1e-5),
        7_500,
        "yanx27/Pointnet_Pointnet2_pytorch train_partseg.py",
    ),
)

ONE = after_warmup(1e-3, 200, cosine_to(1e-3, 1e-5, 200, 3_000))
NOISE = np.random.default_rng(7).normal(size=2_000)

CONTROLS = (
    control(
        "one value edited", "lrs[1_234] *= 1 + 1e-5", lambda count: ONE(count) * (1 + 1e-5 * (count == 1_234)), 3_000
    ),
    control("logistic", "0.1 / (1 + exp((t - 1_500) / 200))", lambda t: 0.1 / (1 + math.exp((t - 1_500) / 200)), 3_000),
    control(
        "REX", "0.1 * (1 - t / T) / (0.5 + 0.5 * (1 - t / T))", lambda t: 0.1 * (1 - t / 2_500) / (1 - t / 5_000), 2_500
    ),
    control(
        "timm's noise on the end of a cosine",
        "CosineLRScheduler(optimizer, 2_000, noise_range_t=[1_400, 1_900])",
        lambda t: 0.01 * half_cosine(t / 2_000) * (1 + 0.1 * NOISE[t] * (1_400 <= t < 1_900)),
        2_000,
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
    *NERF,
    *MISCELLANEOUS,
    *CONTROLS,
)
