"""Goldens of torchvision's ResNet in training: one step forwards and backwards on a batch."""

import numpy
import torch
from torchvision.models.resnet import BasicBlock, Bottleneck, ResNet

from .store import Golden


def drawn(count: int, ordinal: int) -> torch.Tensor:
    """`count` numbers in -0.5 to 0.5 that a few lines in any language give, so that no weights need to be stored."""
    x = numpy.arange(count, dtype=numpy.uint32) * numpy.uint32(2654435761) + numpy.uint32(ordinal * 805459861 % 2**32)
    for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B)):
        x = (x ^ (x >> numpy.uint32(shift))) * numpy.uint32(factor)
    x ^= x >> numpy.uint32(16)
    return torch.from_numpy((x >> numpy.uint32(8)).astype(numpy.float32) / 2**24 - 0.5)


def fill(model: torch.nn.Module) -> None:
    """Weights and running statistics by their place in the state dictionary."""
    for ordinal, (name, tensor) in enumerate(model.state_dict().items()):
        values = drawn(tensor.numel(), ordinal).reshape(tensor.shape)
        if tensor.ndim == 4:
            values *= 2 * (6 / tensor[0].numel()) ** 0.5
        elif name.endswith("running_var"):
            values = 1 + 0.8 * values
        elif tensor.ndim == 1:
            values = (1 if name.endswith("weight") else 0) + 0.4 * values
        else:
            values = torch.zeros(tensor.shape)
        tensor.copy_(values.to(tensor.dtype))


def sampled(tensor: torch.Tensor) -> torch.Tensor:
    """Sixteen elements at even distances, and the root of the sum of squares."""
    flat = tensor.detach().flatten().double()
    places = [index * flat.numel() // 16 for index in range(16)]
    return torch.cat([flat[places], flat.norm()[None]])


def network(block, layers: list[int], width: int, small: bool) -> ResNet:
    """torchvision's ResNet with `width` in place of 64 channels; `small` has CIFAR's stem."""
    model = ResNet(block, layers, num_classes=1)
    model.inplanes = width
    model.conv1 = torch.nn.Conv2d(3, width, *((3, 1, 1) if small else (7, 2, 3)), bias=False)
    model.bn1 = torch.nn.BatchNorm2d(width)
    if small:
        model.maxpool = torch.nn.Identity()
    for index, count in enumerate(layers):
        stage = model._make_layer(block, width << index, count, stride=1 if index == 0 else 2)
        setattr(model, f"layer{index + 1}", stage)
    model.fc = torch.nn.Identity()
    return model


def resnet_training(golden: Golden) -> None:
    """One step of torchvision's ResNets in training mode, weights, images and probe from `drawn`.

    Cases: `basic` and `bottleneck` (narrow), `resnet18` (64 channels, ImageNet's stem), `resnet18_small` (CIFAR's stem).
    Each: pooled [batch, width], gradients [parameters, 17] of sum(pooled * probe) and statistics [.., 17] after the step,
    as `sampled` gives them, in the order of the state dictionary. Settings: `batch`, `side`, `width`, `small`,
    `bottleneck`, `depths` (blocks of each stage as one number, 2121).
    Images are 3.4 * drawn(.., 1000), the probe drawn(.., 2000). Batches are such that no element lies so near a kink
    of ReLU or of the maximum that rounding decides its side: float32 and float64 agree to 1e-5.
    """
    for name, block, layers, width, small, batch, side in [
        ("basic", BasicBlock, [2, 1, 1, 1], 4, False, 8, 64),
        ("bottleneck", Bottleneck, [1, 2, 1, 1], 4, False, 8, 64),
        ("resnet18", BasicBlock, [2, 2, 2, 2], 64, False, 16, 64),
        ("resnet18_small", BasicBlock, [2, 2, 2, 2], 64, True, 8, 16),
    ]:
        model = network(block, layers, width, small).train()
        fill(model)
        images = 3.4 * drawn(batch * 3 * side * side, 1000).reshape(batch, 3, side, side)
        pooled = model(images)
        (pooled * drawn(pooled.numel(), 2000).reshape(pooled.shape)).sum().backward()
        state = model.state_dict()
        gradients = [sampled(parameter.grad) for parameter in model.parameters()]
        statistics = [sampled(state[key]) for key in state if "running" in key]
        golden.case(
            name, {"pooled": pooled, "gradients": torch.stack(gradients), "statistics": torch.stack(statistics)},
            batch=batch, side=side, width=width, small=small, bottleneck=block is Bottleneck,
            depths=int("".join(map(str, layers))))


GOLDENS = [resnet_training]
