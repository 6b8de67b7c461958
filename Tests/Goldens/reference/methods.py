"""Whole steps of further pretraining methods in PyTorch, of networks whose weights a formula gives."""

from functools import partial

import torch
from timm.models.vision_transformer import Block, VisionTransformer
from torch import nn
from torch.nn import functional

from .masked_autoencoder import MaskedAutoencoder
from .pretraining import replaced
from .residual_network import drawn, sampled
from .store import Golden
from .vision_transformer import sine_cosine_positions

# Hidden patches of three images on a grid of 4 x 4; equally many, for methods that drop them.
HIDDEN = [(0, 1, 4, 5, 6, 7), (5, 6, 9, 10, 13, 14), (2, 3, 6, 7, 10, 11)]


def ordinal(name: str) -> int:
    """Which numbers of `drawn` a parameter gets."""
    value = 7
    for byte in name.encode():
        value = (value * 31 + byte) % 65521
    return value


Modules = list[tuple[str, nn.Module]]


def trained(modules: Modules) -> dict[str, nn.Parameter]:
    """What is trained, by its name in our checkpoints, in the order of the names."""
    found = {
        prefix + name: value for prefix, module in modules for name, value in module.named_parameters()
        if value.requires_grad}
    return dict(sorted(found.items()))


def settle(modules: Modules) -> None:
    """Matrices of deviation about 1.2 / sqrt(inputs), gains about 1, other vectors about 0."""
    for name, value in trained(modules).items():
        values = drawn(value.numel(), ordinal(name)).reshape(value.shape)
        with torch.no_grad():
            if value.ndim > 1:
                value.copy_(4 / value[0].numel() ** 0.5 * values)
            else:
                value.copy_(float(name.endswith("weight")) + 0.7 * values)


def transformer() -> VisionTransformer:
    """Width 12, depth 2, 3 heads, patch 4 at 16 pixels, fixed positions; tokens after the final norm."""
    model = VisionTransformer(
        img_size=16, patch_size=4, embed_dim=12, depth=2, num_heads=3, global_pool="token", num_classes=0)
    model.pos_embed.data = sine_cosine_positions(12, 4, 4, True)
    model.pos_embed.requires_grad_(False)
    return model


def pictures(count: int = 3) -> torch.Tensor:
    return 3.4 * drawn(count * 768, 7000).reshape(count, 3, 16, 16)


def hidden_flags() -> torch.Tensor:
    flags = torch.zeros(3, 16)
    for row, places in zip(flags, HIDDEN):
        row[list(places)] = 1
    return flags


def step(golden: Golden, name: str, modules: Modules, loss: torch.Tensor) -> None:
    """Stores the loss, and a sample of the gradient of each parameter."""
    loss.backward()
    samples = torch.stack([sampled(value.grad) for value in trained(modules).values()])
    golden.case(name, {"loss": loss.detach().reshape(1), "gradients": samples}, names=list(trained(modules)))


def oriented_gradients(images: torch.Tensor, patch: int, cell: int) -> torch.Tensor:
    """MaskFeat's target of every patch, [patches of all images, channels * 9 * cells of a patch]."""
    batch, channels, side, _ = images.shape
    kernel = torch.tensor([[1.0, 0, -1], [2, 0, -2], [1, 0, -1]])
    padded = functional.pad(images, (1, 1, 1, 1), mode="reflect").reshape(-1, 1, side + 2, side + 2)
    across, down = (functional.conv2d(padded, k[None, None]) for k in (kernel, kernel.T))
    place = (torch.atan2(across, down) / torch.pi * 9).floor().long() % 9
    votes = torch.zeros(batch * channels, 9, side, side).scatter_(1, place, (across ** 2 + down ** 2).sqrt())
    cells = functional.normalize(functional.avg_pool2d(votes, cell) * cell ** 2, dim=1)
    count, grid = patch // cell, side // patch
    return cells.reshape(batch, channels * 9, grid, count, grid, count).permute(0, 2, 4, 1, 3, 5).reshape(
        batch * grid ** 2, -1)


