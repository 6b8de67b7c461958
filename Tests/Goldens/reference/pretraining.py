"""Whole steps of pretraining methods in PyTorch, written from the methods' sheets, and the rules of training around them."""

import timm
import torch
from timm.models.vision_transformer import VisionTransformer
from timm.optim import param_groups_layer_decay
from timm.utils import ModelEmaV3
from torch import nn
from torch.nn import functional
from torchvision.models.resnet import BasicBlock

from .residual_network import drawn, fill, network, sampled
from .store import Golden
from .vision_transformer import randomize, sine_cosine_positions

MEAN = torch.tensor([0.485, 0.456, 0.406])[:, None, None]
DEVIATION = torch.tensor([0.229, 0.224, 0.225])[:, None, None]


def transformer() -> VisionTransformer:
    """Width 24, depth 2, 3 heads, patch 4 at 16 pixels, fixed positions; tokens after the final norm."""
    model = VisionTransformer(
        img_size=16, patch_size=4, embed_dim=24, depth=2, num_heads=3, global_pool="token", num_classes=0)
    randomize(model)
    model.pos_embed.data = sine_cosine_positions(24, 4, 4, True)
    model.pos_embed.requires_grad_(False)
    return model


def replaced(model: VisionTransformer, token: torch.Tensor, hidden: torch.Tensor):
    """Puts the token in the place of the embedding of hidden patches, before positions are added."""
    return model.patch_embed.register_forward_hook(
        lambda _, __, output: torch.where(hidden[..., None] > 0, token, output))


def gradients(modules: dict[str, nn.Module]) -> dict[str, torch.Tensor]:
    return {
        f"gradients/{prefix}{name}": value.grad for prefix, module in modules.items()
        for name, value in module.named_parameters() if value.requires_grad}


def parameters(modules: dict[str, nn.Module]) -> dict[str, torch.Tensor]:
    return {
        f"parameters/{prefix}{name}": value.detach().clone() for prefix, module in modules.items()
        for name, value in module.named_parameters()}


def simmim(golden: Golden) -> None:
    model, head, token = transformer(), nn.Conv2d(24, 48, 1), torch.randn(24, requires_grad=True)
    randomize(head)
    images, hidden = torch.randn(3, 3, 16, 16), torch.zeros(3, 16)
    for row, cells in zip(hidden, [(0, 1, 3), (1, 2, 3), (0, 2, 3)]):
        row.view(2, 2, 2, 2)[:] = torch.tensor(
            [[cell in cells for cell in (0, 1)], [cell in cells for cell in (2, 3)]])[:, None, :, None]
    tensors = parameters({"": model, "decoder.0.": head}) | {"parameters/encoder_mask_token": token.detach().clone()}
    replaced(model, token, hidden)
    features = model.forward_features(images)[:, 1:].transpose(1, 2).reshape(3, 24, 4, 4)
    predicted = functional.pixel_shuffle(head(features), 4)
    mask = hidden.reshape(3, 1, 4, 4).repeat_interleave(4, 2).repeat_interleave(4, 3)
    loss = ((images - predicted).abs() * mask).sum() / (mask.sum() + 1e-5) / 3
    loss.backward()
    tensors |= gradients({"": model, "decoder.0.": head}) | {"gradients/encoder_mask_token": token.grad}
    golden.case("simmim", tensors | {"images": images, "hidden": hidden, "loss": loss.detach().reshape(1)})


