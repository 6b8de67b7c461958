"""Small residual networks in the form of their real files."""

import torch
import torchvision
from torchvision.models.resnet import BasicBlock, Bottleneck, ResNet

FAMILIES = {}


def family(function):
    FAMILIES[function.__name__] = function
    return function


def randomize(model: torch.nn.Module) -> None:
    """Weights and running statistics of their own for every layer."""
    for name, parameter in model.named_parameters():
        scale = 0.2 if parameter.ndim == 1 else 1.4 / parameter[0].numel() ** 0.5
        centre = 1.0 if parameter.ndim == 1 and name.endswith("weight") else 0.0
        parameter.data = centre + scale * torch.randn_like(parameter)
    for name, buffer in model.named_buffers():
        if name.endswith("running_mean"):
            buffer.data = 0.2 * torch.randn_like(buffer)
        if name.endswith("running_var"):
            buffer.data = 0.5 + torch.rand_like(buffer)


def narrow(block, layers, width=4) -> ResNet:
    """torchvision's ResNet with `width` in place of its 64 channels."""
    model = ResNet(BasicBlock, [1, 1, 1, 1], num_classes=5)
    model.inplanes = width
    model.conv1 = torch.nn.Conv2d(3, width, 7, stride=2, padding=3, bias=False)
    model.bn1 = torch.nn.BatchNorm2d(width)
    for index, count in enumerate(layers):
        stage = model._make_layer(block, width << index, count, stride=1 if index == 0 else 2)
        setattr(model, f"layer{index + 1}", stage)
    model.fc = torch.nn.Linear((width << 3) * block.expansion, 5)
    randomize(model)
    return model.eval()


def outputs(model, images, sides=(32, 48)) -> dict:
    """Feature maps of the four stages and the classifier's scores."""
    result = {}
    for side in sides:
        x = model.maxpool(model.relu(model.bn1(model.conv1(images[f"images/{side}"]))))
        for stage in range(1, 5):
            x = getattr(model, f"layer{stage}")(x)
            result[f"{side}/stage{stage}"] = x
        result[f"{side}/logits"] = model.fc(x.mean((2, 3)))
    return result


@family
def resnet_basic(folder, images) -> dict:
    """torchvision's basic blocks, as ResNet-18 and 34: a bare state dictionary."""
    model = narrow(BasicBlock, [2, 1, 1, 1])
    torch.save(model.state_dict(), folder / "resnet_basic.pth")
    return outputs(model, images)


@family
def resnet_bottleneck(folder, images) -> dict:
    """torchvision's v1.5 bottlenecks, as ResNet-50 and deeper, in MoCo's wrapper and the legacy format."""
    model = narrow(Bottleneck, [1, 2, 1, 1], width=2)
    state = {"module.encoder_q." + key: value for key, value in model.state_dict().items()}
    key = {"module.encoder_k." + name: value + 1 for name, value in model.state_dict().items()}
    torch.save({"epoch": 200, "arch": "resnet50", "state_dict": {**state, **key}},
               folder / "resnet_bottleneck.pth.tar", _use_new_zipfile_serialization=False)
    return outputs(model, images)
