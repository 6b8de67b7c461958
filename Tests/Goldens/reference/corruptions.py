"""Goldens of corruptions: NumPy, in the arithmetic of the published scripts."""

import numpy
import torch

from .store import Golden

DEVIATIONS = {
    "cifar-c-math": (0.04, 0.06, 0.08, 0.09, 0.10),
    "imagenet-c-math": (0.08, 0.12, 0.18, 0.26, 0.38),
}


def corruptions(golden: Golden) -> None:
    """Gaussian noise on given draws (Hendrycks and Dietterich 2019; float64, then truncated to uint8).

    A case a generator: pixels [12, 10, 3] in 0 ... 255; for severities 1 to 5 draws_S [12, 10, 3], standard normal, and
    output_S [12, 10, 3].
    """
    for name, deviations in DEVIATIONS.items():
        pixels = torch.randint(256, (12, 10, 3))
        pixels[0], pixels[1], pixels[2] = 0, 255, 128
        tensors = {"pixels": pixels}
        for severity, deviation in enumerate(deviations, start=1):
            draws = torch.randn(12, 10, 3)
            spoilt = pixels.numpy() / 255.0 + deviation * draws.numpy().astype(numpy.float64)
            tensors[f"draws_{severity}"] = draws
            output = numpy.uint8(numpy.clip(spoilt, 0, 1) * 255)
            tensors[f"output_{severity}"] = torch.tensor(output.astype(numpy.float32))
        golden.case(name, tensors)


GOLDENS = [corruptions]
