"""Files that mean harm, or are damaged; `make` gives one at a time."""

import io
import json
import os
import pathlib
import pickle
import shutil
import struct
import zipfile
from collections.abc import Iterator

import numpy
import torch
from safetensors.torch import save_file

import checkpoints

MAGIC = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."
LEGACY = MAGIC + b"\x80\x02M\xe9\x03." + b"\x80\x02}."


# What only reading the weights shows, which `inspect` does not do.
UNSEEN = {"an encoder with a NaN", "an encoder with infinity"}


def make(folder: pathlib.Path) -> Iterator[tuple[str, pathlib.Path]]:
    for name, content in {**safetensors_files(), **pickles()}.items():
        suffix = ".safetensors" if name.startswith("safetensors") else ".pth"
        path = folder / ("hostile" + suffix)
        path.write_bytes(content)
        yield name, path
    for name, write in zips().items():
        path = folder / "hostile.pth"
        write(path)
        yield name, path
    yield from arrays(folder)
    yield from folders(folder)
    yield from networks(folder)
    yield from truncations(folder)


def safetensors_files() -> dict[str, bytes]:
    def file(header: str | bytes, data: bytes = b"", claim: int | None = None) -> bytes:
        header = header.encode() if isinstance(header, str) else header
        return struct.pack("<Q", len(header) if claim is None else claim) + header + data

    def tensor(begin: int, end: int, shape: list[int]) -> dict:
        return {"dtype": "F32", "shape": shape, "data_offsets": [begin, end]}

    overlapping = json.dumps({"a": tensor(0, 8, [2]), "b": tensor(4, 12, [2])})
    return {
        "safetensors, header of 2^63 bytes": file("{}", claim=2**63),
        "safetensors, header of 2^64 - 1 bytes": file("{}", claim=2**64 - 1),
        "safetensors, header longer than the file": file("{}", claim=10**6),
        "safetensors, tensors that overlap": file(overlapping, bytes(12)),
        "safetensors, a shape of 2^60": file(json.dumps({"a": tensor(0, 4, [2**30, 2**30])}), bytes(4)),
        "safetensors, a shape that overflows": file(json.dumps({"a": tensor(0, 4, [2**40] * 4)}), bytes(4)),
        "safetensors, offsets beyond the file": file(json.dumps({"a": tensor(0, 2**50, [2**48])}), bytes(4)),
        "safetensors, negative offsets": file(json.dumps({"a": tensor(-4, 0, [1])}), bytes(4)),
        "safetensors, 50 MB of header": file(
            json.dumps({f"t{i}": tensor(0, 0, [0]) for i in range(600_000)})[:50_000_000]),
        "safetensors, a header of open brackets": file("[" * 4_000_000),
        "safetensors, nested 10^6 deep": file('{"a":' * 1_000_000 + "1" + "}" * 1_000_000),
        "safetensors, 10^5 empty tensors": file(
            json.dumps({f"t{i}": tensor(0, 0, [0]) for i in range(60_000)})),
        "safetensors, a name of 3 MB": file(json.dumps({"a" * 3_000_000: tensor(0, 4, [1])}), bytes(4)),
        "safetensors, not JSON": file(b"{\xff\xfe" + bytes(range(256)) * 100),
    }


class System:
    """Pickles as a call of os.system."""

    def __reduce__(self):
        return os.system, ("echo harm",)


