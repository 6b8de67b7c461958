"""Small residual networks in the form of their real files."""

import torch
import torchvision
import transformers
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


@family
def resnet_sequential(folder, images) -> dict:
    """lightly's backbone: the children of torchvision's network but its classifier, by position."""
    model = narrow(BasicBlock, [1, 1, 1, 1], width=2)
    backbone = torch.nn.Sequential(*list(model.children())[:-1])
    state = {"backbone." + name: value for name, value in backbone.state_dict().items()}
    torch.save({"state_dict": {**state, "projection_head.layers.0.weight": torch.randn(4, 16)}},
               folder / "resnet_sequential.ckpt")
    return outputs(model, images, (32,))


@family
def resnet_shortcut(folder, images) -> dict:
    """pytorch-cifar's names, `shortcut` and `linear`, for a stem of 3x3 without pooling."""
    model = narrow(BasicBlock, [1, 1, 1, 1], width=2)
    model.conv1 = torch.nn.Conv2d(3, 2, 3, padding=1, bias=False)
    model.maxpool = torch.nn.Identity()
    randomize(model)
    model.eval()
    names = (("downsample", "shortcut"), ("fc.", "linear."))
    state = {}
    for name, value in model.state_dict().items():
        for old, new in names:
            name = name.replace(old, new)
        state["module." + name] = value
    torch.save({"net": state, "acc": 93.5, "epoch": 199}, folder / "resnet_shortcut.pth")
    return outputs(model, images, (32,))


def hugging_face(folder, images, name, **settings) -> dict:
    """A folder as transformers saves it; feature maps of all stages and the classifier's scores."""
    config = transformers.ResNetConfig(
        embedding_size=4, depths=[1, 2, 1, 1], num_labels=5, out_features=[f"stage{i}" for i in range(1, 5)], **settings)
    model = transformers.ResNetForImageClassification(config)
    randomize(model)
    model.eval()
    target = folder / name
    target.mkdir(exist_ok=True)
    model.save_pretrained(target)
    states = model(images["images/32"], output_hidden_states=True)
    result = {f"32/stage{index}": state for index, state in enumerate(states.hidden_states) if index}
    return {**result, "32/logits": states.logits}


@family
def hf_resnet(folder, images) -> dict:
    """Hugging Face's basic blocks."""
    return hugging_face(folder, images, "hf_resnet", hidden_sizes=[4, 8, 8, 16], layer_type="basic")


@family
def hf_resnet_bottleneck(folder, images) -> dict:
    """Hugging Face's bottlenecks (ResNet-50 and deeper)."""
    return hugging_face(
        folder, images, "hf_resnet_bottleneck", hidden_sizes=[8, 16, 32, 64], layer_type="bottleneck")
