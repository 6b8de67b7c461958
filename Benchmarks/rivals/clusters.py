"""Features that look like an encoder's: one noisy cluster a class."""

import torch


def clusters(rows: int, centres: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Features [rows, width] around centres [classes, width], and labels [rows]."""
    labels = torch.randint(len(centres), (rows,))
    return centres[labels] + torch.randn(rows, centres.shape[1]).mul_(5), labels
