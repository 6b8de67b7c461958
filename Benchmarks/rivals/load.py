"""From a checkpoint file to the features of one image: ViT-B/16, 224 pixels, timm's names."""

import pathlib
import sys

import timm
import torch
from safetensors.torch import load_file, save_file

from .timing import median_seconds


def build():
    return timm.create_model("vit_base_patch16_224", pretrained=False, num_classes=0).eval()


def run(options) -> dict:
    """Reads the file, fills a model that is there already, and runs it once; building it is not timed.

    Nothing is warmed up but the system's cache of files, as when a checkpoint is loaded in earnest.
    """
    model = build()
    image = torch.sin(torch.arange(3 * 224 * 224, dtype=torch.float32) * 0.01).reshape(1, 3, 224, 224)
    found = {}

    def work():
        is_pickle = options.file.endswith(".pth")
        state = torch.load(options.file, weights_only=True) if is_pickle else load_file(options.file)
        model.load_state_dict(state)
        with torch.inference_mode():
            found["features"] = model(image)

    seconds = median_seconds(work, options.repetitions, warm_up=0)
    return {"seconds": seconds, "check": found["features"].abs().sum().item()}


def make(path: str) -> None:
    """Writes a file of random weights, as torch.save or safetensors write them."""
    torch.manual_seed(0)
    state = build().state_dict()
    partial = pathlib.Path(path + ".part")
    if path.endswith(".pth"):
        torch.save(state, partial)
    else:
        save_file(state, partial, metadata={"format": "pt"})
    partial.rename(path)


if __name__ == "__main__":
    make(sys.argv[1])
