"""Small checkpoints of every family, in the form of their real files, and the tokens they give.

Seeded; one thread.

checkpoints/formats/          files of every format (checkpoint_formats.py)
checkpoints/FAMILY...         a file or folder as the family publishes it, random weights, width 24, 2 blocks,
                              3 heads, patch 4, side 16
checkpoints/images.safetensors    images/SIDE [2, 3, SIDE, SIDE]
checkpoints/expected.safetensors  FAMILY/SIDE/tokens: after the final norm, FAMILY/SIDE/block1: after the
                              first block; FAMILY/SIDE/logits where a classifier or projection came along

The functions of checkpoint_vits.py, checkpoint_resnets.py and checkpoint_everyday.py that are named after a family say how its file
comes about and which library computes its tokens.
"""

import pathlib
import zlib

import torch
from safetensors.torch import save_file

import checkpoint_everyday
import checkpoint_formats
import checkpoint_resnets
import checkpoint_vits


def write(folder: pathlib.Path) -> None:
    """Writes everything into a folder."""
    torch.set_num_threads(1)
    torch.manual_seed(7)
    images = {f"images/{side}": torch.randn(2, 3, side, side) for side in (16, 24, 32, 48, 8)}
    save_file(images, folder / "images.safetensors")
    expected = {}
    families = {**checkpoint_vits.FAMILIES, **checkpoint_resnets.FAMILIES, **checkpoint_everyday.FAMILIES}
    with torch.no_grad():
        for name, make in families.items():
            torch.manual_seed(zlib.crc32(name.encode()))
            outputs = make(folder, images)
            expected.update(
                {f"{name}/{key}": value.detach().float().contiguous() for key, value in outputs.items()})
        save_file(expected, folder / "expected.safetensors")
        torch.manual_seed(1)
        checkpoint_formats.write(folder / "formats")
