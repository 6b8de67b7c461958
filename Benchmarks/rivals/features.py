"""Features of a frozen ViT-B/16 at 224 pixels: class tokens after the final norm."""

import timm
import torch

from .timing import median_seconds


def run(options) -> dict:
    """timm's model in evaluation and inference mode; in bf16 the weights are cast once, not at each call."""
    model = timm.create_model("vit_base_patch16_224", pretrained=False, num_classes=0).eval()
    images = torch.randn(options.batch, 3, 224, 224)
    if options.precision == "bf16":
        model, images = model.to(torch.bfloat16), images.to(torch.bfloat16)
    with torch.inference_mode():
        seconds = median_seconds(lambda: model(images), options.repetitions)
    return {"seconds": seconds, "images_per_second": options.batch / seconds}
