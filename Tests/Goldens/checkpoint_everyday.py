"""Checkpoints as they lie about: whole modules, TorchScript, plain pickles, trainers' files with classes of their own.

everyday/FILE              the same small network in every form; expected.safetensors holds its tokens as everyday/16/tokens
everyday/opaque*.ckpt      beside its weights whatever training code leaves in a checkpoint, protocols 4 and 2
everyday/odd*.pth          tensors of types that cannot be read, beside others
everyday/augreg.npz        the network as Google's AugReg files have it; checked with timm's own reader
"""

import argparse
import collections
import dataclasses
import datetime
import decimal
import enum
import functools
import pathlib
import pickle
import sys
import types

import numpy as np
import torch
from timm.models.vision_transformer import VisionTransformer, _load_weights

from checkpoint_vits import SIZES, clone, randomize

FAMILIES = {}


def module(name: str, **classes):
    """A module of that name, as pickles refer to it, with classes that exist while the script runs."""
    for place in [place for place, letter in enumerate(name) if letter == "."]:
        parent = sys.modules.setdefault(name[:place], types.ModuleType(name[:place]))
        parent.__path__ = getattr(parent, "__path__", [])
    made = types.ModuleType(name)
    for key, value in classes.items():
        value.__module__, value.__qualname__, value.__name__ = name, key, key
        setattr(made, key, value)
    sys.modules[name] = made
    return made


class Stopping:
    def __init__(self):
        self.monitor, self.patience, self.best = "val_loss", 3, torch.tensor(0.25)


class Config(dict):
    pass


class States(collections.OrderedDict):
    pass


@dataclasses.dataclass
class Settings:
    lr: float = 0.1
    layers: tuple = (1, 2)


class Stage(enum.Enum):
    TRAIN = "train"


class Flag(enum.Flag):
    A = 1
    B = 2


def loss(x, weight=None):
    return x


def settings() -> dict:
    """Objects of classes that only their authors have."""
    lightning = module("pytorch_lightning.callbacks.early_stopping", EarlyStopping=Stopping)
    project = module(
        "project.train", Settings=Settings, Stage=Stage, Flag=Flag, ConfigDict=Config, loss=loss, States=States)
    criterion = torch.nn.CrossEntropyLoss(label_smoothing=0.1)
    rng = np.random.RandomState(3)
    generator = np.random.default_rng(3)
    circular = lightning.EarlyStopping()
    circular.trainer = circular
    config = project.ConfigDict(name="tiny", nested=project.ConfigDict(depth=2))
    config.attribute = 7
    return {
        "callbacks": {lightning.EarlyStopping: {"best": 1}, "EarlyStopping": lightning.EarlyStopping(), "c": circular},
        "settings": project.Settings(), "stage": project.Stage.TRAIN, "flag": project.Flag.A, "config": config,
        "partial": functools.partial(project.loss, weight=torch.ones(2)), "criterion": criterion,
        "range": range(0, 6, 2), "slice": slice(1, 2), "complex": 1 + 2j, "bytes": b"\x00\xff",
        "when": datetime.datetime(2026, 1, 2, tzinfo=datetime.timezone.utc), "decimal": decimal.Decimal("1.5"),
        "path": pathlib.PurePosixPath("a/b"), "args": argparse.Namespace(lr=0.1, size=torch.Size([2])),
        "rng": rng.get_state(), "state": rng, "generator": generator, "deque": collections.deque([1, 2], maxlen=4),
        "counter": collections.Counter("aab"), "default": collections.defaultdict(list, {"a": [1]}),
        "seed": np.uint64(2**63 + 5), "int32": np.int32(16777217), "uint32": np.uint32(4294967295), "huge": 2**63,
        "objects": np.array([{"a": 1}, None], dtype=object), "texts": np.array(["a", "bc"]),
        "record": np.zeros(2, dtype=[("a", "f4"), ("b", "i8")]), "time": np.datetime64("2026-01-02"),
        "method": lightning.EarlyStopping().__init__, "builtin": len, "set": {1, 2}, "frozen": frozenset({3}),
        "module": torch.nn.Sequential(torch.nn.Linear(2, 2)), "not": NotImplemented, "dots": ...,
    }


def odd() -> dict:
    """Tensors of types and layouts that encoders do not have."""
    values = torch.arange(6.0).reshape(2, 3)
    return {
        "complex": values.to(torch.complex64), "double_complex": values.to(torch.complex128),
        "float8": values.to(torch.float8_e4m3fn), "sparse": values.to_sparse(), "csr": values.to_sparse_csr(),
        "quantised": torch.quantize_per_tensor(values, 0.1, 3, torch.qint8),
        "uint16": values.to(torch.uint16), "meta": torch.empty(2, 3, device="meta"),
        "nested": [{"deep": values.to(torch.complex64)}],
    }