def maskfeat(golden: Golden) -> None:
    """`hog`: target [8, 108] of two images, patches of 8, cells of 4. `maskfeat`: patches of 4, cells of 2."""
    golden.case("hog", {"target": oriented_gradients(pictures(2), 8, 4)})
    ramps = torch.zeros(4, 1, 8, 8)
    row, column = torch.meshgrid(torch.arange(8.0), torch.arange(8.0), indexing="ij")
    for image, values in zip(ramps, (column, row, row + column, row - column)):
        image[0] = values
    bins = oriented_gradients(ramps, 8, 2).reshape(4, 9, 4, 4)[:, :, 1, 1].argmax(1)
    assert bins.tolist() == [4, 0, 2, 6], "the method's own values"

    model, head = transformer(), nn.Linear(12, 108)
    token = nn.ParameterDict({"encoder_mask_token": torch.zeros(1, 1, 12)})
    modules = [("", model), ("lm_head.", head), ("", token)]
    settle(modules)
    flags = hidden_flags()
    replaced(model, token["encoder_mask_token"], flags)
    predicted = head(model.forward_features(pictures())[:, 1:]).reshape(-1, 108)
    chosen = flags.flatten() > 0
    step(golden, "maskfeat", modules, functional.mse_loss(
        predicted[chosen], oriented_gradients(pictures(), 4, 2)[chosen]))