def pickles() -> dict[str, bytes]:
    def legacy(body: bytes) -> bytes:
        return LEGACY + b"\x80\x02" + body + b"." + b"\x80\x02]."

    sharing = b"]q\x00" + b"".join(
        b"h" + bytes([i - 1]) + b"h" + bytes([i - 1]) + b"\x86q" + bytes([i]) for i in range(1, 31))
    return {
        "a call of os.system": LEGACY + pickle.dumps(System(), 2) + b"\x80\x02].",
        "a call of os.system, bare": pickle.dumps(System(), 2),
        "a call of builtins.eval": legacy(b"cbuiltins\neval\n(X\x03\x00\x00\x001+1tR"),
        "10^6 nested tuples": legacy(b")" + b"\x85" * 1_000_000),
        "10^6 nested lists": legacy(b"]" * 1_000_000 + b"a" * 999_999),
        "10^6 marks": legacy(b"(" * 1_000_000),
        "10^7 marks": legacy(b"(" * 10_000_000),
        "10^7 empty dictionaries": legacy(b"(" + b"}" * 10_000_000 + b"l"),
        "10^7 memo entries": legacy(b"N" + b"".join(b"r" + struct.pack("<I", i) for i in range(2_000_000))),
        "a list in itself": legacy(b"]q\x00h\x00a"),
        "a dictionary in itself": legacy(b"}q\x00U\x01ah\x00s"),
        "2^30 paths": legacy(sharing),
        "a string of 2^31 bytes": legacy(b"X\xff\xff\xff\x7f"),
        "bytes of 2^62": legacy(b"\x8e" + struct.pack("<Q", 2**62)),
        "an integer of 2^31 bytes": legacy(b"\x8b\xff\xff\xff\x7f"),
        "an integer of 50 MB": legacy(b"\x8b" + struct.pack("<I", 50_000_000) + bytes(50_000_000)),
        "memo entry 2^32 - 1": legacy(b"Nr\xff\xff\xff\xff"),
        "a line of 20 MB": legacy(b"V" + b"a" * 20_000_000),
        "no end": LEGACY + b"\x80\x02}",
        "nothing but the magic number": MAGIC,
        "zeros": bytes(1_000_000),
        "text": b"this is no checkpoint\n" * 1000,
    }


def zips() -> dict:
    state = io.BytesIO()
    torch.save({"weight": torch.ones(4)}, state)
    entries = {}
    with zipfile.ZipFile(state) as source:
        entries = {name: source.read(name) for name in source.namelist()}

    def archive(extra=None, replace=None, method=zipfile.ZIP_STORED, patch=None):
        def write(path: pathlib.Path) -> None:
            with zipfile.ZipFile(path, "w", method) as target:
                for name, content in {**entries, **(extra or {})}.items():
                    target.writestr(name, (replace or {}).get(name.split("/")[-1], content))
            if patch:
                path.write_bytes(patch(path.read_bytes()))
        return write

    def encrypted(content: bytes) -> bytes:
        content = bytearray(content)
        for signature, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
            start = content.find(signature)
            while start >= 0:
                content[start + place] |= 1
                start = content.find(signature, start + 4)
        return bytes(content)

    def directory_at(content: bytes, offset: int) -> bytes:
        content = bytearray(content)
        end = content.rfind(b"PK\x05\x06")
        content[end + 16:end + 20] = struct.pack("<I", offset)
        return bytes(content)

    bomb = bytes(1_000_000_000)
    system = pickle.dumps(System(), 2)
    return {
        "zip, a bomb as pickle": archive(replace={"data.pkl": bomb}, method=zipfile.ZIP_DEFLATED),
        "zip, a bomb as storage": archive(replace={"0": bomb}, method=zipfile.ZIP_DEFLATED),
        "zip, a bomb beside": archive({"archive/data/1": bomb}, method=zipfile.ZIP_DEFLATED, replace={
            "data.pkl": system}),
        "zip, names that leave the folder": archive({"../../../../tmp/harm": b"x", "/etc/harm": b"x"}),
        "zip, encrypted": archive(patch=encrypted),
        "zip, a call of os.system": archive(replace={"data.pkl": system}),
        "zip, directory beyond the end": archive(patch=lambda content: directory_at(content, 2**32 - 2)),
        "zip, directory at the start": archive(patch=lambda content: directory_at(content, 0)),
        "zip, 60,000 entries": archive({f"archive/data/x{i}": b"" for i in range(60_000)}, replace={
            "data.pkl": system}),
        "zip, LZMA": archive(method=zipfile.ZIP_LZMA),
        "zip, no end": archive(patch=lambda content: content[:-22]),
        "zip, empty": lambda path: zipfile.ZipFile(path, "w").close(),
    }


