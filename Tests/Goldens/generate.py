#!/usr/bin/env python3
"""Writes the goldens of the engine: what PyTorch and timm compute, for the Swift tests to agree with.

    python3 Tests/Goldens/generate.py                      write every file below engine/
    python3 Tests/Goldens/generate.py linear mae_tiny      only these
    python3 Tests/Goldens/generate.py --check              compare with the files on disk, write nothing
    python3 Tests/Goldens/generate.py --check-timm FOLDER  load an Unmask checkpoint folder into timm

Needs the packages of requirements.txt beside it (`make goldens` installs them into .venv). Everything
is seeded, in float32 and computed by one thread, so a second run on the same machine writes the same
bytes; on another machine the last bits differ, and --check allows for that.

Every file is a safetensors file of contiguous float32 tensors. Labels and other integers are floats too.
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
import sys

from reference import (
    masked_autoencoder, operators, optimizers, probes, timm_check, vision_transformer)
from reference.store import check, folder, write

GOLDENS = {
    function.__name__: function
    for module in (operators, optimizers, vision_transformer, masked_autoencoder, probes)
    for function in module.GOLDENS
}


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(GOLDENS))
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    parser.add_argument("--check-timm", metavar="FOLDER", help="load a checkpoint folder into timm")
    parser.add_argument(
        "--tokens", metavar="FILE.npy", help="with --check-timm: tokens that `unmask features --pool "
        "tokens --tensors` wrote for --images; they must agree with timm's")
    parser.add_argument(
        "--images", metavar="FILE.npy", help="with --check-timm: float32 [images, 3, side, side]")
    arguments = parser.parse_args()

    if arguments.check_timm:
        return timm_check.check_folder(arguments.check_timm, arguments.images, arguments.tokens)

    unknown = [name for name in arguments.names if name not in GOLDENS]
    if unknown:
        parser.error(f"unknown golden {unknown[0]}; there are {', '.join(GOLDENS)}")
    act = check if arguments.check else write
    good = all([act(name, GOLDENS[name]) for name in arguments.names or GOLDENS])
    total = sum(file.stat().st_size for file in folder.glob("*.safetensors"))
    print(f"{total / 1e6:.2f} MB in {folder.name}/", file=sys.stderr)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
