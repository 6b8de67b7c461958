"""Checkpoints of real sizes with random weights."""

import json
import pathlib
from collections.abc import Iterator

import numpy
import timm
import torch
import torchvision
from safetensors.torch import save_file


def state_of(name: str, **arguments) -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    return timm.create_model(name, pretrained=False, num_classes=0, **arguments).state_dict()


def weight_bytes(state: dict[str, torch.Tensor]) -> int:
    return sum(value.numel() * 4 for value in state.values() if value.is_floating_point())


def make(folder: pathlib.Path) -> Iterator[tuple[str, pathlib.Path, int]]:
    """Name, file or folder, and bytes of the encoder's weights in 32-bit floats; one at a time."""
    base = state_of("vit_base_patch16_224")
    weights = weight_bytes(base)
    torch.save(base, folder / "base.pth")
    yield "ViT-B/16, .pth", folder / "base.pth", weights
    torch.save(base, folder / "legacy.pth", _use_new_zipfile_serialization=False)
    yield "ViT-B/16, legacy .pth", folder / "legacy.pth", weights
    save_file(base, folder / "base.safetensors")
    yield "ViT-B/16, .safetensors", folder / "base.safetensors", weights
    save_file({name: value.half() for name, value in base.items()}, folder / "half.safetensors")
    yield "ViT-B/16 in 16 bits, .safetensors", folder / "half.safetensors", weights
    yield "ViT-B/16 in shards", sharded(base, folder / "shards"), weights
    yield "ViT-B/16 with separate projections (Hugging Face)", hugging_face(base, folder / "hub"), weights
    training = {"model": base, "optimizer": {"state": {
        index: {"exp_avg": torch.zeros_like(value), "exp_avg_sq": torch.zeros_like(value)}
        for index, value in enumerate(base.values())}}, "epoch": 300}
    torch.save(training, folder / "training.pth")
    yield "ViT-B/16 with its optimiser, .pth", folder / "training.pth", weights
    numpy.savez_compressed(folder / "small.npz", **{
        name: value.numpy() for name, value in state_of("vit_small_patch16_224").items()})
    small = weight_bytes(state_of("vit_small_patch16_224"))
    yield "ViT-S/16, compressed .npz", folder / "small.npz", small
    state = torchvision.models.resnet50(num_classes=1000).state_dict()
    torch.save(state, folder / "resnet50.pth")
    yield "ResNet-50, .pth", folder / "resnet50.pth", weight_bytes(state)


def sharded(state: dict[str, torch.Tensor], target: pathlib.Path) -> pathlib.Path:
    """A folder of two files and an index."""
    target.mkdir()
    names = sorted(state)
    index = {}
    for number, part in enumerate((names[::2], names[1::2]), 1):
        file = f"model-{number:05}-of-00002.safetensors"
        save_file({name: state[name] for name in part}, target / file)
        index |= {name: file for name in part}
    (target / "model.safetensors.index.json").write_text(json.dumps({"weight_map": index}))
    (target / "config.json").write_text("{}")
    return target


def hugging_face(state: dict[str, torch.Tensor], target: pathlib.Path) -> pathlib.Path:
    """The same network by the names of transformers' ViTModel."""
    renamed = {}
    for name, value in state.items():
        for old, new in [
                ("blocks.", "encoder.layer."), ("norm1", "layernorm_before"), ("norm2", "layernorm_after"),
                ("attn.proj", "attention.output.dense"), ("mlp.fc1", "intermediate.dense"),
                ("mlp.fc2", "output.dense"), ("cls_token", "embeddings.cls_token"),
                ("pos_embed", "embeddings.position_embeddings"),
                ("patch_embed.proj", "embeddings.patch_embeddings.projection")]:
            name = name.replace(old, new)
        name = "layernorm." + name[5:] if name.startswith("norm.") else name
        if ".attn.qkv." not in name:
            renamed[name] = value
            continue
        for part, piece in zip(("query", "key", "value"), value.chunk(3)):
            renamed[name.replace("attn.qkv", f"attention.attention.{part}")] = piece.clone()
    target.mkdir()
    save_file(renamed, target / "model.safetensors")
    (target / "config.json").write_text(json.dumps({
        "architectures": ["ViTModel"], "model_type": "vit", "hidden_size": 768, "num_attention_heads": 12,
        "image_size": 224, "patch_size": 16}))
    return target