def arrays(folder: pathlib.Path) -> Iterator[tuple[str, pathlib.Path]]:
    def npy(header: str, data: bytes = b"") -> bytes:
        text = header.encode() + b"\n"
        return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + data

    path = folder / "hostile.npy"
    for name, content in {
            "npy, 2^60 elements": npy(f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({2**60},), }}"),
            "npy, a negative extent": npy("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }", bytes(4)),
            "npy, objects": npy("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", pickle.dumps(System())),
            "npy, header cut": b"\x93NUMPY\x01\x00\xff\xff{'descr'"}.items():
        path.write_bytes(content)
        yield name, path
    numpy.savez_compressed(folder / "hostile.npz", x=numpy.zeros(250_000_000, numpy.float32))
    yield "npz, a bomb", folder / "hostile.npz"


def folders(folder: pathlib.Path) -> Iterator[tuple[str, pathlib.Path]]:
    def place(name: str, files: dict[str, bytes]) -> tuple[str, pathlib.Path]:
        target = folder / "hostile"
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir()
        for file, content in files.items():
            (target / file).write_bytes(content)
        return name, target

    index = lambda files: json.dumps({"weight_map": files}).encode()  # noqa: E731
    weights = struct.pack("<Q", 2) + b"{}"
    yield place("folder, empty", {})
    yield place("folder, shards outside", {"model.safetensors.index.json": index({"a": "../../../etc/passwd"})})
    yield place("folder, absolute shards", {"model.safetensors.index.json": index({"a": "/etc/passwd"})})
    yield place("folder, 10^5 shards", {
        "model.safetensors.index.json": index({f"t{i}": f"s{i}.safetensors" for i in range(100_000)})})
    yield place("folder, an index that is its own shard", {
        "model.safetensors.index.json": index({"a": "model.safetensors.index.json"})})
    yield place("folder, 100 MB of settings", {"model.safetensors": weights, "config.json": b" " * 100_000_000})
    yield place("folder, settings nested 10^6 deep", {
        "model.safetensors": weights, "config.json": b"[" * 1_000_000})


def networks(folder: pathlib.Path) -> Iterator[tuple[str, pathlib.Path]]:
    """Encoders with one thing wrong."""
    state = checkpoints.state_of("vit_tiny_patch16_224", depth=2)
    path = folder / "hostile.safetensors"

    def changed(name: str, **tensors) -> tuple[str, pathlib.Path]:
        content = {**state, **{key.replace("__", "."): value for key, value in tensors.items()}}
        save_file({key: value for key, value in content.items() if value is not None}, path)
        return name, path

    yield changed("an encoder with a NaN", norm__weight=torch.full((192,), float("nan")))
    yield changed("an encoder with infinity", blocks__1__mlp__fc1__bias=torch.full((768,), float("inf")))
    yield changed("an encoder without a bias", blocks__1__mlp__fc1__bias=None)
    yield changed("an encoder with another width", blocks__1__mlp__fc1__bias=torch.zeros(767))
    yield changed("an encoder with 10^6 positions too few", pos_embed=torch.zeros(1, 3, 192))
    yield changed("an unknown family", patch_embed__proj__weight=None)


def truncations(folder: pathlib.Path) -> Iterator[tuple[str, pathlib.Path]]:
    """Files of a real size, cut at every hundredth of their length, from the end."""
    state = checkpoints.state_of("vit_base_patch16_224")
    for name in ("cut.pth", "cut-legacy.pth", "cut.safetensors"):
        whole = folder / "whole"
        if name.endswith("safetensors"):
            save_file(state, whole)
        else:
            torch.save(state, whole, _use_new_zipfile_serialization=name == "cut.pth")
        size = whole.stat().st_size
        for percent in range(99, -1, -1):
            os.truncate(whole, size * percent // 100)
            path = folder / name
            os.link(whole, path)
            yield f"{name} at {percent} %", path
        whole.unlink()
