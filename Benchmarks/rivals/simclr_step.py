"""One training step of SimCLR on a ResNet: forward, backward, AdamW, in eager mode, channels last."""

import torch
from torch import nn
from torch.nn import functional
from torchvision.models import resnet18

from .timing import median_seconds


def run(options) -> dict:
    """ResNet-18 with CIFAR's stem, two views of each image at 32 pixels; projector 512 → 128; batch norm.

    bf16 is autocast over float32 weights. The views are ready in memory.
    """
    model = resnet18()
    model.conv1, model.maxpool, model.fc = nn.Conv2d(3, 64, 3, 1, 1, bias=False), nn.Identity(), nn.Identity()
    projector = nn.Sequential(
        nn.Linear(512, 512, bias=False), nn.BatchNorm1d(512), nn.ReLU(), nn.Linear(512, 128, bias=False),
        nn.BatchNorm1d(128))
    model = model.to(memory_format=torch.channels_last).train()
    optimizer = torch.optim.AdamW([*model.parameters(), *projector.parameters()], lr=1e-4, weight_decay=0.05)
    images = torch.randn(2 * options.batch, 3, 32, 32).to(memory_format=torch.channels_last)
    partners = torch.arange(2 * options.batch).roll(options.batch)
    own = torch.eye(2 * options.batch, dtype=torch.bool)
    loss = torch.zeros(())

    def work():
        nonlocal loss
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=options.precision == "bf16"):
            rows = projector(model(images))
        rows = functional.normalize(rows.float(), dim=1)
        loss = 2 * functional.cross_entropy((rows @ rows.T / 0.5).masked_fill(own, -1e9), partners)
        loss.backward()
        optimizer.step()

    seconds = median_seconds(work, options.repetitions)
    return {"seconds": seconds, "images_per_second": options.batch / seconds, "check": loss.item()}
