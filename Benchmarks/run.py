#!/usr/bin/env python3
"""Measures Unmask against PyTorch and scikit-learn and writes docs/performance.md.

    python Benchmarks/run.py                    everything: about twenty minutes on two cores
    python Benchmarks/run.py mae-step knn       only these; the others keep what was measured before
    python Benchmarks/run.py --quick            tiny sizes, one pair: does everything run? writes nothing

Needs .build/release/unmask-bench and the packages of requirements.txt; `make bench` sees to both.
README.md beside this file says how the two sides talk.
"""

import argparse
import json
import pathlib
import sys
import time

from harness import machine, page, reports, scaling
from harness.alternate import SideFailed, measure, root
from harness.work import ALL

STORE = root / ".cache" / "benchmarks.json"
KEYS = [work.key for work in ALL] + ["scaling", "reports"]


def say(line: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {line}", file=sys.stderr, flush=True)


def load() -> dict:
    """What earlier runs measured here, or nothing."""
    try:
        return json.loads(STORE.read_text())
    except (OSError, ValueError):
        return {"measurements": {}}


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(KEYS))
    parser.add_argument("--pairs", type=int, default=5, help="how often the sides alternate (5)")
    parser.add_argument("--quick", action="store_true", help="tiny sizes, one pair, no page")
    parser.add_argument(
        "--page", type=pathlib.Path, default=root / "docs" / "performance.md", help="where the page goes")
    arguments = parser.parse_args()
    unknown = [name for name in arguments.names if name not in KEYS]
    if unknown:
        parser.error(f"unknown benchmark {unknown[0]}; there are {', '.join(KEYS)}")

    names = arguments.names or KEYS
    threads = machine.threads()
    pairs = 1 if arguments.quick else arguments.pairs
    stored = load()
    failed = False
    try:
        for work in ALL:
            if work.key in names:
                measurement = measure(work, pairs, arguments.quick, threads, say)
                stored["measurements"][work.key] = measurement
                say(f"{work.key}: " + ", ".join(
                    f"{ratio['median']:.2f}x {rival}" for rival, ratio in measurement["ratios"].items()))
        if "scaling" in names:
            counts = [100, 200] if arguments.quick else [1000, 2000, 4000, 8000]
            stored["scaling"] = scaling.measure(counts, say)
        if "reports" in names:
            stored["reports"] = reports.measure(arguments.quick, say)
    except SideFailed as failure:
        say(str(failure))
        failed = True
    if not arguments.quick and stored["measurements"]:
        stored |= {"machine": machine.describe(), "threads": threads}
        STORE.parent.mkdir(exist_ok=True)
        STORE.write_text(json.dumps(stored, indent=1))
        page.write(arguments.page, stored)
        say(f"wrote {arguments.page}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
