#!/usr/bin/env python3
"""Writes the goldens: what PyTorch, timm, transformers, torchvision, Pillow, SciPy and others compute, for the Swift
tests to agree with.

    python3 Tests/Goldens/generate.py                      write everything
    python3 Tests/Goldens/generate.py linear vision        only these
    python3 Tests/Goldens/generate.py --check              compare with the files on disk, write nothing
    python3 Tests/Goldens/generate.py --check-timm FOLDER  load an Unmask checkpoint folder into timm
    python3 Tests/Goldens/generate.py --check-conversions PROGRAM
                                                           convert every family, load the results into timm
    python3 Tests/Goldens/generate.py --check-zoo PROGRAM  all networks of timm: read exactly, or refused

Needs the packages of requirements.txt beside it (`make goldens` installs them into .venv). Everything
is seeded, in float32 and computed by one thread, so a second run on the same machine computes the same
numbers; on another machine the last bits differ, and --check allows for that.

    engine/          operators, optimisers, whole networks (reference/)
    checkpoints/     other people's checkpoints and the tokens they give (checkpoints.py)
    vision/          decoding, resizing, augmentation (vision.py)
    formats/         picture files of every kind, and the hash of their pixels (vision_formats.py)
    datasets/        small data sets as others leave them on the disk (dataset_files.py)
    statistics/      intervals and tests (statistics_goldens.py)
    detections/      average precision, masks and polygons (detections.py)
    transforms/      resizing and the transforms of evaluation (transforms.py)

Every file of engine/ is a safetensors file of contiguous float32 tensors. Labels and other integers are floats too.
The metadata's one entry `golden` is JSON: `made_by` (versions, seed) and `cases`, an object of settings
for each case.
A tensor is named CASE/KEY. Keys that all files share:

    input, weight, bias ...   what goes in
    output                    what comes out
    output_gradient           the gradient that is sent backwards (of sum(output * output_gradient))
    KEY_gradient              the gradient with respect to KEY

The docstring of each function named after a file (reference/*.py) says what its cases hold.
"""

import argparse
import functools
import sys

import checkpoints
import dataset_files
import detections
import statistics_goldens
import transforms
import vision
import vision_formats
from reference import corruptions, masked_autoencoder, methods, operators, optimizers, pretraining, probes
from reference import residual_network, segmentation, store, timm_check, tree, trust, vision_transformer, zoo_check

ENGINE = {
    function.__name__: function
    for module in (
        operators, optimizers, vision_transformer, residual_network, masked_autoencoder, pretraining, methods,
        probes, corruptions, segmentation, trust)
    for function in module.GOLDENS
}
FOLDERS = {
    "checkpoints": checkpoints.write, "vision": vision.write, "formats": vision_formats.write,
    "datasets": dataset_files.write, "statistics": statistics_goldens.write, "transforms": transforms.write,
    "detections": detections.write,
}


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join([*ENGINE, *FOLDERS]))
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    parser.add_argument("--check-timm", metavar="FOLDER", help="load a checkpoint folder into timm")
    parser.add_argument(
        "--tokens", metavar="FILE.npy", help="with --check-timm: tokens that `unmask features --pool "
        "tokens --tensors` wrote for --images; they must agree with timm's")
    parser.add_argument(
        "--images", metavar="FILE.npy", help="with --check-timm: float32 [images, 3, side, side]")
    parser.add_argument(
        "--check-conversions", metavar="PROGRAM", help="what `unmask convert` writes, loaded into timm")
    parser.add_argument(
        "--check-zoo", metavar="PROGRAM", help="whether networks that ours cannot compute are refused")
    arguments = parser.parse_args()
    if arguments.check_timm:
        return timm_check.check_folder(arguments.check_timm, arguments.images, arguments.tokens)
    if arguments.check_conversions:
        return timm_check.check_conversions(arguments.check_conversions, store.folder.parent / "checkpoints")
    if arguments.check_zoo:
        return zoo_check.check(arguments.check_zoo)
    unknown = [name for name in arguments.names if name not in ENGINE and name not in FOLDERS]
    if unknown:
        parser.error(f"unknown golden {unknown[0]}; there are {', '.join([*ENGINE, *FOLDERS])}")
    one, folder = (store.check, tree.check) if arguments.check else (store.write, tree.write)
    acts = {name: functools.partial(one, name, make) for name, make in ENGINE.items()}
    root = store.folder.parent
    acts |= {name: functools.partial(folder, make, root / name) for name, make in FOLDERS.items()}
    good = all([acts[name]() for name in arguments.names or acts])
    total = sum(file.stat().st_size for part in ("engine", *FOLDERS) for file in (root / part).rglob("*") if file.is_file())
    print(f"{total / 1e6:.2f} MB of goldens", file=sys.stderr)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
