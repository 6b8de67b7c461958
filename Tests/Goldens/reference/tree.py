"""Writes goldens that are files of many kinds, and compares them with those on disk.

Bytes need not be the same: legacy pickles hold addresses of memory, zip files the time of day, and sums end in
other bits on another machine. What is compared is what the files hold.
"""

import json
import pathlib
import shutil
import tempfile
from collections.abc import Callable

import numpy
import torch
from safetensors.torch import load_file

# As reference/store.py: two machines differ in the order of a sum. Texts and pixels must be the same.
TOLERANCE = 2e-5
# Of numbers in JSON, which are computed in double precision.
EXACT = 1e-9


def write(make: Callable[[pathlib.Path], None], folder: pathlib.Path) -> bool:
    """Writes what `make` puts into a folder; a file that holds the same as before is left as it is."""
    with tempfile.TemporaryDirectory() as scratch:
        fresh = pathlib.Path(scratch) / folder.name
        fresh.mkdir()
        make(fresh)
        for file in _files(fresh):
            if _difference(fresh / file, folder / file) is None:
                continue
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(fresh / file, folder / file)
            print(f"wrote {folder.name}/{file}")
        for file in sorted(_files(folder) - _files(fresh)):
            (folder / file).unlink()
            print(f"removed {folder.name}/{file}")
    return True


def check(make: Callable[[pathlib.Path], None], folder: pathlib.Path) -> bool:
    """Compares what `make` puts into a folder with the files on disk."""
    with tempfile.TemporaryDirectory() as scratch:
        fresh = pathlib.Path(scratch) / folder.name
        fresh.mkdir()
        make(fresh)
        different = [
            f"{file}: {why}" for file in sorted(_files(fresh) | _files(folder))
            if (why := _difference(fresh / file, folder / file)) is not None]
    for line in different:
        print(f"{folder.name}/{line}")
    print(f"{folder.name}: {'DIFFERS' if different else 'same'}, {len(_files(folder))} files")
    return not different


def _files(folder: pathlib.Path) -> set[pathlib.Path]:
    return {file.relative_to(folder) for file in folder.rglob("*") if file.is_file()}


def _difference(fresh: pathlib.Path, old: pathlib.Path) -> str | None:
    """What two files do not share, in words; None when they hold the same."""
    if not fresh.exists() or not old.exists():
        return "is not on disk" if fresh.exists() else "is no longer made"
    if fresh.read_bytes() == old.read_bytes():
        return None
    read = READERS.get(fresh.suffix)
    return "has other bytes" if read is None else _values(read(fresh), read(old))


def _pickle(path: pathlib.Path):
    return torch.load(path, weights_only=False)


def _arrays(path: pathlib.Path):
    with numpy.load(path) as archive:
        return dict(archive)


READERS = {
    ".safetensors": load_file, ".pth": _pickle, ".pt": _pickle, ".th": _pickle, ".tar": _pickle, ".bin": _pickle,
    ".npz": _arrays, ".json": lambda path: json.loads(path.read_text()),
}


def _values(fresh, old, place: str = "") -> str | None:
    """The first place at which two values differ."""
    if type(fresh) is not type(old):
        return f"{place}: {type(fresh).__name__} is not {type(old).__name__}"
    if isinstance(fresh, dict):
        if list(fresh) != list(old):
            return f"{place}: other keys"
        return _first(_values(fresh[key], old[key], f"{place}/{key}") for key in fresh)
    if isinstance(fresh, (list, tuple)):
        if len(fresh) != len(old):
            return f"{place}: {len(fresh)} entries, not {len(old)}"
        return _first(_values(a, b, f"{place}/{i}") for i, (a, b) in enumerate(zip(fresh, old)))
    if isinstance(fresh, (torch.Tensor, numpy.ndarray)):
        return _tensors(torch.as_tensor(_native(fresh)), torch.as_tensor(_native(old)), place)
    if isinstance(fresh, float):
        return None if abs(fresh - old) <= EXACT * max(1, abs(fresh)) else f"{place}: {fresh} is not {old}"
    return None if fresh == old else f"{place}: {fresh} is not {old}"


def _native(value):
    return value.astype(value.dtype.newbyteorder("=")) if isinstance(value, numpy.ndarray) else value.detach()


def _tensors(fresh: torch.Tensor, old: torch.Tensor, place: str) -> str | None:
    if fresh.shape != old.shape or fresh.dtype != old.dtype:
        return f"{place}: {tuple(fresh.shape)} {fresh.dtype} is not {tuple(old.shape)} {old.dtype}"
    if not fresh.numel():
        return None
    difference = (fresh.double() - old.double()).abs().max().item()
    limit = TOLERANCE * max(1.0, fresh.double().abs().max().item()) if fresh.is_floating_point() else 0.0
    return None if difference <= limit else f"{place}: differs by {difference:.1e}"


def _first(results):
    return next((result for result in results if result is not None), None)
