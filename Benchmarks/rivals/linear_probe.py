"""The linear probe of MAE on cached features: BatchNorm without affine, linear layer, LARS."""

import math
import pathlib
import sys

import torch

from .clusters import clusters
from .timing import median_seconds

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "Tests" / "Goldens"))
from reference.optimizers import Lars  # noqa: E402


def run(options) -> dict:
    """Trains a whole probe: a shuffled pass over the features each epoch, warm-up of 10 epochs, cosine."""
    features, labels = clusters(options.rows, torch.randn(options.classes, options.width))
    loss = torch.zeros(())

    def work():
        nonlocal loss
        head = torch.nn.Sequential(
            torch.nn.BatchNorm1d(options.width, affine=False, eps=1e-6),
            torch.nn.Linear(options.width, options.classes))
        torch.nn.init.trunc_normal_(head[1].weight, std=0.01)
        torch.nn.init.zeros_(head[1].bias)
        peak = 0.1 * options.batch / 256
        optimizer = Lars(head.parameters(), peak, momentum=0.9, trust=0.001, weight_decay=0)
        batches = math.ceil(options.rows / options.batch)
        warm_up = min(10, options.epochs // 2)
        for epoch in range(options.epochs):
            order = torch.randperm(options.rows)
            for index, rows in enumerate(order.split(options.batch)):
                place = epoch + index / batches
                if place < warm_up:
                    rate = peak * place / warm_up
                else:
                    turn = (place - warm_up) / (options.epochs - warm_up)
                    rate = peak * 0.5 * (1 + math.cos(math.pi * turn))
                optimizer.param_groups[0]["lr"] = rate
                optimizer.zero_grad(set_to_none=True)
                loss = torch.nn.functional.cross_entropy(head(features[rows]), labels[rows])
                loss.backward()
                optimizer.step()

    seconds = median_seconds(work, options.repetitions, warm_up=0)
    images = options.rows * options.epochs
    return {"seconds": seconds, "images_per_second": images / seconds, "check": loss.item()}
