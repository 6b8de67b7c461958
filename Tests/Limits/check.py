#!/usr/bin/env python3
"""Measures what reading checkpoints costs: memory of real sizes, time and memory of hostile files.

    python3 Tests/Limits/check.py .build/release/unmask

Needs the packages of Tests/Goldens/requirements.txt and about 2 GB of disk below the system's temporary folder.
Every file is read by `unmask` in a process of its own, whose peak resident set and processor time come from
the kernel. What is asked:

    a checkpoint    `validate`, which loads it: peak <= 1.3 x the bytes of its encoder's weights in 32-bit
                    floats + PROGRAM; `inspect`, which does not: peak <= PROGRAM
    a hostile file  exit code 2, one line on standard error, nothing on standard output, <= 2 s, <= 200 MB
"""

import argparse
import pathlib
import shutil
import sys
import tempfile

import checkpoints
import hostile
from process import measure

# The program and its libraries without any checkpoint: 45 MB, and what they allocate on first use.
PROGRAM = 64 * 2**20
FACTOR = 1.3
SECONDS = 2.0
BYTES = 200 * 10**6


def check_loading(program: str, folder: pathlib.Path) -> bool:
    good = True
    for name, path, weights in checkpoints.make(folder):
        run = measure([program, "inspect", str(path)])
        load = measure([program, "validate", str(path)])
        limit = FACTOR * weights + PROGRAM
        fits = run.code == load.code == 0 and load.peak <= limit and run.peak <= PROGRAM
        good &= fits
        print(f"{'ok  ' if fits else 'FAIL'} {name}: weights {weights / 1e6:.0f} MB, file "
              f"{path_size(path) / 1e6:.0f} MB, peak {load.peak / 1e6:.0f} of {limit / 1e6:.0f} MB, "
              f"inspect {run.peak / 1e6:.0f} MB {load.errors if load.code else ''}", flush=True)
        remove(path)
    return good


def check_hostile(program: str, folder: pathlib.Path) -> bool:
    good, count, slowest, largest = True, 0, 0.0, 0
    for name, path in hostile.make(folder):
        for command in ("inspect", "validate")[name in hostile.UNSEEN:]:
            run = measure([program, command, str(path)])
            lines = run.errors.rstrip("\n").count("\n") + 1
            fits = (run.code == 2 and not run.output and lines == 1 and 0 < len(run.errors) < 20_000
                    and run.seconds <= SECONDS and run.peak <= BYTES)
            good &= bool(fits)
            count, slowest, largest = count + 1, max(slowest, run.seconds), max(largest, run.peak)
            if not fits:
                print(f"FAIL {name}: exit {run.code}, {run.seconds:.2f} s, {run.peak / 1e6:.0f} MB, "
                      f"{run.output[:200]!r} {run.errors[:300]!r}", flush=True)
        remove(path)
    print(f"{'ok  ' if good else 'FAIL'} {count} readings of hostile files: at most {slowest:.2f} s and "
          f"{largest / 1e6:.0f} MB")
    return good


def path_size(path: pathlib.Path) -> int:
    return sum(file.stat().st_size for file in (path.rglob("*") if path.is_dir() else [path]) if file.is_file())


def remove(path: pathlib.Path) -> None:
    shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        good = check_hostile(arguments.program, pathlib.Path(folder))
        good &= check_loading(arguments.program, pathlib.Path(folder))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
