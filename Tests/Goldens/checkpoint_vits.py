"""Small vision transformers of every family, in the form of their real files."""

import argparse
import copy
import functools
import json
import pathlib

import torch
import torchvision
import transformers
from safetensors.torch import load_file, save_file
from timm.layers import SwiGLUPacked
from timm.models.beit import Beit
from timm.models.deit import VisionTransformerDistilled
from timm.models.eva import Eva
from timm.models.eva import checkpoint_filter_fn as eva_filter_fn
from timm.models.vision_transformer import VisionTransformer, checkpoint_filter_fn

SIZES = dict(img_size=16, patch_size=4, embed_dim=24, depth=2, num_heads=3, num_classes=0)
SIDES = (16, 24)
FAMILIES = {}


def family(function):
    FAMILIES[function.__name__] = function
    return function


def randomize(model: torch.nn.Module) -> None:
    """Gives every parameter a value of its own, so that none hides behind a zero or a one."""
    for name, parameter in model.named_parameters():
        if not parameter.numel():
            continue
        noise = torch.randn_like(parameter)
        scale = 0.2 if parameter.ndim == 1 else 1.2 / parameter[0].numel() ** 0.5
        is_gain = name.endswith("weight") and parameter.ndim == 1
        is_scale = any(part in name for part in ("gamma", "lambda", "ls_"))
        parameter.data = (1.0 if is_gain else 0.5 if is_scale else 0.0) + scale * noise