def corrupted(images: torch.Tensor, low: torch.Tensor, radius: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Images in 0…1 after the disc was kept (low) or taken away, and what was kept of the shifted spectrum."""
    side = images.shape[-1]
    row, column = torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")
    disc = ((row - side // 2) ** 2 + (column - side // 2) ** 2 < radius ** 2).float()
    kept = torch.where(low[:, None, None] > 0, disc, 1 - disc)
    spectrum = torch.fft.fftshift(torch.fft.fft2(images), dim=(-2, -1)) * kept[:, None]
    back = torch.fft.ifft2(torch.fft.ifftshift(spectrum, dim=(-2, -1))).real
    return back.clamp(0, 1), kept


def spectral_loss(predicted: torch.Tensor, target: torch.Tensor, kept: torch.Tensor) -> torch.Tensor:
    difference = [
        torch.fft.fftshift(torch.fft.fft2(value, norm="ortho"), dim=(-2, -1)) for value in (predicted, target)]
    distance = difference[0] - difference[1]
    modulus = (distance.real ** 2 + distance.imag ** 2 + 1e-12).sqrt()
    removed = 1 - kept
    return (modulus * removed[:, None]).sum() / removed.sum() / 3


def mfm(golden: Golden) -> None:
    images, low = torch.rand(3, 3, 16, 16), torch.tensor([1.0, 0.0, 1.0])
    seen, kept = corrupted(images, low, 2)
    shared = {"images": images, "low": low, "corrupted": seen}
    model, head = transformer(), nn.Conv2d(24, 48, 1)
    randomize(head)
    tensors = shared | parameters({"": model, "decoder.0.": head})
    features = model.forward_features((seen - MEAN) / DEVIATION)[:, 1:].transpose(1, 2).reshape(3, 24, 4, 4)
    loss = spectral_loss(functional.pixel_shuffle(head(features), 4), (images - MEAN) / DEVIATION, kept)
    loss.backward()
    golden.case(
        "mfm", tensors | gradients({"": model, "decoder.0.": head}) | {"loss": loss.detach().reshape(1)}, radius=2)


def residual_network() -> nn.Module:
    """torchvision's ResNet with one block a stage, 4 channels at first, CIFAR's stem: maps of stride 8."""
    model = network(BasicBlock, [1, 1, 1, 1], 4, True).train()
    fill(model)
    return model


def maps(model: nn.Module, images: torch.Tensor) -> torch.Tensor:
    x = model.relu(model.bn1(model.conv1(images)))
    return model.layer4(model.layer3(model.layer2(model.layer1(x))))


def mfm_resnet(golden: Golden) -> None:
    images, low = (drawn(8 * 3 * 256, 3000) + 0.5).reshape(8, 3, 16, 16), torch.tensor([1.0, 0, 0, 1, 0, 1, 1, 0])
    seen, kept = corrupted(images, low, 2)
    model, head = residual_network(), nn.Conv2d(32, 3 * 64, 1)
    with torch.no_grad():
        head.weight.copy_((drawn(head.weight.numel(), 4000) * 0.4).reshape(head.weight.shape))
        head.bias.copy_(drawn(head.bias.numel(), 4001) * 0.4)
    predicted = functional.pixel_shuffle(head(maps(model, (seen - MEAN) / DEVIATION)), 8)
    loss = spectral_loss(predicted, (images - MEAN) / DEVIATION, kept)
    loss.backward()
    state = model.state_dict()
    golden.case(
        "mfm_resnet", {
            "loss": loss.detach().reshape(1), "low": low,
            "gradients": torch.stack(
                [sampled(value.grad) for value in [*model.parameters(), head.weight, head.bias]]),
            "statistics": torch.stack([sampled(state[key]) for key in state if "running" in key])}, radius=2)


class Projector(nn.Module):
    """Two linear layers without bias, each with batch norm; the last norm has no shift."""

    def __init__(self, inputs: int, hidden: int, outputs: int):
        super().__init__()
        self.first, self.first_norm = nn.Linear(inputs, hidden, bias=False), nn.BatchNorm1d(hidden)
        self.second, self.second_norm = nn.Linear(hidden, outputs, bias=False), nn.BatchNorm1d(outputs)
        for ordinal, (name, parameter) in enumerate(self.named_parameters()):
            values = drawn(parameter.numel(), 5000 + ordinal).reshape(parameter.shape)
            with torch.no_grad():
                parameter.copy_(values if parameter.ndim > 1 else 0.4 * values + float("weight" in name))
        with torch.no_grad():
            self.second_norm.bias.zero_()
        self.second_norm.bias.requires_grad_(False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.second_norm(self.second(torch.relu(self.first_norm(self.first(x)))))


def contrastive_loss(a: torch.Tensor, b: torch.Tensor, temperature: float) -> torch.Tensor:
    """SimCLR's: for each anchor the logits of all partners and of all other views of its own kind, both directions."""
    a, b = functional.normalize(a, dim=1), functional.normalize(b, dim=1)
    count = len(a)
    own = torch.eye(count) * 1e9
    labels = torch.arange(count)
    first = torch.cat([a @ b.T, a @ a.T - own * temperature], 1) / temperature
    second = torch.cat([b @ a.T, b @ b.T - own * temperature], 1) / temperature
    return functional.cross_entropy(first, labels) + functional.cross_entropy(second, labels)


def simclr(golden: Golden) -> None:
    images = 3.4 * drawn(16 * 3 * 256, 6000).reshape(16, 3, 16, 16)
    model, projector = residual_network(), Projector(32, 12, 8)
    embedded = projector(maps(model, images).mean((2, 3)))
    loss = contrastive_loss(embedded[:8], embedded[8:], 0.5)
    loss.backward()
    state = model.state_dict() | projector.state_dict()
    trained = [*model.parameters(), *(value for value in projector.parameters() if value.requires_grad)]
    golden.case(
        "simclr", {
            "loss": loss.detach().reshape(1),
            "gradients": torch.stack([sampled(value.grad) for value in trained]),
            "statistics": torch.stack([sampled(state[key]) for key in state if "running" in key])})
    a = torch.tensor([[1.0, 0], [0, 1]])
    for value, b, temperature in [(0.479090, a, 0.5), (0.694421, torch.tensor([[1.0, 1], [-1, 1]]), 0.1)]:
        assert abs(contrastive_loss(a, b, temperature).item() - value) < 1e-6, "the published values"


def data2vec(golden: Golden) -> None:
    student, teacher, head = transformer(), transformer(), nn.Linear(24, 24)
    token = torch.randn(24, requires_grad=True)
    randomize(head)
    images, hidden = torch.randn(3, 3, 16, 16), torch.zeros(3, 16)
    for row, places in zip(hidden, [(0, 1, 4, 5, 6, 7), (9, 10, 13, 14), (2, 3, 6, 7, 10, 11, 12)]):
        row[list(places)] = 1
    tensors = parameters({"": student, "lm_head.": head, "teacher.": teacher})
    tensors["parameters/encoder_mask_token"] = token.detach().clone()
    outputs: list[torch.Tensor] = []
    for block in teacher.blocks:
        block.register_forward_hook(lambda _, __, output: outputs.append(output.detach()))
    with torch.no_grad():
        teacher.forward_features(images)
    width = (24,)
    target = torch.stack([functional.layer_norm(output[:, 1:], width) for output in outputs]).mean(0)
    target = functional.layer_norm(target, width)
    replaced(student, token, hidden)
    predicted = head(student.forward_features(images)[:, 1:])
    chosen = hidden > 0
    loss = functional.smooth_l1_loss(predicted[chosen], target[chosen], beta=2.0)
    loss.backward()
    tensors |= gradients({"": student, "lm_head.": head}) | {"gradients/encoder_mask_token": token.grad}
    golden.case(
        "data2vec", tensors | {"images": images, "hidden": hidden, "loss": loss.detach().reshape(1)})


def pretraining_steps(golden: Golden) -> None:
    """One step forwards and backwards of SimMIM, MFM (ViT and ResNet), SimCLR (ResNet) and data2vec.

    `simmim`, `mfm`, `data2vec`: parameters/NAME and gradients/NAME, images, loss [1]; hidden [3, 16] (1 = hidden), or for
    MFM images in 0…1, low [3] (1 = the disc was kept), corrupted (in 0…1) and the setting `radius`. data2vec's teacher has
    parameters/teacher.NAME.
    `mfm_resnet`, `simclr`: weights, images and probe from `drawn`; gradients [parameters, 17], statistics [.., 17] as
    `sampled` gives them, encoder first; batches are such that float32 and float64 agree to 1e-5.
    """
    for case in (simmim, mfm, mfm_resnet, simclr, data2vec):
        case(golden)


def training_rules(golden: Golden) -> None:
    """What training does to parameters beside the optimiser.

    `vit`, `resnet`: rule/NAME [2]: factor of the learning rate and decay that timm's layer decay gives each parameter below
    the head of a ViT (width 24, depth 2) and of resnet18. Settings: `layer_decay`, `weight_decay`.
    `average`: start [5], others [3, 5], after [3, 5]: timm's moving average with the setting `momentum`.
    `nesterov`: weights [4], gradients [5, 4], after [5, 4] of PyTorch's SGD; settings `rate`, `momentum`, `decay`.
    """
    small = VisionTransformer(img_size=16, patch_size=4, embed_dim=24, depth=2, num_heads=3, num_classes=3)
    small.pos_embed.requires_grad_(False)
    for name, model in [("vit", small), ("resnet", timm.create_model("resnet18", num_classes=3))]:
        skipped = {"pos_embed", "cls_token"} if name == "vit" else set()
        groups = param_groups_layer_decay(model, 0.05, no_weight_decay_list=skipped, layer_decay=0.65)
        places = {id(value): (group["lr_scale"], group["weight_decay"]) for group in groups for value in group["params"]}
        golden.case(
            name, {
                f"rule/{key}": torch.tensor(places[id(value)]) for key, value in model.named_parameters()
                if value.requires_grad and not key.startswith(("head.", "fc."))}, layer_decay=0.65, weight_decay=0.05)
    student = nn.Linear(5, 1, bias=False)
    start, others, after = student.weight.detach().clone(), [], []
    average = ModelEmaV3(student, decay=0.9)
    for _ in range(3):
        with torch.no_grad():
            student.weight.add_(torch.randn(1, 5))
        average.update(student)
        others.append(student.weight.detach().clone()[0])
        after.append(average.module.weight.detach().clone()[0])
    golden.case(
        "average", {"start": start[0], "others": torch.stack(others), "after": torch.stack(after)}, momentum=0.9)
    weights, steps = nn.Parameter(torch.randn(4)), torch.randn(5, 4)
    first, after = weights.detach().clone(), []
    optimizer = torch.optim.SGD([weights], lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.01)
    for gradient in steps:
        weights.grad = gradient.clone()
        optimizer.step()
        after.append(weights.detach().clone())
    golden.case(
        "nesterov", {"weights": first, "gradients": steps, "after": torch.stack(after)}, rate=0.1, momentum=0.9,
        decay=0.01)


GOLDENS = [pretraining_steps, training_rules]
