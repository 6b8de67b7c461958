"""A masked autoencoder in PyTorch, written from the paper's description, and its golden.

He et al., "Masked Autoencoders Are Scalable Vision Learners", CVPR 2022. The blocks are timm's. The
benchmarks train the same model.
"""

from functools import partial

import torch
from timm.layers import PatchEmbed
from timm.models.vision_transformer import Block
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from .store import Golden
from .vision_transformer import randomize, sine_cosine_positions


class MaskedAutoencoder(nn.Module):
    """Encoder on the visible patches, decoder on all of them, mean squared error on the hidden ones."""

    def __init__(
        self, side: int, patch: int, width: int, depth: int, heads: int, decoder_width: int,
        decoder_depth: int, decoder_heads: int, ratio: float = 0.75, norm_pix: bool = True,
    ):
        super().__init__()
        self.patch, self.norm_pix = patch, norm_pix
        grid = side // patch
        self.patches = grid * grid
        self.visible = int(self.patches * (1 - ratio) + 1e-9)
        self.patch_embed = PatchEmbed(side, patch, 3, width)
        self.cls_token = nn.Parameter(torch.randn(1, 1, width) * 0.02)
        self.pos_embed = nn.Parameter(sine_cosine_positions(width, grid, grid, True), requires_grad=False)
        self.blocks = nn.ModuleList(_block(width, heads) for _ in range(depth))
        self.norm = nn.LayerNorm(width, eps=1e-6)
        self.decoder_embed = nn.Linear(width, decoder_width)
        self.mask_token = nn.Parameter(torch.randn(1, 1, decoder_width) * 0.02)
        self.decoder_pos_embed = nn.Parameter(
            sine_cosine_positions(decoder_width, grid, grid, True), requires_grad=False)
        self.decoder_blocks = nn.ModuleList(
            _block(decoder_width, decoder_heads) for _ in range(decoder_depth))
        self.decoder_norm = nn.LayerNorm(decoder_width, eps=1e-6)
        self.decoder_pred = nn.Linear(decoder_width, patch * patch * 3)

    def target(self, images: torch.Tensor) -> torch.Tensor:
        """Patch vectors [batch, patches, patch * patch * 3], ordered (row, column, channel)."""
        batch, _, height, width = images.shape
        p = self.patch
        cut = images.reshape(batch, 3, height // p, p, width // p, p).permute(0, 2, 4, 3, 5, 1)
        target = cut.reshape(batch, self.patches, p * p * 3)
        if self.norm_pix:
            mean = target.mean(-1, keepdim=True)
            target = (target - mean) / (target.var(-1, keepdim=True, unbiased=True) + 1e-6).sqrt()
        return target

    def forward(self, images: torch.Tensor, noise: torch.Tensor):
        """Loss, prediction [batch, patches, ...] and mask [batch, patches] (1 = hidden).

        noise [batch, patches]: the patches with the smallest numbers stay visible.
        """
        batch = images.shape[0]
        tokens = self.patch_embed(images) + self.pos_embed[:, 1:]
        shuffle = noise.argsort(1)
        restore = shuffle.argsort(1)
        kept = shuffle[:, : self.visible, None].expand(-1, -1, tokens.shape[2])
        class_token = (self.cls_token + self.pos_embed[:, :1]).expand(batch, -1, -1)
        hidden = torch.cat([class_token, tokens.gather(1, kept)], 1)
        for block in self.blocks:
            hidden = block(hidden)
        hidden = self.decoder_embed(self.norm(hidden))

        blanks = self.mask_token.expand(batch, self.patches - self.visible, -1)
        everything = torch.cat([hidden[:, 1:], blanks], 1)
        everything = everything.gather(1, restore[:, :, None].expand(-1, -1, everything.shape[2]))
        decoded = torch.cat([hidden[:, :1], everything], 1) + self.decoder_pos_embed
        for block in self.decoder_blocks:
            decoded = block(decoded)
        prediction = self.decoder_pred(self.decoder_norm(decoded))[:, 1:]

        mask = (restore >= self.visible).to(prediction.dtype)
        error = ((prediction - self.target(images)) ** 2).mean(-1)
        return (error * mask).sum() / mask.sum(), prediction, mask

    def decay_groups(self, weight_decay: float) -> list[dict]:
        """Parameters for AdamW: tensors of one dimension are not decayed; the tokens are."""
        trained = [parameter for parameter in self.parameters() if parameter.requires_grad]
        return [
            {"params": [value for value in trained if value.ndim > 1], "weight_decay": weight_decay},
            {"params": [value for value in trained if value.ndim == 1], "weight_decay": 0.0},
        ]


def _block(width: int, heads: int) -> Block:
    return Block(width, heads, mlp_ratio=4, qkv_bias=True, norm_layer=partial(nn.LayerNorm, eps=1e-6))


def _operations(model: MaskedAutoencoder, images: torch.Tensor, noise: torch.Tensor) -> dict[str, int]:
    """Floating-point operations of one image's forward pass in each part, as PyTorch counts them."""
    with FlopCounterMode(display=False) as counter, sdpa_kernel(SDPBackend.MATH):
        model(images, noise)
    parts = {
        module: sum(counts.values()) // len(images)
        for module, counts in counter.get_flop_counts().items()}
    top = type(model).__name__
    return {
        f"{part}_flops": sum(
            count for module, count in parts.items()
            if module.startswith(f"{top}.{part}") and module.count(".") == (2 if "blocks" in part else 1))
        for part in ("patch_embed", "blocks", "decoder_embed", "decoder_blocks", "decoder_pred")}


def mae_tiny(golden: Golden) -> None:
    """A small MAE: encoder 24 wide, 2 deep, 3 heads; decoder 16 wide, 1 deep, 2 heads; patch 4 at 16 pixels.

    Case `model`: parameters/NAME (timm's names; mask_token, decoder_*), images [3, 3, 16, 16],
    noise [3, 16] (the 4 patches with the smallest numbers stay visible, in the order of the noise),
    mask [3, 16] (1 = hidden), tokens [3, 5, 24] (the encoder's output after its norm); settings PART_flops:
    operations of one image's forward pass (the embedding and decoder_pred are of all places here).
    Cases `pixels` and `norm_pix` (settings: `norm_pix`): target [3, 16, 48], prediction [3, 16, 48],
    loss [1], gradients/NAME of the loss for every parameter that is trained.
    Case `training` (settings: `rate`, `beta1`, `beta2`, `epsilon`, `weight_decay`, `norm_pix`):
    noise [5, 3, 16], losses [5] of five AdamW steps on the same images from the same parameters, each
    loss taken before its step; final/NAME: three parameters after the last step.
    """
    model = MaskedAutoencoder(16, 4, 24, 2, 3, 16, 1, 2)
    randomize(model)
    model.pos_embed.data = sine_cosine_positions(24, 4, 4, True)
    model.decoder_pos_embed.data = sine_cosine_positions(16, 4, 4, True)
    images, noise = torch.randn(3, 3, 16, 16), torch.rand(3, 16)
    encoded: list[torch.Tensor] = []
    hook = model.norm.register_forward_hook(lambda _, __, output: encoded.append(output.detach().clone()))
    _, _, mask = model(images, noise)
    hook.remove()
    tensors = {"images": images, "noise": noise, "mask": mask, "tokens": encoded[0]}
    tensors |= {f"parameters/{key}": value for key, value in model.named_parameters()}
    golden.case(
        "model", tensors, side=16, patch=4, width=24, depth=2, heads=3, decoder_width=16, decoder_depth=1,
        decoder_heads=2, ratio=0.75, **_operations(model, images, noise))

    for name, norm_pix in [("pixels", False), ("norm_pix", True)]:
        model.norm_pix = norm_pix
        model.zero_grad()
        loss, prediction, _ = model(images, noise)
        loss.backward()
        tensors = {
            "target": model.target(images), "prediction": prediction, "loss": loss.detach().reshape(1)}
        tensors |= {
            f"gradients/{key}": value.grad for key, value in model.named_parameters() if value.requires_grad}
        golden.case(name, tensors, norm_pix=norm_pix)

    rate, betas, decay = 1e-3, (0.9, 0.95), 0.05
    optimizer = torch.optim.AdamW(model.decay_groups(decay), lr=rate, betas=betas, eps=1e-8)
    noises, losses = torch.rand(5, 3, 16), []
    for step in range(5):
        optimizer.zero_grad()
        loss, _, _ = model(images, noises[step])
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    parameters = dict(model.named_parameters())
    finals = {
        f"final/{key}": parameters[key] for key in ("cls_token", "blocks.0.attn.qkv.bias", "decoder_pred.bias")}
    golden.case(
        "training", {"noise": noises, "losses": torch.tensor(losses)} | finals, rate=rate, beta1=betas[0],
        beta2=betas[1], epsilon=1e-8, weight_decay=decay, norm_pix=True)


GOLDENS = [mae_tiny]
