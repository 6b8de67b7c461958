"""Goldens of timm's VisionTransformer, and the sine-cosine position table."""

import functools

import torch
from timm.models.eva import Eva
from timm.models.vision_transformer import VisionTransformer

from .store import Golden


def sine_cosine_positions(width: int, rows: int, columns: int, class_token: bool) -> torch.Tensor:
    """The fixed table [1, (1 +) rows * columns, width], places in raster order, the class token's row zero.

    The first half of the channels encodes the column, the second the row; each half holds all sines, then
    all cosines, of place * 10000^(-k / (width / 4)).
    """
    quarter = width // 4
    frequencies = 10000.0 ** (-torch.arange(quarter, dtype=torch.float64) / quarter)

    def encoded(places: torch.Tensor) -> torch.Tensor:
        angles = places.double()[:, None] * frequencies
        return torch.cat([angles.sin(), angles.cos()], dim=1)

    row, column = torch.meshgrid(torch.arange(rows), torch.arange(columns), indexing="ij")
    table = torch.cat([encoded(column.flatten()), encoded(row.flatten())], dim=1)
    if class_token:
        table = torch.cat([torch.zeros(1, width, dtype=torch.float64), table])
    return table[None].float()


def randomize(model: torch.nn.Module) -> None:
    """Gives every parameter a value of its own, so that no gradient vanishes and no bias hides."""
    for name, parameter in model.named_parameters():
        noise = torch.randn_like(parameter)
        scale = 0.2 if parameter.ndim == 1 else 1.2 / parameter[0].numel() ** 0.5
        centre = 1.0 if "norm" in name and name.endswith("weight") else 0.0
        parameter.data = centre + scale * noise


def position_table(golden: Golden) -> None:
    """The sine-cosine table: positions [1, tokens, width]. Settings: `width`, `rows`, `columns`, `class_token`."""
    for name, width, rows, columns, class_token in [
        ("sheet", 8, 2, 2, False), ("square", 24, 4, 4, True), ("wide", 12, 2, 5, True),
    ]:
        golden.case(
            name, {"positions": sine_cosine_positions(width, rows, columns, class_token)}, width=width,
            rows=rows, columns=columns, class_token=class_token)
    table = golden.tensors["sheet/positions"][0]
    expected = torch.tensor([.841471, .01, .540302, .99995, 0, 0, 1, 1])
    assert torch.allclose(table[1], expected, atol=1e-6), "place (0, 1) of the 2x2 grid"


def vit_tiny(golden: Golden) -> None:
    """timm's VisionTransformer: width 24, depth 2, 3 heads, patch 4 at 16 pixels.

    Cases: `learned` (class token, learned positions), `sine_cosine` (class token, fixed positions: no
    gradient for pos_embed), `no_class` (no class token, no qkv bias, learned positions).
    Each: images [2, 3, 16, 16]; parameters/NAME by timm's names; block0, block1: tokens [2, T, 24] after each
    block; tokens: after the final norm; probe, like tokens; gradients/NAME: of sum(tokens * probe);
    images_gradient. Settings: `positions`, `class_token`, `qkv_bias`, `width`, `depth`, `heads`, `patch`,
    `side`. LayerNorm epsilon 1e-6, exact GELU, MLP 4 times as wide.
    """
    for name, positions, class_token, qkv_bias in [
        ("learned", "learned", True, True), ("sine_cosine", "sine_cosine", True, True),
        ("no_class", "learned", False, False),
    ]:
        settings = dict(width=24, depth=2, heads=3, patch=4, side=16)
        model = VisionTransformer(
            img_size=16, patch_size=4, embed_dim=24, depth=2, num_heads=3, class_token=class_token,
            qkv_bias=qkv_bias, global_pool="token" if class_token else "", num_classes=0)
        randomize(model)
        if positions == "sine_cosine":
            model.pos_embed.data = sine_cosine_positions(24, 4, 4, class_token)
            model.pos_embed.requires_grad_(False)
        golden.case(
            name, passes(model), positions=positions, class_token=class_token, qkv_bias=qkv_bias, **settings)


def vit_rotary(golden: Golden) -> None:
    """timm's Eva with DINOv3's rotary positions: width 16, depth 2, 2 heads, patch 4 at 16 pixels, one register.

    Case `dinov3`, with what the cases of vit_tiny hold, by the names of timm's VisionTransformer. Further settings:
    `registers`, `base` of the periods, `epsilon` of the norms, `mlp_width`.
    """
    epsilon = 1e-5
    model = Eva(
        img_size=16, patch_size=4, embed_dim=16, depth=2, num_heads=2, mlp_ratio=2, qkv_bias=False, init_values=0.1,
        num_reg_tokens=1, use_abs_pos_emb=False, use_rot_pos_emb=True, rope_type="dinov3", rope_temperature=100.0,
        rope_rotate_half=True, use_fc_norm=False, num_classes=0,
        norm_layer=functools.partial(torch.nn.LayerNorm, eps=epsilon))
    randomize(model)
    tensors = {
        key.replace("gamma_1", "ls1.gamma").replace("gamma_2", "ls2.gamma"): value
        for key, value in passes(model).items()}
    golden.case(
        "dinov3", tensors, positions="none", class_token=True, qkv_bias=False, registers=1, base=100.0,
        epsilon=epsilon, width=16, depth=2, heads=2, patch=4, side=16, mlp_width=32)


