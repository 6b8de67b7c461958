"""Loads a checkpoint folder that Unmask wrote into timm: no renaming, nothing missing, nothing left over."""

import json
import pathlib

import numpy
import timm
import torch
from safetensors.torch import load_file


def check_folder(path: str, images: str | None, tokens: str | None) -> int:
    """Loads the folder strictly, prints the output's size, and compares tokens where they are given.

    Returns 0 when the checkpoint loads and, if asked, agrees to 1e-4 of the largest token.
    """
    folder = pathlib.Path(path)
    config = json.loads((folder / "config.json").read_text())
    model = timm.create_model(config["architecture"], pretrained=False, **config.get("model_args", {}))
    model.load_state_dict(load_file(folder / "model.safetensors"), strict=True)
    model.eval()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    side = model.patch_embed.img_size if hasattr(model, "patch_embed") else (32, 32)
    batch = torch.from_numpy(numpy.load(images)) if images else torch.randn(2, 3, *side)
    with torch.inference_mode():
        theirs = model.forward_features(batch)
    count = sum(parameter.numel() for parameter in model.parameters())
    largest = theirs.abs().max().item()
    print(f"{config['architecture']}: {count:,} parameters loaded strictly; features {tuple(theirs.shape)}, max abs {largest:.6g}")
    if tokens is None:
        return 0
    ours = torch.from_numpy(numpy.load(tokens))
    difference = (ours - theirs).abs().max().item()
    print(f"largest difference from {tokens}: {difference:.3g} ({difference / largest:.2g} of the largest)")
    return 0 if difference <= 1e-4 * largest else 1
