"""Small files of every checkpoint format, as PyTorch, NumPy and safetensors write them.

Each holds the tensors of `tensors()`, whose values the Swift tests compute again: element i of a tensor is
(i % 97 - 48) / 8, exact in every floating-point type.
"""

import argparse
import collections
import pathlib
import zipfile

import numpy as np
import torch
from safetensors.torch import save_file


def pattern(*shape: int, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    """A tensor of the known values, for integers their whole part."""
    count = int(np.prod(shape)) if shape else 1
    values = (torch.arange(count) % 97 - 48) / 8
    return values.to(dtype).reshape(shape)


def model() -> collections.OrderedDict:
    """Views, strides and types that state dictionaries have."""
    shared = pattern(6, 4)
    state = collections.OrderedDict()
    state["whole"] = shared
    state["row"] = shared[2]
    state["column"] = shared[:, 1]
    state["transposed"] = shared.t()
    state["scalar"] = pattern()[()]
    state["half"] = pattern(5, dtype=torch.float16)
    state["double"] = pattern(5, dtype=torch.float64)
    state["long"] = pattern(5, dtype=torch.int64)
    state["flags"] = torch.tensor([True, False, True])
    state["parameter"] = torch.nn.Parameter(pattern(3, 2))
    state["empty"] = torch.zeros(0, 3)
    return state


def training_checkpoint() -> dict:
    """What training scripts save beside the weights."""
    return {
        "model": model(),
        "brain": pattern(4, dtype=torch.bfloat16),
        "epoch": 7,
        "best": np.float64(0.5),
        "count": np.int64(12),
        "history": np.arange(6, dtype=np.float32).reshape(2, 3),
        "column_major": np.asfortranarray(np.arange(6, dtype=np.int16).reshape(2, 3)),
        "args": argparse.Namespace(lr=0.1, name="tiny", betas=(0.9, 0.95), folder=pathlib.PurePosixPath("a/b")),
        "size": torch.Size([2, 3]),
        "dtype": torch.float16,
        "device": torch.device("cpu"),
        "counts": collections.defaultdict(int, {"a": 1}),
        "flags": {1, 2},
        "big": 1 << 80,
        "nothing": None,
        "optimizer": {"state": {0: {"step": 3, "exp_avg": pattern(3, 2)}}, "param_groups": [{"lr": 1e-3, "params": [0]}]},
    }


def big_endian(source: pathlib.Path, target: pathlib.Path) -> None:
    """The same zip archive with every float32 storage byte-swapped and marked so."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.namelist():
            data = old.read(entry)
            if entry.endswith("/byteorder"):
                data = b"big"
            elif "/data/" in entry:
                data = np.frombuffer(data, "<f4").astype(">f4").tobytes()
            new.writestr(zipfile.ZipInfo(entry), data, zipfile.ZIP_DEFLATED)


def write(folder: pathlib.Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    checkpoint = training_checkpoint()
    torch.save(checkpoint, folder / "zip.pth")
    torch.save(checkpoint, folder / "legacy.th", _use_new_zipfile_serialization=False)
    torch.save({"state_dict": {"x": pattern(3, 5)}}, folder / "plain.pt")
    big_endian(folder / "plain.pt", folder / "big_endian_deflated.pt")
    torch.save({"x": pattern(3, 5)}, folder / "protocol4.pt", pickle_protocol=4)
    torch.save({"x": np.arange(4, dtype=">i4"), "y": pattern(2)}, folder / "protocol5.pt", pickle_protocol=5)
    (folder / "plain.pt").unlink()
    np.savez(folder / "stored.npz", whole=pattern(6, 4).numpy(), half=pattern(5).numpy().astype("f2"))
    np.savez_compressed(folder / "deflated.npz", whole=np.asfortranarray(pattern(6, 4).numpy()))
    np.save(folder / "array.npy", pattern(2, 3).numpy().astype(">f8"))
    save_file(
        {"brain": pattern(4, dtype=torch.bfloat16), "half": pattern(5, dtype=torch.float16),
         "long": pattern(5, dtype=torch.int64), "flags": torch.tensor([True, False, True]),
         "double": pattern(5, dtype=torch.float64), "scalar": pattern()[()].clone()},
        folder / "types.safetensors", metadata={"format": "pt"})
    sharded(folder / "sharded")


def sharded(folder: pathlib.Path) -> None:
    """A Hugging Face folder whose weights lie in two files."""
    folder.mkdir(exist_ok=True)
    save_file({"a": pattern(2, 3)}, folder / "model-00001-of-00002.safetensors")
    save_file({"b": pattern(4)}, folder / "model-00002-of-00002.safetensors")
    (folder / "model.safetensors.index.json").write_text(
        '{"metadata": {"total_size": 40}, "weight_map": {"a": "model-00001-of-00002.safetensors", '
        '"b": "model-00002-of-00002.safetensors"}}\n')
    (folder / "config.json").write_text('{"model_type": "none"}\n')