class Classifier(nn.Module):
    """SupMAE's head: linear, batch norm, rectified, linear."""

    def __init__(self, inputs: int, hidden: int, classes: int):
        super().__init__()
        self.cls_head = nn.Sequential(
            nn.Linear(inputs, hidden), nn.BatchNorm1d(hidden), nn.ReLU(), nn.Linear(hidden, classes))
        # The norm takes away what this bias adds: its gradient is the rounding of zero.
        self.cls_head[0].bias.requires_grad_(False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.cls_head(x)


def supmae(golden: Golden) -> None:
    """MAE with a decoder of 8 x 1, and 0.01 times the cross entropy of the mean of visible tokens at a temperature of 10."""
    model = MaskedAutoencoder(16, 4, 12, 2, 3, 8, 1, 2)
    model.pos_embed.data = sine_cosine_positions(12, 4, 4, True)
    model.decoder_pos_embed.data = sine_cosine_positions(8, 4, 4, True)
    model.visible, model.norm_pix = 10, True
    head = Classifier(12, 16, 5)
    modules = [("", model), ("losses.1.", head)]
    settle(modules)
    encoded: list[torch.Tensor] = []
    model.norm.register_forward_hook(lambda _, __, output: encoded.append(output))
    noise = hidden_flags() + torch.arange(16) / 100
    reconstruction, _, _ = model(pictures(), noise)
    logits = head(encoded[0][:, 1:].mean(1))
    loss = reconstruction + 0.01 * functional.cross_entropy(logits / 10, torch.tensor([3, 0, 4]))
    step(golden, "supmae", modules, loss)


def supervised(golden: Golden) -> None:
    """Cross entropy with a smoothing of 0.1 on the class token."""
    model, head = transformer(), nn.Linear(12, 5)
    modules = [("", model), ("head.", head)]
    settle(modules)
    logits = head(model.forward_features(pictures())[:, 0])
    step(golden, "supervised", modules, functional.cross_entropy(logits, torch.tensor([3, 0, 4]), label_smoothing=0.1))


class RegressorBlock(nn.Module):
    """Queries attend to the visible tokens and themselves; the second sum starts from the normalised queries."""

    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.norm1_q, self.norm1_k, self.norm1_v, self.norm2_cross = (
            nn.LayerNorm(width, eps=1e-6) for _ in range(4))
        self.cross_attn = nn.ModuleDict(
            {name: nn.Linear(width, width, bias=False) for name in "qkv"} | {"proj": nn.Linear(width, width)})
        self.cross_attn.q_bias, self.cross_attn.v_bias = (nn.Parameter(torch.zeros(width)) for _ in range(2))
        self.mlp_cross = nn.ModuleDict({"fc1": nn.Linear(width, 4 * width), "fc2": nn.Linear(4 * width, width)})
        self.gamma_1_cross, self.gamma_2_cross = (nn.Parameter(torch.zeros(width)) for _ in range(2))

    def forward(self, x, kept, positions, kept_positions):
        batch, count, width = x.shape
        source = torch.cat([kept, x], 1)
        places = torch.cat([kept_positions, positions], 1)
        attend, linear = self.cross_attn, functional.linear
        q = linear(self.norm1_q(x + positions), attend["q"].weight, attend.q_bias)
        k = attend["k"](self.norm1_k(source + places))
        v = linear(self.norm1_v(source), attend["v"].weight, attend.v_bias)
        q, k, v = (t.reshape(batch, -1, self.heads, width // self.heads).transpose(1, 2) for t in (q, k, v))
        mixed = functional.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(batch, count, width)
        x = self.norm2_cross(x + self.gamma_1_cross * attend["proj"](mixed))
        return x + self.gamma_2_cross * self.mlp_cross["fc2"](functional.gelu(self.mlp_cross["fc1"](x)))


class Regressor(nn.Module):
    """Learned queries at the hidden places, two blocks."""

    def __init__(self, width: int, heads: int, depth: int):
        super().__init__()
        self.mask_token = nn.Parameter(torch.zeros(1, 1, width))
        self.regresser = nn.ModuleDict({
            "regressor_blocks": nn.ModuleList(RegressorBlock(width, heads) for _ in range(depth)),
            "norm": nn.LayerNorm(width, eps=1e-6)})

    def forward(self, kept, positions, kept_positions):
        x = self.mask_token.expand(*positions.shape[:2], -1)
        for block in self.regresser["regressor_blocks"]:
            x = block(x, kept, positions, kept_positions)
        return self.regresser["norm"](x)


class HiddenDecoder(nn.Module):
    """Blocks with layer scale among the hidden places alone."""

    def __init__(self, width: int, heads: int, depth: int, outputs: int):
        super().__init__()
        self.decoder = nn.ModuleDict({
            "decoder_blocks": nn.ModuleList(
                Block(width, heads, qkv_bias=True, init_values=0.1, norm_layer=partial(nn.LayerNorm, eps=1e-6))
                for _ in range(depth)),
            "norm": nn.LayerNorm(width, eps=1e-6), "head": nn.Linear(width, outputs)})

    def forward(self, x, positions):
        x = x + positions
        for block in self.decoder["decoder_blocks"]:
            x = block(x)
        return self.decoder["head"](self.decoder["norm"](x))


def encoded(model: VisionTransformer, images: torch.Tensor, places: torch.Tensor) -> torch.Tensor:
    """The tokens of some patches, [images, patches, width], which alone are seen."""
    x = model.patch_embed(images) + model.pos_embed[:, 1:]
    x = x.gather(1, places[..., None].expand(-1, -1, x.shape[2]))
    x = torch.cat([(model.cls_token + model.pos_embed[:, :1]).expand(len(x), -1, -1), x], 1)
    return model.norm(model.blocks(x))[:, 1:]


def cae(golden: Golden) -> None:
    """Normalised pixels of hidden patches, and twice the squared distance of their representations."""
    model, regressor, decoder = transformer(), Regressor(12, 3, 2), HiddenDecoder(12, 3, 1, 48)
    modules = [("", model), ("", regressor), ("losses.1.", decoder)]
    settle(modules)
    hidden = torch.tensor(HIDDEN)
    kept = torch.stack([torch.tensor([p for p in range(16) if p not in row]) for row in HIDDEN])
    images, table = pictures(), model.pos_embed[0, 1:]
    predicted = regressor(encoded(model, images, kept), table[hidden], table[kept])
    with torch.no_grad():
        latent = encoded(model, images, hidden)
    pixels = images.reshape(3, 3, 4, 4, 4, 4).permute(0, 2, 4, 3, 5, 1).reshape(3, 16, 48)
    pixels = pixels.gather(1, hidden[..., None].expand(-1, -1, 48))
    pixels = (pixels - pixels.mean(-1, True)) / (pixels.var(-1, keepdim=True) + 1e-6).sqrt()
    loss = functional.mse_loss(decoder(predicted, table[hidden]), pixels) + 2 * functional.mse_loss(predicted, latent)
    step(golden, "cae", modules, loss)


def further_methods(golden: Golden) -> None:
    """One step forwards and backwards of further methods, on a ViT of width 12.

    Each case: loss [1]; gradients [parameters, 17] as `sampled` gives them, in the order of the setting `names`. Weights
    and images come from `settle` and `pictures`, hidden patches are `HIDDEN`.
    """
    for case in (maskfeat, supmae, supervised, cae):
        case(golden)


GOLDENS = [further_methods]
