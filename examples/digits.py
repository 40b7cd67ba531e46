"""A torch training run, migrated to JAX: the same learning rate at every step, the same weights at the end.

Needs torch and scikit-learn. A small network learns scikit-learn's handwritten digits twice: in torch with the
scheduler, in JAX with what ``jaxlr.from_torch`` makes of it.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
import torch
from sklearn.datasets import load_digits

import jaxlr

LR, MOMENTUM = 0.1, 0.9
BATCH, EPOCHS, WARMUP, TEST = 50, 12, 40, 297
TRAIN = 1797 - TEST  # digits
STEPS = EPOCHS * TRAIN // BATCH


class Digits(NamedTuple):
    """Images of 8 x 8 pixels, flat, and their labels; and the rows of each batch, for both frameworks."""

    train: tuple[np.ndarray, np.ndarray]
    test: tuple[np.ndarray, np.ndarray]
    batches: np.ndarray  # (STEPS, BATCH)


class Run(NamedTuple):
    """What a training leaves: the learning rate of each step, the weights, and the accuracy on the test digits."""

    lrs: np.ndarray  # float32
    weights: dict[str, np.ndarray]
    accuracy: float


class Result(NamedTuple):
    schedule: jaxlr.Schedule
    torch: Run
    jax: Run


def digits() -> Digits:
    rng = np.random.default_rng(0)
    images, labels = load_digits(return_X_y=True)
    images, labels = (images / 16).astype(np.float32), labels.astype(np.int32)
    order = rng.permutation(len(images))
    train, test = order[TEST:], order[:TEST]
    epochs = [rng.permutation(TRAIN) for _ in range(EPOCHS)]
    return Digits(
        (images[train], labels[train]), (images[test], labels[test]), np.concatenate(epochs).reshape(STEPS, BATCH)
    )


def recipe() -> tuple[torch.nn.Module, torch.optim.Optimizer, torch.optim.lr_scheduler.LRScheduler]:
    """The torch recipe to migrate."""
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(64, 64), torch.nn.Tanh(), torch.nn.Linear(64, 10))
    optimizer = torch.optim.SGD(model.parameters(), lr=LR, momentum=MOMENTUM)
    warmup = torch.optim.lr_scheduler.LinearLR(optimizer, start_factor=0.1, total_iters=WARMUP)
    cosine = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=STEPS - WARMUP)
    scheduler = torch.optim.lr_scheduler.SequentialLR(optimizer, [warmup, cosine], milestones=[WARMUP])
    return model, optimizer, scheduler


def train_torch(
    model: torch.nn.Module,
    optimizer: torch.optim.Optimizer,
    scheduler: torch.optim.lr_scheduler.LRScheduler,
    data: Digits,
) -> Run:
    images, labels = torch.tensor(data.train[0]), torch.tensor(data.train[1], dtype=torch.long)
    lrs = []
    for batch in torch.tensor(data.batches):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(images[batch]), labels[batch]).backward()
        lrs.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    with torch.no_grad():
        predicted = model(torch.tensor(data.test[0])).argmax(dim=1).numpy()
    return Run(np.float32(lrs), numpy_weights(model), np.mean(predicted == data.test[1]).item())


def train_jax(schedule: jaxlr.Schedule, weights: dict[str, np.ndarray], data: Digits) -> Run:
    # Torch's momentum is optax.sgd's: v = momentum * v + gradient; weights -= lr * v.
    optimizer = optax.sgd(schedule, momentum=MOMENTUM)

    @jax.jit
    def train_step(params: dict, state: optax.OptState, images: jax.Array, labels: jax.Array) -> tuple:
        lr = schedule(optax.tree.get(state, "count"))  # for the log: the rate that this update uses
        gradients = jax.grad(loss)(params, images, labels)
        updates, state = optimizer.update(gradients, state, params)
        return optax.apply_updates(params, updates), state, lr

    images, labels = data.train
    params = jax.tree.map(jnp.asarray, weights)
    state = optimizer.init(params)
    lrs = []
    with jax.default_matmul_precision("float32"):  # as torch has it; accelerators may take a shorter one
        for batch in data.batches:
            params, state, lr = train_step(params, state, images[batch], labels[batch])
            lrs.append(lr)
        predicted = logits(params, data.test[0]).argmax(axis=1)
    return Run(np.array(lrs), jax.tree.map(np.asarray, params), np.mean(predicted == data.test[1]).item())


def logits(params: dict, images: jax.Array) -> jax.Array:
    """The torch model, with torch's names and layouts: a Linear is x @ weight.T + bias."""
    hidden = jnp.tanh(images @ params["0.weight"].T + params["0.bias"])
    return hidden @ params["2.weight"].T + params["2.bias"]


def loss(params: dict, images: jax.Array, labels: jax.Array) -> jax.Array:
    return optax.softmax_cross_entropy_with_integer_labels(logits(params, images), labels).mean()


def numpy_weights(model: torch.nn.Module) -> dict[str, np.ndarray]:
    """A copy: torch goes on to train its own tensors in place."""
    return {name: tensor.numpy().copy() for name, tensor in model.state_dict().items()}


def main() -> Result:
    data = digits()
    model, optimizer, scheduler = recipe()
    # Before the training: count 0 is now.
    schedule, weights = jaxlr.from_torch(scheduler), numpy_weights(model)
    in_torch = train_torch(model, optimizer, scheduler, data)
    in_jax = train_jax(schedule, weights, data)

    equal = np.sum(in_torch.lrs == in_jax.lrs)
    differences = jax.tree.map(lambda a, b: np.abs(a - b).max(), in_torch.weights, in_jax.weights)
    print(f"schedule        {schedule}")
    print(f"learning rates  equal at {equal} of {STEPS} steps, as float32")
    print(f"final weights   differ by at most {max(differences.values()):.1e}")
    print(f"test accuracy   torch {in_torch.accuracy:.4f}, JAX {in_jax.accuracy:.4f}")
    return Result(schedule, in_torch, in_jax)


if __name__ == "__main__":
    main()
