"""Goldens of optimisers, gradient clipping and learning-rate schedules."""

import math

import torch

from .store import Golden

STEPS = 10
SHAPES = {"matrix": (5, 7), "vector": (6,), "token": (1, 1, 4)}


class Lars(torch.optim.Optimizer):
    """LARS as the MAE linear probe uses it: tensors of one dimension are neither decayed nor rescaled.

    g <- g + decay * w; g <- g * trust * |w| / |g| (1 where a norm is zero); m <- momentum * m + g;
    w <- w - rate * m.
    """

    def __init__(self, parameters, lr, momentum, trust, weight_decay):
        super().__init__(
            parameters, dict(lr=lr, momentum=momentum, trust=trust, weight_decay=weight_decay))

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for weight in group["params"]:
                gradient = weight.grad
                if weight.ndim > 1:
                    gradient = gradient + group["weight_decay"] * weight
                    weight_norm, gradient_norm = weight.norm(), gradient.norm()
                    if weight_norm > 0 and gradient_norm > 0:
                        gradient = gradient * (group["trust"] * weight_norm / gradient_norm)
                state = self.state.setdefault(weight, {})
                if "momentum" not in state:
                    state["momentum"] = torch.zeros_like(weight)
                state["momentum"].mul_(group["momentum"]).add_(gradient)
                weight.sub_(group["lr"] * state["momentum"])


def optimizers(golden: Golden) -> None:
    """Ten steps of an optimiser on given gradients.

    For each of the parameters matrix [5, 7], vector [6] and token [1, 1, 4]: NAME, the value before;
    NAME_gradients [10, ...], the gradient of each step; NAME_values [10, ...], the value after each step.
    rates [10]: the learning rate of each step. Weight decay leaves tensors of one dimension alone.
    Settings: `kind` adamw|sgd|lars and the kind's own (`beta1`, `beta2`, `epsilon`, `weight_decay`,
    `momentum`, `trust`). AdamW's decay is decoupled: w <- w - rate * decay * w. SGD's and LARS's is added
    to the gradient. Case `lars_zero` starts the matrix at zero (the trust ratio is 1 then).
    """
    constant = [1e-2] * STEPS
    falling = [3e-2 * (1 - step / STEPS) for step in range(STEPS)]
    for name, kind, rates, settings in [
        ("adamw", "adamw", constant, dict(beta1=0.9, beta2=0.95, epsilon=1e-8, weight_decay=0.05)),
        ("adamw_falling", "adamw", falling, dict(beta1=0.9, beta2=0.999, epsilon=1e-8, weight_decay=0.3)),
        ("sgd", "sgd", constant, dict(momentum=0.9, weight_decay=0.0)),
        ("sgd_decay", "sgd", falling, dict(momentum=0.9, weight_decay=0.01)),
        ("lars", "lars", [6.4] * STEPS, dict(momentum=0.9, trust=0.001, weight_decay=0.0)),
        ("lars_decay", "lars", falling, dict(momentum=0.9, trust=0.001, weight_decay=0.1)),
        ("lars_zero", "lars", constant, dict(momentum=0.9, trust=0.001, weight_decay=0.0)),
    ]:
        zero = name == "lars_zero"
        weights = {key: torch.randn(*shape) for key, shape in SHAPES.items()}
        if zero:
            weights["matrix"].zero_()
        tensors = {key: value.clone() for key, value in weights.items()} | {"rates": torch.tensor(rates)}
        gradients = {key: torch.randn(STEPS, *shape) for key, shape in SHAPES.items()}
        values = {key: [] for key in SHAPES}
        optimizer = _optimizer(kind, weights, settings)
        for step, rate in enumerate(rates):
            for group in optimizer.param_groups:
                group["lr"] = rate
            for key, weight in weights.items():
                weight.grad = gradients[key][step].clone()
            optimizer.step()
            for key, weight in weights.items():
                values[key].append(weight.detach().clone())
        for key in SHAPES:
            tensors |= {f"{key}_gradients": gradients[key], f"{key}_values": torch.stack(values[key])}
        golden.case(name, tensors, kind=kind, **settings)


def _optimizer(kind: str, weights: dict[str, torch.Tensor], settings: dict) -> torch.optim.Optimizer:
    decay = settings["weight_decay"]
    groups = [
        {"params": [value for value in weights.values() if value.ndim > 1], "weight_decay": decay},
        {"params": [value for value in weights.values() if value.ndim == 1], "weight_decay": 0.0},
    ]
    if kind == "adamw":
        betas = (settings["beta1"], settings["beta2"])
        return torch.optim.AdamW(groups, lr=1, betas=betas, eps=settings["epsilon"])
    if kind == "sgd":
        return torch.optim.SGD(groups, lr=1, momentum=settings["momentum"])
    return Lars(groups, 1, settings["momentum"], settings["trust"], decay)


def clipping(golden: Golden) -> None:
    """Clipping by the norm of all gradients together: NAME in, NAME_clipped out, `norm` [1] before.

    Settings: `limit`. The factor is limit / (norm + 1e-6), and 1 where the norm is below the limit.
    """
    for name, limit in [("clips", 1.5), ("leaves", 1000.0)]:
        weights = {key: torch.zeros(*shape) for key, shape in SHAPES.items()}
        for weight in weights.values():
            weight.grad = torch.randn_like(weight)
        tensors = {key: weight.grad.clone() for key, weight in weights.items()}
        norm = torch.nn.utils.clip_grad_norm_(list(weights.values()), limit)
        tensors |= {f"{key}_clipped": weight.grad for key, weight in weights.items()}
        golden.case(name, tensors | {"norm": norm.reshape(1)}, limit=limit)


def schedule(golden: Golden) -> None:
    """Linear warm-up from zero, then half a cosine, at every iteration: rates [epochs * iterations].

    With e = iteration / iterations (in epochs): rate = peak * e / warmup below warmup, otherwise
    floor + (peak - floor) / 2 * (1 + cos(pi * (e - warmup) / (epochs - warmup))).
    Settings: `peak`, `floor`, `warmup`, `epochs`, `iterations` (of an epoch).
    """
    for name, peak, floor, warmup, epochs, iterations in [
        ("mae", 2.4e-3, 0.0, 4, 20, 7), ("floor", 1.5e-4, 1e-6, 2, 9, 5), ("no_warmup", 0.1, 0.0, 0, 6, 4),
        ("only_warmup", 0.1, 0.0, 3, 3, 4),
    ]:
        rates = []
        for iteration in range(epochs * iterations):
            epoch = iteration / iterations
            if epoch < warmup:
                rates.append(peak * epoch / warmup)
            else:
                turn = math.pi * (epoch - warmup) / (epochs - warmup)
                rates.append(floor + (peak - floor) / 2 * (1 + math.cos(turn)))
        golden.case(
            name, {"rates": torch.tensor(rates, dtype=torch.float64)}, peak=peak, floor=floor, warmup=warmup,
            epochs=epochs, iterations=iterations)


GOLDENS = [optimizers, clipping, schedule]