def vit_inputs(golden: Golden) -> None:
    """timm's VisionTransformer and Eva on other inputs than they were made for: width 12, depth 2, 3 heads, patch 4.

    Cases: `rectangle` (learned positions of 16 x 16 pixels, resampled by timm for images of 12 x 20), `turned` (rotary
    positions, images of 12 x 20), `replaced` (some patches replaced by `mask_token` before positions are added, where
    `hidden` [2, 16] is 1). Each holds what the cases of vit_tiny hold, without the gradients of blocks, and but for
    `turned` class_attention [2, 3, T]: how much the class token of the last block attends to each token.
    """

    def outside(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """All but the gradients of blocks, which other goldens hold."""
        return {key: value for key, value in tensors.items() if not key.startswith("gradients/blocks")}

    settings = dict(width=12, depth=2, heads=3, patch=4, side=16)
    plain = dict(
        img_size=16, patch_size=4, embed_dim=12, depth=2, num_heads=3, global_pool="token", num_classes=0)
    usual = dict(positions="learned", class_token=True, qkv_bias=True, **settings)
    model = VisionTransformer(dynamic_img_size=True, **plain)
    randomize(model)
    golden.case("rectangle", outside(passes(model, (12, 20))), **usual)
    model = VisionTransformer(**plain)
    randomize(model)
    token = torch.randn(12, requires_grad=True)
    hidden = (torch.rand(2, 16) < 0.4).float()
    model.patch_embed.register_forward_hook(
        lambda _, __, output: torch.where(hidden[..., None] > 0, token, output))
    tensors = outside(passes(model))
    golden.case(
        "replaced", tensors | {"hidden": hidden, "mask_token": token, "mask_token_gradient": token.grad}, **usual)
    rotary = Eva(
        img_size=16, patch_size=4, embed_dim=16, depth=2, num_heads=2, mlp_ratio=2, qkv_bias=False, init_values=0.1,
        num_reg_tokens=1, use_abs_pos_emb=False, use_rot_pos_emb=True, rope_type="dinov3", rope_temperature=100.0,
        rope_rotate_half=True, use_fc_norm=False, num_classes=0, dynamic_img_size=True,
        norm_layer=functools.partial(torch.nn.LayerNorm, eps=1e-5))
    randomize(rotary)
    tensors = {
        key.replace("gamma_1", "ls1.gamma").replace("gamma_2", "ls2.gamma"): value
        for key, value in outside(passes(rotary, (12, 20))).items()}
    golden.case(
        "turned", tensors, positions="none", class_token=True, qkv_bias=False, registers=1, base=100.0, epsilon=1e-5,
        width=16, depth=2, heads=2, patch=4, side=16, mlp_width=32)


def class_attention(attention: torch.nn.Module, x: torch.Tensor) -> torch.Tensor:
    """What timm's attention of a block gives the class token for each token, [batch, heads, tokens]."""
    batch, tokens, _ = x.shape
    q, k, _ = attention.qkv(x).reshape(batch, tokens, 3, attention.num_heads, -1).permute(2, 0, 3, 1, 4)
    return (q[:, :, :1] @ k.transpose(-2, -1) * q.shape[-1] ** -0.5).softmax(-1)[:, :, 0]


def passes(model: torch.nn.Module, size: tuple[int, int] = (16, 16)) -> dict[str, torch.Tensor]:
    """Tokens of random images forward, a random gradient backward, with all parameters."""
    attended: list[torch.Tensor] = []
    if isinstance(model, VisionTransformer):
        model.blocks[-1].attn.register_forward_hook(
            lambda module, inputs, _: attended.append(class_attention(module, inputs[0])))
    after_block: list[torch.Tensor] = []
    for block in model.blocks:
        block.register_forward_hook(lambda _, __, output: after_block.append(output.detach().clone()))
    images = torch.randn(2, 3, *size, requires_grad=True)
    tokens = model.forward_features(images)
    probe = torch.randn_like(tokens)
    (tokens * probe).sum().backward()
    tensors = {"images": images, "images_gradient": images.grad, "tokens": tokens, "probe": probe}
    tensors |= {f"block{index}": value for index, value in enumerate(after_block)}
    if size != (16, 16) or model.embed_dim == 12:
        tensors |= {"class_attention": value for value in attended}
    for key, parameter in model.named_parameters():
        tensors[f"parameters/{key}"] = parameter
        if parameter.requires_grad:
            tensors[f"gradients/{key}"] = parameter.grad
    return tensors


GOLDENS = [position_table, vit_tiny, vit_rotary, vit_inputs]