def augreg(model: VisionTransformer) -> dict:
    """The arrays of AugReg's .npz, of which timm's `_load_weights` makes the model."""
    state = {name: value.numpy() for name, value in model.state_dict().items()}
    width, heads = 24, 3
    arrays = {
        "cls": state["cls_token"], "embedding/kernel": state["patch_embed.proj.weight"].transpose(2, 3, 1, 0),
        "embedding/bias": state["patch_embed.proj.bias"],
        "Transformer/posembed_input/pos_embedding": state["pos_embed"],
        "Transformer/encoder_norm/scale": state["norm.weight"], "Transformer/encoder_norm/bias": state["norm.bias"],
        "head/kernel": state["head.weight"].T, "head/bias": state["head.bias"],
    }
    for index in range(2):
        block, own = f"Transformer/encoderblock_{index}/", f"blocks.{index}."
        for theirs, ours in (("LayerNorm_0", "norm1"), ("LayerNorm_2", "norm2")):
            arrays[f"{block}{theirs}/scale"] = state[f"{own}{ours}.weight"]
            arrays[f"{block}{theirs}/bias"] = state[f"{own}{ours}.bias"]
        attention = block + "MultiHeadDotProductAttention_1/"
        for place, part in enumerate(("query", "key", "value")):
            rows = slice(place * width, (place + 1) * width)
            weight = state[own + "attn.qkv.weight"][rows].T
            arrays[f"{attention}{part}/kernel"] = weight.reshape(width, heads, width // heads)
            arrays[f"{attention}{part}/bias"] = state[own + "attn.qkv.bias"][rows].reshape(heads, -1)
        arrays[attention + "out/kernel"] = state[own + "attn.proj.weight"].T.reshape(heads, width // heads, width)
        arrays[attention + "out/bias"] = state[own + "attn.proj.bias"]
        for theirs, ours in (("Dense_0", "fc1"), ("Dense_1", "fc2")):
            arrays[f"{block}MlpBlock_3/{theirs}/kernel"] = state[f"{own}mlp.{ours}.weight"].T
            arrays[f"{block}MlpBlock_3/{theirs}/bias"] = state[f"{own}mlp.{ours}.bias"]
    return {name: np.ascontiguousarray(value) for name, value in arrays.items()}


def big_vision(arrays: dict) -> dict:
    """The same as big_vision names it, its layers in one stack."""
    names = {"Transformer/posembed_input/pos_embedding": "pos_embedding"}
    parts = {"LayerNorm_2": "LayerNorm_1", "MultiHeadDotProductAttention_1": "MultiHeadDotProductAttention_0",
             "MlpBlock_3": "MlpBlock_0"}
    result, stacks = {}, {}
    for name, value in arrays.items():
        name = names.get(name, name)
        for old, new in parts.items():
            name = name.replace(old, new)
        if "encoderblock_" in name:
            head, _, tail = name.partition("encoderblock_")
            number, _, tail = tail.partition("/")
            stacks.setdefault(f"params/{head}encoderblock/{tail}", {})[int(number)] = value
        else:
            result["params/" + name] = value
    return result | {name: np.stack([layers[i] for i in sorted(layers)]) for name, layers in stacks.items()}


def everyday(folder: pathlib.Path, images) -> dict:
    target = folder / "everyday"
    target.mkdir(exist_ok=True)
    model = VisionTransformer(**{**SIZES, "num_classes": 5}).eval()
    randomize(model)
    state = clone(model.state_dict())
    torch.save(model, target / "module.pt")
    torch.jit.trace(model, images["images/16"]).save(str(target / "traced.pt"))
    few = {"x": torch.arange(15.0).reshape(3, 5), "y": torch.arange(4).half()}
    with open(target / "tensors4.pkl", "wb") as file:
        pickle.dump({"model": state, "epoch": 3}, file, protocol=4)
    with open(target / "tensors2.pkl", "wb") as file:
        pickle.dump({"model": few, "epoch": 3}, file, protocol=2)
    with open(target / "arrays.pkl", "wb") as file:
        pickle.dump({"model": {name: value.numpy() for name, value in few.items()}, "__author__": "us"}, file)
    torch.save({"state_dict": state, **settings()}, target / "opaque.ckpt", pickle_protocol=4)
    torch.save({"state_dict": collections.OrderedDict(few), **settings()}, target / "opaque2.ckpt")
    torch.save({"state_dict": sys.modules["project.train"].States(few)}, target / "subclass.pth")
    torch.save({"model": few, "odd": odd()}, target / "odd.pth")
    torch.save({"model": few, "odd": {key: odd()[key] for key in ("complex", "quantised")}},
               target / "odd_legacy.pth", _use_new_zipfile_serialization=False)
    torch.serialization.set_crc32_options(False)
    torch.save(few, target / "no_checksums.pth")
    torch.serialization.set_crc32_options(True)
    shared = torch.arange(64.0)
    torch.save({f"x{index}": shared[index:index + 8] for index in range(50)}, target / "shared.pth")
    arrays = augreg(model)
    np.savez(target / "augreg.npz", **arrays)
    np.savez(target / "big_vision.npz", **big_vision(arrays))
    for name in ("augreg", "big_vision"):
        if name == "big_vision":
            continue  # timm reads big_vision's layers one by one only
        other = VisionTransformer(**{**SIZES, "num_classes": 5}).eval()
        _load_weights(other, str(target / f"{name}.npz"))
        assert all(torch.equal(value, state[key]) for key, value in other.state_dict().items())
    return {"16/tokens": model.forward_features(images["images/16"]), "16/logits": model(images["images/16"])}


FAMILIES["everyday"] = everyday