def timm_outputs(model, images, sides=SIDES, positions=None) -> dict:
    """Tokens after the first block and the final norm, for several input sides.

    positions(grid [1, width, from, from], to) is how the authors resample the table; timm's own way when absent.
    """
    result = {}
    original = model.eval()
    for side in sides:
        model = copy.deepcopy(original)
        if side != model.patch_embed.img_size[0]:
            model.set_input_size(img_size=side)
            if positions:
                model.pos_embed.data = resample_table(original.pos_embed, side // 4, positions)
        kept = []
        handle = model.blocks[0].register_forward_hook(lambda *a: kept.append(a[2].clone()))
        result[f"{side}/tokens"] = model.forward_features(images[f"images/{side}"])
        handle.remove()
        result[f"{side}/block1"] = kept[0]
    return result


def resample_table(table, to, positions):
    """A table [1, rows, width] with its square grid resampled; the row before it stays."""
    side = int((table.shape[1]) ** 0.5)
    before = table.shape[1] - side * side
    grid = table[:, before:].reshape(1, side, side, -1).permute(0, 3, 1, 2)
    made = positions(grid, to).permute(0, 2, 3, 1).reshape(1, to * to, -1)
    return torch.cat([table[:, :before], made], dim=1)


def dino_positions(grid, to):
    """DINO's, iBOT's and DINOv2's interpolate_pos_encoding for models without registers: a scale, 0.1 too large."""
    scale = float(to + 0.1) / grid.shape[-1]
    made = torch.nn.functional.interpolate(grid, scale_factor=(scale, scale), mode="bicubic")
    assert made.shape[-1] == to
    return made


def dinov2_register_positions(grid, to):
    """DINOv2's for models with registers: interpolate_offset 0.0, interpolate_antialias True."""
    return torch.nn.functional.interpolate(grid, size=(to, to), mode="bicubic", antialias=True)


def plain_positions(grid, to):
    """MAE's interpolate_pos_embed, and those of BEiT's code and mmpretrain."""
    return torch.nn.functional.interpolate(grid, size=(to, to), mode="bicubic", align_corners=False)


def torchvision_positions(grid, to):
    """torchvision's own function, which keeps corners where they are."""
    side = grid.shape[-1]
    table = torch.cat([torch.zeros(1, 1, grid.shape[1]), grid.flatten(2).transpose(1, 2)], dim=1)
    state = torchvision.models.vision_transformer.interpolate_embeddings(
        4 * to, 4, {"encoder.pos_embedding": table})
    made = state["encoder.pos_embedding"][:, 1:]
    return made.transpose(1, 2).reshape(1, -1, to, to) if side != to else grid


def clone(state) -> dict:
    return {name: value.clone() for name, value in state.items()}


def rename(state, pairs) -> dict:
    """The state with parts of its names replaced, in order."""
    result = {}
    for name, value in state.items():
        for old, new in pairs:
            name = name.replace(old, new)
        result[name] = value.clone()
    return result


def prefixed(state, prefix) -> dict:
    return {prefix + name: value.clone() for name, value in state.items()}


@family
def timm_vit(folder: pathlib.Path, images) -> dict:
    """A folder as timm's save_for_hf writes it, with a classifier and settings of its own."""
    model = VisionTransformer(**{**SIZES, "num_classes": 5})
    randomize(model)
    target = folder / "timm_vit"
    target.mkdir(exist_ok=True)
    save_file(clone(model.state_dict()), target / "model.safetensors", metadata={"format": "pt"})
    config = {
        "architecture": "vit_small_patch16_224", "num_classes": 5, "num_features": 24,
        "global_pool": "token", "model_args": {"embed_dim": 24, "depth": 2, "num_heads": 3, "img_size": 16},
        "pretrained_cfg": {"input_size": [3, 16, 16], "interpolation": "bilinear", "crop_pct": 0.9,
                           "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]}}
    (target / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    model.eval()
    logits = model(images["images/16"])
    return {"16/logits": logits, **timm_outputs(model, images, (16, 24, 8))}


@family
def timm_registers(folder, images) -> dict:
    """timm's register models: the class token's position is added already, registers have none."""
    model = VisionTransformer(
        **SIZES, reg_tokens=2, no_embed_class=True, init_values=0.1, class_token=True)
    randomize(model)
    save_file(clone(model.state_dict()), folder / "timm_registers.safetensors")
    return timm_outputs(model, images)


@family
def timm_no_class(folder, images) -> dict:
    """timm's ViT without class token, pooled and normalised at the end (fc_norm)."""
    model = VisionTransformer(
        **{**SIZES, "num_classes": 5}, class_token=False, global_pool="avg", qkv_bias=False)
    randomize(model)
    torch.save(model.state_dict(), folder / "timm_no_class.pth")
    model.eval()
    logits = model(images["images/16"])
    return {"16/logits": logits, **timm_outputs(model, images, positions=plain_positions)}


@family
def deit3(folder, images) -> dict:
    """DeiT III's file: layer scale as gamma_1, positions for the patches alone."""
    model = VisionTransformer(**{**SIZES, "num_classes": 5}, no_embed_class=True, init_values=0.1)
    randomize(model)
    state = rename(model.state_dict(), [("ls1.gamma", "gamma_1"), ("ls2.gamma", "gamma_2")])
    torch.save({"model": state}, folder / "deit3.pth")
    model.eval()
    logits = model(images["images/16"])
    return {"16/logits": logits, **timm_outputs(model, images)}


@family
def grey(folder, images) -> dict:
    """A network of one channel, with the settings of timm; its images are the first channel of the others."""
    model = VisionTransformer(**SIZES, in_chans=1)
    randomize(model)
    target = folder / "grey"
    target.mkdir(exist_ok=True)
    save_file(clone(model.state_dict()), target / "model.safetensors", metadata={"format": "pt"})
    config = {
        "architecture": "vit_tiny_patch16_224", "num_classes": 0, "num_features": 24, "global_pool": "token",
        "model_args": {"embed_dim": 24, "depth": 2, "num_heads": 3, "img_size": 16, "patch_size": 4, "in_chans": 1},
        "pretrained_cfg": {"input_size": [1, 16, 16], "interpolation": "bilinear", "crop_pct": 1.0,
                           "mean": [0.5, 0.5, 0.5], "std": [0.25, 0.25, 0.25]}}
    (target / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    model.eval()
    return {"16/tokens": model.forward_features(images["images/16"][:, :1])}


@family
def deit_distilled(folder, images) -> dict:
    """DeiT's distilled file: a second token and classifier; the scores are the mean of both."""
    model = VisionTransformerDistilled(**{**SIZES, "num_classes": 5})
    randomize(model)
    torch.save({"model": model.state_dict()}, folder / "deit_distilled.pth")
    model.eval()
    logits = model(images["images/16"])
    return {"16/logits": logits, **timm_outputs(model, images)}


@family
def mae(folder, images) -> dict:
    """MAE's training file: model with decoder, optimiser, scaler, argparse namespace."""
    model = VisionTransformer(**SIZES)
    randomize(model)
    state = clone(model.state_dict())
    state.update({
        "mask_token": torch.randn(1, 1, 8), "decoder_pos_embed": torch.randn(1, 17, 8),
        "decoder_embed.weight": torch.randn(8, 24), "decoder_embed.bias": torch.randn(8),
        "decoder_blocks.0.norm1.weight": torch.randn(8), "decoder_norm.weight": torch.randn(8),
        "decoder_pred.weight": torch.randn(48, 8), "decoder_pred.bias": torch.randn(48)})
    moments = {0: {"step": torch.tensor(3.0), "exp_avg": torch.randn(1, 1, 24), "exp_avg_sq": torch.randn(1, 1, 24)}}
    arguments = argparse.Namespace(
        batch_size=64, model="mae_vit_tiny", mask_ratio=0.75, norm_pix_loss=True, blr=1.5e-4, resume="")
    torch.save({
        "model": state, "optimizer": {"state": moments, "param_groups": [{"lr": 1e-4, "params": [0]}]},
        "epoch": 799, "scaler": {"scale": 65536.0, "growth_factor": 2.0}, "args": arguments}, folder / "mae.pth")
    return timm_outputs(model, images, positions=plain_positions)


@family
def dino(folder, images) -> dict:
    """DINO's full file: student and teacher below module.backbone., heads, loss; the teacher counts."""
    model = VisionTransformer(**SIZES)
    randomize(model)
    teacher = clone(model.state_dict())
    heads = {"module.head.mlp.0.weight": torch.randn(8, 24), "module.head.last_layer.weight_g": torch.ones(4, 1)}
    student = {name: value + 1 for name, value in teacher.items()}
    torch.save({
        "student": {**prefixed(student, "module.backbone."), **heads},
        "teacher": {**prefixed(teacher, "module.backbone."), **heads},
        "epoch": 100, "args": argparse.Namespace(arch="vit_tiny", patch_size=4),
        "dino_loss": {"center": torch.randn(1, 4)}}, folder / "dino.pth")
    return timm_outputs(model, images, positions=dino_positions)


@family
def moco_v3(folder, images) -> dict:
    """MoCo v3's .pth.tar in the legacy format: base and momentum encoder; the base encoder counts."""
    model = VisionTransformer(**SIZES)
    randomize(model)
    state = clone(model.state_dict())
    head = {"module.base_encoder.head.0.weight": torch.randn(8, 24)}
    momentum = {name: value - 1 for name, value in state.items()}
    torch.save({
        "epoch": 300, "arch": "vit_tiny", "optimizer": {"state": {}, "param_groups": []},
        "state_dict": {**prefixed(state, "module.base_encoder."), **head,
                       **prefixed(momentum, "module.momentum_encoder.")}},
        folder / "moco_v3.pth.tar", _use_new_zipfile_serialization=False)
    return timm_outputs(model, images)


def official_dinov2(folder, images, name, **switches) -> dict:
    """The official names, which timm's own filter turns back into timm's."""
    model = VisionTransformer(**SIZES, init_values=0.1, **switches)
    randomize(model)
    official = rename(
        model.state_dict(), [("mlp.fc1", "mlp.w12"), ("mlp.fc2", "mlp.w3")] if "mlp_layer" in switches else [])
    positions = official["pos_embed"]
    if switches.get("reg_tokens"):
        official["register_tokens"] = official.pop("reg_token")
        # The official model has a row for the class token, which timm adds to the token itself.
        row = torch.randn(1, 1, 24)
        official["pos_embed"] = torch.cat([row, positions], dim=1)
        official["cls_token"] = official["cls_token"] - row
    official["mask_token"] = torch.zeros(1, 24)
    back = checkpoint_filter_fn(clone(official), model)
    assert all(torch.allclose(back[key], value, atol=1e-6) for key, value in model.state_dict().items())
    torch.save(official, folder / f"{name}.pth")
    return timm_outputs(
        model, images, positions=dinov2_register_positions if switches.get("reg_tokens") else dino_positions)


@family
def dinov2(folder, images) -> dict:
    """DINOv2 with layer scale and SwiGLU, a bare state dictionary."""
    return official_dinov2(
        folder, images, "dinov2", mlp_layer=SwiGLUPacked, act_layer=torch.nn.SiLU, mlp_ratio=16 / 3)


@family
def dinov2_registers(folder, images) -> dict:
    """DINOv2 with four registers."""
    return official_dinov2(folder, images, "dinov2_registers", reg_tokens=4, no_embed_class=True)


def beit_like(**switches) -> Beit:
    model = Beit(**SIZES, init_values=0.1, **switches)
    randomize(model)
    return model


@family
def beit(folder, images) -> dict:
    """BEiT's pretraining file: shared relative positions, visual-token head."""
    model = beit_like(use_abs_pos_emb=False, use_shared_rel_pos_bias=True, global_pool="token")
    state = clone(model.state_dict())
    state.update({
        "mask_token": torch.randn(1, 1, 24), "lm_head.weight": torch.randn(32, 24), "lm_head.bias": torch.randn(32),
        "rel_pos_bias.relative_position_index": torch.zeros(17, 17, dtype=torch.int64)})
    torch.save({"model": state}, folder / "beit.pth")
    return timm_outputs(model, images, (16, 24, 8))


@family
def beit_fine_tuned(folder, images) -> dict:
    """A fine-tuned BEiT: relative positions in every block, no final norm but one after pooling."""
    model = Beit(
        **{**SIZES, "num_classes": 5}, init_values=0.1, use_abs_pos_emb=False, use_rel_pos_bias=True,
        global_pool="avg")
    randomize(model)
    torch.save({"module": clone(model.state_dict())}, folder / "beit_fine_tuned.pth")
    model.eval()
    logits = model(images["images/16"])
    return {"16/logits": logits, **timm_outputs(model, images)}


@family
def cae(folder, images) -> dict:
    """CAE: the encoder beside its alignment copy; absolute positions."""
    model = beit_like(use_abs_pos_emb=True, use_rel_pos_bias=False, global_pool="token")
    state = clone(model.state_dict())
    copy = {name: value + 1 for name, value in state.items()}
    torch.save({"model": {
        **prefixed(copy, "alignment_encoder."), **prefixed(state, "encoder."),
        "regresser.norm.weight": torch.randn(24), "decoder.head.weight": torch.randn(8, 24),
        "mask_token": torch.randn(1, 1, 24)}}, folder / "cae.pth")
    return timm_outputs(model, images, positions=plain_positions)


@family
def simmim(folder, images) -> dict:
    """SimMIM's ViT: below encoder., shared relative positions, a convolution as decoder."""
    model = beit_like(use_abs_pos_emb=False, use_shared_rel_pos_bias=True, global_pool="token")
    state = clone(model.state_dict())
    torch.save({"model": {
        **prefixed(state, "encoder."), "encoder.mask_token": torch.randn(1, 1, 24),
        "decoder.0.weight": torch.randn(48, 24, 1, 1), "decoder.0.bias": torch.randn(48)}}, folder / "simmim.pth")
    return timm_outputs(model, images)


@family
def data2vec(folder, images) -> dict:
    """data2vec's official file: model and its average; a square prediction head."""
    model = beit_like(use_abs_pos_emb=False, use_shared_rel_pos_bias=True, global_pool="token")
    state = clone(model.state_dict())
    state.update({"lm_head.weight": torch.randn(24, 24), "mask_token": torch.randn(1, 1, 24)})
    average = {name: value + 1 for name, value in state.items()}
    torch.save({"model": state, "model_ema": average}, folder / "data2vec.pth")
    return timm_outputs(model, images)


def official_clip(folder, images, name, activation, extra) -> dict:
    """A CLIP tower by OpenAI's names, which timm's own filter turns into timm's."""
    model = VisionTransformer(
        **{**SIZES, "num_classes": 6}, pre_norm=True, norm_layer=torch.nn.LayerNorm, act_layer=activation)
    randomize(model)
    model.head.bias.zero_()
    state = rename(model.state_dict(), [
        ("patch_embed.proj.weight", "conv1.weight"), ("norm_pre", "ln_pre"), ("blocks.", "transformer.resblocks."),
        ("norm1", "ln_1"), ("norm2", "ln_2"), ("mlp.fc1", "mlp.c_fc"), ("mlp.fc2", "mlp.c_proj"),
        ("attn.qkv.weight", "attn.in_proj_weight"), ("attn.qkv.bias", "attn.in_proj_bias"),
        ("attn.proj", "attn.out_proj")])
    state = {("ln_post" + key[4:] if key.startswith("norm.") else key): value for key, value in state.items()}
    state["class_embedding"] = state.pop("cls_token")[0, 0]
    state["positional_embedding"] = state.pop("pos_embed")[0]
    state["proj"] = state.pop("head.weight").t().contiguous()
    del state["head.bias"]
    file = {**prefixed(state, "visual."), **extra}
    back = checkpoint_filter_fn(clone(file), model)
    assert all(torch.allclose(back[key], value) for key, value in model.state_dict().items() if key in back)
    torch.save(file, folder / f"{name}.pt")
    model.eval()
    logits = model(images["images/16"])
    return {"16/logits": logits, **timm_outputs(model, images)}


@family
def openai_clip(folder, images) -> dict:
    """OpenAI's state dictionary: quick GELU, extents as tensors."""
    return official_clip(folder, images, "openai_clip", "quick_gelu", {
        "logit_scale": torch.tensor(4.6), "input_resolution": torch.tensor(16), "context_length": torch.tensor(77),
        "token_embedding.weight": torch.randn(4, 6), "transformer.resblocks.0.ln_1.weight": torch.randn(6)})


@family
def openclip(folder, images) -> dict:
    """OpenCLIP's state dictionary: exact GELU."""
    return official_clip(folder, images, "openclip", "gelu", {
        "logit_scale": torch.tensor(4.6), "ln_final.weight": torch.randn(6)})


@family
def mmpretrain(folder, images) -> dict:
    """CMAE's file: mmpretrain's names below backbone., a momentum copy below target_backbone.."""
    model = VisionTransformer(**SIZES)
    randomize(model)
    state = rename(model.state_dict(), [
        ("blocks.", "layers."), ("norm1", "ln1"), ("norm2", "ln2"), ("mlp.fc1", "ffn.layers.0.0"),
        ("mlp.fc2", "ffn.layers.1"), ("patch_embed.proj", "patch_embed.projection")])
    state = {("ln1" + key[4:] if key.startswith("norm.") else key): value for key, value in state.items()}
    target = {name: value + 1 for name, value in state.items()}
    torch.save({"meta": {"epoch": 300}, "state_dict": {
        **prefixed(target, "target_backbone."), **prefixed(state, "backbone."),
        "pixel_decoder.mask_token": torch.randn(1, 1, 8)}}, folder / "mmpretrain.pth")
    return timm_outputs(model, images, positions=plain_positions)


@family
def torchvision_vit(folder, images) -> dict:
    """torchvision's ViT with its classifier; at another side as timm, given its weights, does it."""
    model = torchvision.models.VisionTransformer(
        image_size=16, patch_size=4, num_layers=2, num_heads=3, hidden_dim=24, mlp_dim=96, num_classes=5)
    randomize(model)
    model.eval()
    torch.save(model.state_dict(), folder / "torchvision_vit.pth")
    kept = {}
    model.encoder.layers[0].register_forward_hook(lambda *a: kept.update(block=a[2].clone()))
    model.encoder.register_forward_hook(lambda *a: kept.update(tokens=a[2].clone()))
    logits = model(images["images/16"])
    timm_model = VisionTransformer(**SIZES)
    timm_model.load_state_dict(rename(
        {name: value for name, value in model.state_dict().items() if not name.startswith("heads.")}, [
            ("class_token", "cls_token"), ("encoder.pos_embedding", "pos_embed"), ("conv_proj", "patch_embed.proj"),
            ("encoder.ln", "norm"), ("encoder.layers.encoder_layer_", "blocks."), ("ln_1", "norm1"), ("ln_2", "norm2"),
            ("self_attention.in_proj_", "attn.qkv."), ("self_attention.out_proj", "attn.proj"), ("mlp.0", "mlp.fc1"),
            ("mlp.3", "mlp.fc2")]))
    return {"16/tokens": kept["tokens"], "16/block1": kept["block"], "16/logits": logits,
            **timm_outputs(timm_model, images, (24,), torchvision_positions)}


HUB = dict(
    hidden_size=24, num_hidden_layers=2, num_attention_heads=3, intermediate_size=48, image_size=16, patch_size=4)


def hub_outputs(model, images, sides, norm=None, interpolate=True) -> dict:
    model.eval()
    result = {}
    for side in sides:
        extra = {"interpolate_pos_encoding": True} if side != 16 and interpolate else {}
        output = model(images[f"images/{side}"], output_hidden_states=True, **extra)
        tokens = output.last_hidden_state
        result[f"{side}/tokens"] = norm(tokens) if norm else tokens
        result[f"{side}/block1"] = output.hidden_states[1]
    return result


def hub_save(model, target, **preprocessor) -> None:
    """The folder that save_pretrained writes, and an image processor's settings."""
    model.save_pretrained(target)
    if preprocessor:
        (target / "preprocessor_config.json").write_text(json.dumps(preprocessor, indent=2) + "\n")


@family
def hf_vit(folder, images) -> dict:
    model = transformers.ViTForImageClassification(transformers.ViTConfig(**HUB, num_labels=5))
    randomize(model)
    model.eval()
    hub_save(model, folder / "hf_vit", do_resize=True, size={"height": 16, "width": 16}, resample=2,
             image_mean=[0.5, 0.5, 0.5], image_std=[0.5, 0.5, 0.5])
    result = hub_outputs(model.vit, images, SIDES)
    result["16/logits"] = model(images["images/16"]).logits
    return result


@family
def hf_mae(folder, images) -> dict:
    """ViTMAEForPreTraining in pytorch_model.bin; the tokens are those of the encoder without masking."""
    config = transformers.ViTMAEConfig(
        **HUB, decoder_hidden_size=8, decoder_num_hidden_layers=1, decoder_num_attention_heads=2,
        decoder_intermediate_size=16)
    model = transformers.ViTMAEForPreTraining(config)
    randomize(model)
    target = folder / "hf_mae"
    model.save_pretrained(target)
    torch.save(load_file(target / "model.safetensors"), target / "pytorch_model.bin")
    (target / "model.safetensors").unlink()
    plain = transformers.ViTModel(transformers.ViTConfig(**HUB), add_pooling_layer=False)
    plain.load_state_dict(model.vit.state_dict())
    return hub_outputs(plain, images, SIDES)


@family
def hf_deit(folder, images) -> dict:
    """DeiTModel: class and distillation token."""
    model = transformers.DeiTModel(transformers.DeiTConfig(**HUB), add_pooling_layer=False)
    randomize(model)
    hub_save(model, folder / "hf_deit", do_resize=True, size=256, do_center_crop=True, crop_size=224, resample=3,
             image_mean=[0.485, 0.456, 0.406], image_std=[0.229, 0.224, 0.225])
    return hub_outputs(model, images, SIDES)


@family
def hf_deit_distilled(folder, images) -> dict:
    """DeiT's classifier with its teacher's: the scores are the mean of both."""
    model = transformers.DeiTForImageClassificationWithTeacher(transformers.DeiTConfig(**HUB, num_labels=5))
    randomize(model)
    model.eval()
    hub_save(model, folder / "hf_deit_distilled")
    result = hub_outputs(model.deit, images, SIDES)
    result["16/logits"] = model(images["images/16"]).logits
    return result


@family
def hf_beit(folder, images) -> dict:
    """BeitModel with relative positions in every block, mean pooling: no final norm."""
    model = transformers.BeitModel(transformers.BeitConfig(**HUB, use_relative_position_bias=True))
    randomize(model)
    hub_save(model, folder / "hf_beit")
    return hub_outputs(model, images, (16, 24, 8))


@family
def hf_beit_shared(folder, images) -> dict:
    """BeitModel with shared relative and absolute positions, final norm."""
    model = transformers.BeitModel(transformers.BeitConfig(
        **HUB, use_shared_relative_position_bias=True, use_absolute_position_embeddings=True, use_mean_pooling=False))
    randomize(model)
    hub_save(model, folder / "hf_beit_shared")
    return hub_outputs(model, images, SIDES)


@family
def hf_data2vec(folder, images) -> dict:
    """Data2VecVisionModel with shared relative positions."""
    model = transformers.Data2VecVisionModel(
        transformers.Data2VecVisionConfig(**HUB, use_shared_relative_position_bias=True, use_mean_pooling=False))
    randomize(model)
    hub_save(model, folder / "hf_data2vec")
    return hub_outputs(model, images, SIDES)


@family
def hf_dinov2(folder, images) -> dict:
    """Dinov2Model with SwiGLU."""
    model = transformers.Dinov2Model(transformers.Dinov2Config(**HUB, use_swiglu_ffn=True))
    randomize(model)
    hub_save(model, folder / "hf_dinov2")
    return hub_outputs(model, images, SIDES, interpolate=False)


@family
def hf_dinov2_classifier(folder, images) -> dict:
    """Dinov2ForImageClassification: reads the class token and the mean of the patches."""
    model = transformers.Dinov2ForImageClassification(transformers.Dinov2Config(**HUB, num_labels=5))
    randomize(model)
    model.eval()
    hub_save(model, folder / "hf_dinov2_classifier")
    result = hub_outputs(model.dinov2, images, SIDES, interpolate=False)
    result["16/logits"] = model(images["images/16"]).logits
    return result


@family
def hf_dinov2_registers(folder, images) -> dict:
    model = transformers.Dinov2WithRegistersModel(transformers.Dinov2WithRegistersConfig(**HUB, num_register_tokens=2))
    randomize(model)
    hub_save(model, folder / "hf_dinov2_registers")
    return hub_outputs(model, images, SIDES, interpolate=False)


@family
def hf_clip(folder, images) -> dict:
    """CLIPVisionModelWithProjection; the tokens are normalised as its pooled token is."""
    model = transformers.CLIPVisionModelWithProjection(transformers.CLIPVisionConfig(**HUB, projection_dim=6))
    randomize(model)
    model.eval()
    hub_save(model, folder / "hf_clip")
    result = hub_outputs(model.vision_model, images, SIDES, norm=model.vision_model.post_layernorm)
    result["16/logits"] = model(images["images/16"]).image_embeds
    return result


@family
def hf_siglip(folder, images) -> dict:
    """SiglipVisionModel, whose names have no prefix; no class token, a head that pools by attention."""
    model = transformers.SiglipVisionModel(transformers.SiglipVisionConfig(**HUB))
    randomize(model)
    hub_save(model, folder / "hf_siglip", do_resize=True, size={"height": 16, "width": 16}, resample=3,
             image_mean=[0.5, 0.5, 0.5], image_std=[0.5, 0.5, 0.5])
    return hub_outputs(model, images, SIDES)


@family
def hf_siglip_model(folder, images) -> dict:
    """SiglipModel: the image tower below vision_model., here without a head, beside one for texts."""
    text = dict(hidden_size=4, num_hidden_layers=1, num_attention_heads=1, intermediate_size=4, vocab_size=4,
                max_position_embeddings=4, projection_size=24, bos_token_id=1, eos_token_id=2)
    vision = dict(**HUB, vision_use_head=False)
    model = transformers.SiglipModel(transformers.SiglipConfig(vision_config=vision, text_config=text))
    randomize(model)
    hub_save(model, folder / "hf_siglip_model")
    return hub_outputs(model.vision_model, images, SIDES)


def eva_dinov3(**switches) -> Eva:
    """timm's Eva as its DINOv3 models build it."""
    model = Eva(**{
        **SIZES, "mlp_ratio": 2, "init_values": 0.1, "rope_type": "dinov3", "rope_temperature": 100,
        "rope_rotate_half": True, "use_rot_pos_emb": True, "use_abs_pos_emb": False, "num_reg_tokens": 2,
        "use_fc_norm": False, "norm_layer": functools.partial(torch.nn.LayerNorm, eps=1e-5), **switches})
    randomize(model)
    return model


def official_dinov3(folder, images, name, extra, **switches) -> dict:
    """The official names, which timm's own filter turns back into timm's, and periods rounded as in the real files."""
    model = eva_dinov3(num_heads=2, **switches)
    official = rename(model.state_dict(), [
        ("gamma_1", "ls1.gamma"), ("gamma_2", "ls2.gamma"), ("reg_token", "storage_tokens"), ("mlp.fc1_g", "mlp.w1"),
        ("mlp.fc1_x", "mlp.w2")])
    if "swiglu_mlp" in switches:
        official = rename(official, [("mlp.fc2", "mlp.w3")])
    for block in range(2):
        attention = f"blocks.{block}.attn"
        if f"{attention}.q_bias" in official:
            query, value = official.pop(f"{attention}.q_bias"), official.pop(f"{attention}.v_bias")
            official[f"{attention}.qkv.bias"] = torch.cat([query, torch.randn(24), value])
            official[f"{attention}.qkv.bias_mask"] = torch.tensor([1.0, 0.0, 1.0]).repeat_interleave(24)
    official["mask_token"] = torch.zeros(1, 24)
    model.rope.periods = model.rope.periods.bfloat16().float()
    model.rope._cache_embed([4, 4])
    official["rope_embed.periods"] = model.rope.periods.clone()
    official.update(extra)
    back = eva_filter_fn(clone(official), model)
    if "swiglu_mlp" in switches:
        back = rename(back, [("mlp.w1", "mlp.fc1_g"), ("mlp.w2", "mlp.fc1_x"), ("mlp.w3", "mlp.fc2")])
    assert all(torch.equal(back[key], value) for key, value in model.state_dict().items())
    torch.save(official, folder / f"{name}.pth")
    return timm_outputs(model, images)


@family
def dinov3(folder, images) -> dict:
    """DINOv3's file: rotary positions, registers, biases of keys that a mask takes away."""
    return official_dinov3(folder, images, "dinov3", {})


@family
def dinov3_swiglu(folder, images) -> dict:
    """DINOv3's largest: SwiGLU, no biases of queries, a norm that only training uses."""
    norm = {"local_cls_norm.weight": torch.randn(24), "local_cls_norm.bias": torch.randn(24)}
    return official_dinov3(
        folder, images, "dinov3_swiglu", norm, swiglu_mlp=True, swiglu_align_to=8, qkv_bias=False)


@family
def timm_dinov3(folder, images) -> dict:
    """timm's DINOv3 as bare weights, without biases of queries."""
    model = eva_dinov3(qkv_bias=False)
    save_file(clone(model.state_dict()), folder / "timm_dinov3.safetensors")
    return timm_outputs(model, images)


@family
def timm_dinov3_plus(folder, images) -> dict:
    """A folder of timm's DINOv3 with SwiGLU and biases of queries and values, and a classifier."""
    switches = dict(swiglu_mlp=True, swiglu_align_to=8)
    model = eva_dinov3(num_classes=5, rope_temperature=50, **switches)
    target = folder / "timm_dinov3_plus"
    target.mkdir(exist_ok=True)
    save_file(clone(model.state_dict()), target / "model.safetensors", metadata={"format": "pt"})
    config = {
        "architecture": "vit_small_plus_patch16_dinov3_qkvb", "num_classes": 5, "num_features": 24,
        "global_pool": "avg", "model_args": {
            "embed_dim": 24, "depth": 2, "num_heads": 3, "img_size": [16, 16], "patch_size": 4,
            "rope_temperature": 50},
        "pretrained_cfg": {"input_size": [3, 256, 256], "interpolation": "bicubic", "crop_pct": 1.0,
                           "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}}
    (target / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    model.eval()
    logits = model(images["images/16"])
    return {"16/logits": logits, **timm_outputs(model, images)}


@family
def hf_dinov3(folder, images) -> dict:
    model = transformers.DINOv3ViTModel(transformers.DINOv3ViTConfig(**HUB, num_register_tokens=2, rope_theta=30.0))
    randomize(model)
    hub_save(model, folder / "hf_dinov3", do_resize=True, size={"height": 16, "width": 16}, resample=2,
             image_mean=[0.485, 0.456, 0.406], image_std=[0.229, 0.224, 0.225])
    return hub_outputs(model, images, SIDES, interpolate=False)


@family
def hf_dinov3_gated(folder, images) -> dict:
    """DINOv3ViTModel with a gated MLP, no registers, and biases of the keys too."""
    model = transformers.DINOv3ViTModel(
        transformers.DINOv3ViTConfig(**HUB, use_gated_mlp=True, hidden_act="silu", key_bias=True))
    randomize(model)
    hub_save(model, folder / "hf_dinov3_gated")
    return hub_outputs(model, images, SIDES, interpolate=False)
