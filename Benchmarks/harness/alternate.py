"""Runs ours and the rivals' in turn, each in a process of its own, and measures time and memory."""

import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

from .work import FILES, Work

root = pathlib.Path(__file__).resolve().parents[2]
OURS = "unmask"


class SideFailed(Exception):
    """One side of a benchmark did not run; the message says which and why."""


def run_process(command: list[str], folder: pathlib.Path) -> tuple[str, int]:
    """Standard output and peak memory in bytes of a process."""
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(
            command, cwd=folder, stdout=subprocess.PIPE, stderr=errors, text=True)
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            errors.seek(0)
            last = (errors.read().strip().splitlines() or ["no message"])[-1]
            raise SideFailed(f"{' '.join(command[:4])}: exit {process.returncode}: {last}")
    return output, usage.ru_maxrss * 1024


def run_side(side: str, work: Work, quick: bool, threads: int) -> dict:
    """One measurement: at least `seconds` (of one repetition) and `peak_rss_bytes`."""
    settings = work.settings(quick, threads)
    if side == OURS:
        program, folder = str(root / ".build" / "release" / "unmask-bench"), root
        command = [program, work.name, *(f"{key}={value}" for key, value in settings.items())]
    else:
        folder = root / "Benchmarks"
        command = [sys.executable, "-m", "rivals", work.name, "--rival", side]
        command += [part for key, value in settings.items() for part in (f"--{key}", value)]
    try:
        output, peak = run_process(command, folder)
        result = json.loads(output.strip().splitlines()[-1])
    except (OSError, ValueError, IndexError) as error:
        raise SideFailed(f"{side}: {error}") from error
    return result | {"peak_rss_bytes": peak}


def make_file(work: Work, quick: bool, say) -> None:
    """Makes the file that a benchmark reads, unless it is there."""
    if work.file is None or (path := work.path(quick)).exists():
        return
    say(f"{work.key}: writing {path}")
    path.parent.mkdir(parents=True, exist_ok=True)
    sizes = [f"{key}={value}" for key, value in work.sizes(quick).items()]
    run_process([sys.executable, "-m", f"rivals.{work.maker}", str(path), *sizes], root / "Benchmarks")


def measure(work: Work, pairs: int, quick: bool, threads: int, say) -> dict:
    """Alternates ours, rival, (rival,) ours, ... `pairs` times, and sums up.

    The ratio to a rival is taken pair by pair, so that a slow minute of the machine hits both sides;
    the median of the ratios is the result.
    """
    make_file(work, quick, say)
    sides = [OURS, *work.rivals]
    runs: dict[str, list[dict]] = {side: [] for side in sides}
    for pair in range(pairs):
        for side in sides:
            result = run_side(side, work, quick, threads)
            runs[side].append(result)
            say(f"{work.key} {pair + 1}/{pairs} {side}: {result['seconds']:.4g} s")
    operations = work.operations(quick)
    summary = {"sides": {}, "ratios": {}}
    for side in sides:
        seconds = statistics.median(run["seconds"] for run in runs[side])
        summary["sides"][side] = {
            "seconds": seconds,
            "spread": [min(run["seconds"] for run in runs[side]), max(run["seconds"] for run in runs[side])],
            "gflops": operations / seconds / 1e9,
            "rate": runs[side][0].get("images_per_second", 0) * runs[side][0]["seconds"] / seconds,
            "peak_rss_bytes": statistics.median(run["peak_rss_bytes"] for run in runs[side]),
            "check": runs[side][-1].get("check"),
        }
    for rival in work.rivals:
        ratios = [
            theirs["seconds"] / ours["seconds"]
            for ours, theirs in zip(runs[OURS], runs[rival], strict=True)]
        summary["ratios"][rival] = {
            "median": statistics.median(ratios), "lowest": min(ratios), "highest": max(ratios),
            "parts": {
                part: statistics.median(
                    theirs["parts"][part] / ours["parts"][part]
                    for ours, theirs in zip(runs[OURS], runs[rival], strict=True))
                for part in runs[OURS][0].get("parts", {})}}
    return summary
