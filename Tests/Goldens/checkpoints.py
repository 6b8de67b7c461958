#!/usr/bin/env python3
"""Writes small checkpoints of every family, in the form of their real files, and the tokens they give.

    python3 Tests/Goldens/checkpoints.py                  write checkpoints/
    python3 Tests/Goldens/checkpoints.py mae beit         only these families

Needs the packages of requirements.txt, and transformers. Seeded; one thread.

checkpoints/formats/          files of every format (checkpoint_formats.py)
checkpoints/FAMILY...         a file or folder as the family publishes it, random weights, width 24, 2 blocks,
                              3 heads, patch 4, side 16
checkpoints/images.safetensors    images/SIDE [2, 3, SIDE, SIDE]
checkpoints/expected.safetensors  FAMILY/SIDE/tokens: after the final norm, FAMILY/SIDE/block1: after the
                              first block; FAMILY/SIDE/logits where a classifier or projection came along

The functions of checkpoint_vits.py and checkpoint_resnets.py that are named after a family say how its file
comes about and which library computes its tokens.
"""

import pathlib
import sys
import zlib

import torch
from safetensors.torch import load_file, save_file

import checkpoint_formats
import checkpoint_resnets
import checkpoint_vits

folder = pathlib.Path(__file__).resolve().parent / "checkpoints"


def main() -> int:
    torch.set_num_threads(1)
    folder.mkdir(exist_ok=True)
    families = {**checkpoint_vits.FAMILIES, **checkpoint_resnets.FAMILIES}
    names = sys.argv[1:] or list(families)
    torch.manual_seed(7)
    images = {f"images/{side}": torch.randn(2, 3, side, side) for side in (16, 24, 32, 48, 8)}
    save_file(images, folder / "images.safetensors")
    path = folder / "expected.safetensors"
    expected = load_file(path) if sys.argv[1:] and path.exists() else {}
    for name in names:
        torch.manual_seed(zlib.crc32(name.encode()))
        outputs = families[name](folder, images)
        expected.update({f"{name}/{key}": value.detach().float().contiguous() for key, value in outputs.items()})
    save_file(expected, path)
    if not sys.argv[1:]:
        torch.manual_seed(1)
        checkpoint_formats.write(folder / "formats")
    total = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    print(f"{len(names)} families, {total / 1e6:.2f} MB")
    return 0


if __name__ == "__main__":
    with torch.no_grad():
        sys.exit(main())
