"""One training step of SimMIM: forward, backward, AdamW, in eager mode."""

import torch
from timm.models.vision_transformer import VisionTransformer
from torch import nn
from torch.nn import functional

from .timing import median_seconds


def run(options) -> dict:
    """ViT-Ti (192 wide, 12 deep, 3 heads), patch 4 at 32 pixels; 10 of 16 cells of 2 × 2 patches hidden.

    A learned vector stands at hidden patches, a 1×1 convolution and a pixel shuffle give the pixels; bf16 is autocast
    over float32 weights. The images are ready in memory.
    """
    model = VisionTransformer(
        img_size=32, patch_size=4, embed_dim=192, depth=12, num_heads=3, num_classes=0, global_pool="token")
    token, head = nn.Parameter(torch.zeros(192)), nn.Conv2d(192, 48, 1)
    hidden = torch.zeros(options.batch, 64)
    model.patch_embed.register_forward_hook(
        lambda _, __, output: torch.where(hidden[..., None] > 0, token.to(output.dtype), output))
    optimizer = torch.optim.AdamW([*model.parameters(), *head.parameters(), token], lr=1e-4, weight_decay=0.05)
    images = torch.randn(options.batch, 3, 32, 32)
    loss = torch.zeros(())

    def work():
        nonlocal loss
        optimizer.zero_grad(set_to_none=True)
        cells = torch.rand(options.batch, 16).argsort(1)[:, :10]
        chosen = torch.zeros(options.batch, 16).scatter_(1, cells, 1).reshape(-1, 4, 4)
        grid = chosen.repeat_interleave(2, 1).repeat_interleave(2, 2)
        hidden.copy_(grid.reshape(options.batch, 64))
        mask = grid.repeat_interleave(4, 1).repeat_interleave(4, 2)[:, None]
        with torch.autocast("cpu", torch.bfloat16, enabled=options.precision == "bf16"):
            tokens = model.forward_features(images)[:, 1:]
            maps = tokens.transpose(1, 2).reshape(options.batch, 192, 8, 8)
            predicted = functional.pixel_shuffle(head(maps), 4)
        loss = ((images - predicted.float()).abs() * mask).sum() / (mask.sum() + 1e-5) / 3
        loss.backward()
        optimizer.step()

    seconds = median_seconds(work, options.repetitions)
    return {"seconds": seconds, "images_per_second": options.batch / seconds, "check": loss.item()}
