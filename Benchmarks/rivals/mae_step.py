"""One training step of a small masked autoencoder: forward, backward, AdamW, in eager mode."""

import pathlib
import sys

import torch

from .timing import median_seconds

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "Tests" / "Goldens"))
from reference.masked_autoencoder import MaskedAutoencoder  # noqa: E402


def run(options) -> dict:
    """ViT-Ti (192 wide, 12 deep, 3 heads), patch 4 at 32 pixels; decoder 96 wide, 4 deep, 4 heads.

    75 % of the patches are hidden, the targets are normalised patches; bf16 is autocast over float32
    weights. The images are ready in memory.
    """
    model = MaskedAutoencoder(32, 4, 192, 12, 3, 96, 4, 4)
    optimizer = torch.optim.AdamW(model.decay_groups(0.05), lr=1.5e-4, betas=(0.9, 0.95))
    images = torch.randn(options.batch, 3, 32, 32)
    loss = torch.zeros(())

    def work():
        nonlocal loss
        optimizer.zero_grad(set_to_none=True)
        noise = torch.rand(options.batch, model.patches)
        with torch.autocast("cpu", torch.bfloat16, enabled=options.precision == "bf16"):
            loss, _, _ = model(images, noise)
        loss.backward()
        optimizer.step()

    seconds = median_seconds(work, options.repetitions)
    return {
        "seconds": seconds, "images_per_second": options.batch / seconds, "check": loss.item()}
