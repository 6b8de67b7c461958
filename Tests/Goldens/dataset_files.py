"""Data sets as torchvision, Keras, MedMNIST and WebDataset leave them on the disk, and what is in them.

`datasets/cases.json` holds labels, class names and the SHA-256 of all RGB samples of each split, as torchvision
reads them: pickle.load(encoding="latin1"), reshape(-1, 3, 32, 32), transpose(0, 2, 3, 1).
"""

import hashlib
import io
import json
import pickle
import struct
import tarfile

import numpy as np
from PIL import Image

RANDOM = np.random.default_rng(7)


def digest(pixels):
    pixels = np.asarray(pixels)
    if pixels.ndim == 3:
        pixels = np.repeat(pixels[..., None], 3, -1)
    return hashlib.sha256(np.ascontiguousarray(pixels, np.uint8).tobytes()).hexdigest()


def text(value):
    """A string as Python 2 pickles it."""
    data = value.encode()
    return b"U" + bytes([len(data)]) + data if len(data) < 256 else b"T" + struct.pack("<I", len(data)) + data


def of_python2(members):
    """A dictionary pickled by protocol 2 of Python 2, as the archives of CIFAR hold it."""
    out = b"\x80\x02}q\x01("
    for key, value in members.items():
        out += text(key)
        if isinstance(value, np.ndarray):
            data = value.tobytes()
            out += b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R"
            out += b"(K\x01" + b"M" + struct.pack("<H", value.shape[0]) + b"M" + struct.pack("<H", value.shape[1])
            out += b"\x86cnumpy\ndtype\nU\x02u1K\x00K\x01\x87R(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
            out += b"\x89T" + struct.pack("<I", len(data)) + data + b"tb"
        elif isinstance(value, list):
            out += b"](" + b"".join(b"K" + bytes([v]) if isinstance(v, int) else text(v) for v in value) + b"e"
        else:
            out += text(value)
    out = out + b"u."
    assert pickle.loads(out, encoding="latin1").keys() == members.keys()
    return out


def cifar(folder):
    cases = {}
    pixels = RANDOM.integers(0, 256, (3, 3072), dtype=np.uint8)
    names = ["plane", "car", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
    root = folder / "cifar-10-batches-py"
    root.mkdir()
    (root / "data_batch_1").write_bytes(of_python2(dict(
        batch_label="training batch 1 of 5", labels=[6, 9], data=pixels[:2], filenames=["a.png", "b.png"])))
    (root / "test_batch").write_bytes(of_python2(dict(
        batch_label="testing batch 1 of 1", labels=[3], data=pixels[2:], filenames=["c.png"])))
    (root / "batches.meta").write_bytes(of_python2(dict(label_names=names)))
    rgb = pixels.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    cases["cifar10"] = dict(train=[6, 9], test=[3], classes=names, train_pixels=digest(rgb[:2]),
                            test_pixels=digest(rgb[2:]))
    root = folder / "cifar-100-python"
    root.mkdir()
    fine, coarse = [f"fine {i}" for i in range(100)], [f"coarse {i}" for i in range(20)]
    batch = dict(fine_labels=[99, 5], coarse_labels=[19, 0], data=pixels[:2])
    (root / "train").write_bytes(of_python2(batch))
    # Pickled anew by Python 3, as people do who took some of the pictures.
    with open(root / "test", "wb") as stream:
        pickle.dump({b"fine_labels": [42], b"coarse_labels": [7], b"data": pixels[2:]}, stream, protocol=2)
    (root / "meta").write_bytes(of_python2(dict(fine_label_names=fine, coarse_label_names=coarse)))
    cases["cifar100"] = dict(train=[99, 5], test=[42], classes=fine, train_pixels=digest(rgb[:2]),
                             test_pixels=digest(rgb[2:]))
    cases["cifar100?labels=coarse"] = dict(cases["cifar100"], train=[19, 0], test=[7], classes=coarse)
    return cases


def archives(folder):
    grey = RANDOM.integers(0, 256, (6, 5, 4), dtype=np.uint8)
    colour = RANDOM.integers(0, 256, (6, 5, 4, 3), dtype=np.uint8)
    labels = np.array([2, 0, 1, 1, 0, 2])
    np.savez(folder / "keras.npz", x_train=grey[:4], y_train=labels[:4].astype(np.uint8),
             x_test=grey[4:], y_test=labels[4:].astype(np.uint8))
    np.savez_compressed(
        folder / "medmnist.npz", train_images=colour[:3], train_labels=labels[:3, None],
        val_images=colour[3:4], val_labels=labels[3:4, None], test_images=colour[4:],
        test_labels=labels[4:, None])
    return {
        "keras": dict(train=[2, 0, 1, 1], test=[0, 2], train_pixels=digest(grey[:4]), test_pixels=digest(grey[4:])),
        "medmnist": dict(train=[2, 0, 1], validation=[1], test=[0, 2], train_pixels=digest(colour[:3]),
                         test_pixels=digest(colour[4:])),
    }


def webdataset(folder):
    pixels = RANDOM.integers(0, 256, (4, 6, 7, 3), dtype=np.uint8)
    root = folder / "webdataset"
    root.mkdir()

    def add(archive, name, data):
        info = tarfile.TarInfo(name)
        info.size = len(data)
        archive.addfile(info, io.BytesIO(data))

    def png(index):
        stream = io.BytesIO()
        Image.fromarray(pixels[index]).save(stream, "PNG")
        return stream.getvalue()

    long = "folder/" + "x" * 120 + "/0002"
    with tarfile.open(root / "shard-train-000000.tar", "w", format=tarfile.GNU_FORMAT) as archive:
        add(archive, "0000.png", png(0))
        add(archive, "0000.cls", b"1\n")
        add(archive, "0001.json", b'{"label": 0, "caption": "two"}')
        add(archive, "0001.PNG", png(1))
        add(archive, long + ".png", png(2))
        add(archive, long + ".cls", b"2")
    with tarfile.open(root / "shard-val-000000.tar", "w", format=tarfile.PAX_FORMAT) as archive:
        add(archive, "a/é.png", png(3))
        add(archive, "a/é.cls", b"1")
    return {"webdataset": dict(train=[1, 0, 2], test=[1], train_pixels=digest(pixels[:3]),
                               test_pixels=digest(pixels[3:]))}


def write(folder):
    """Writes all data sets into a folder."""
    cases = {**cifar(folder), **archives(folder), **webdataset(folder)}
    made_by = dict(script="Tests/Goldens/dataset_files.py", numpy=np.__version__)
    (folder / "cases.json").write_text(json.dumps(dict(made_by=made_by, cases=cases), indent=1) + "\n")
