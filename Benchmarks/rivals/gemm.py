"""A plain matrix product: the rate that everything else is measured against."""

import torch

from .timing import median_seconds


def run(options) -> dict:
    """input [rows, width] times weight [width, outputs], twenty times a repetition."""
    kind = torch.bfloat16 if options.precision == "bf16" else torch.float32
    input = torch.randn(options.rows, options.width).to(kind)
    weight = torch.randn(options.width, options.outputs).to(kind)
    output = torch.empty(options.rows, options.outputs, dtype=kind)

    def work():
        for _ in range(20):
            torch.mm(input, weight, out=output)

    return {"seconds": median_seconds(work, options.repetitions) / 20}
