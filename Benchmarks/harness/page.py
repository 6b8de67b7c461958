"""Writes docs/performance.md from the stored measurements; what stands below the marker is left alone."""

import pathlib

from . import reports
from .work import ALL, FILES, Target, Work

MARKER = "<!-- Written by hand from here on; `make bench` leaves it alone. -->"

OPENING = """# Performance

Written by `make bench`. Ours and the rival's do the same work in turn, each in a process of its own with all
cores; a figure is the median of the runs, a ratio is taken pair by pair and its median is given, with the lowest
and the highest. "Of GEMM" is the rate of the matrix products inside the work over the rate of a plain
4096×768×768 product in the same precision, both ours. Memory is the process's peak resident set.
"""


def write(path: pathlib.Path, stored: dict) -> None:
    """Writes the page; `stored` is what run.py keeps: machine, measurements by key, scaling, reports."""
    below = f"{MARKER}\n\n## Ladder\n\n| date | change | before | after |\n|---|---|---|---|\n"
    if path.exists() and MARKER in path.read_text():
        below = MARKER + path.read_text().split(MARKER, 1)[1]
    parts = [OPENING, _machine(stored["machine"]), _targets(stored), _details(stored)]
    if stored.get("scaling"):
        parts.append(_scaling(stored["scaling"]))
    if stored.get("reports"):
        parts.append(reports.page(stored["reports"]))
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join(parts) + "\n" + below)


def _machine(lines: dict[str, str]) -> str:
    rows = "".join(f"| {name} | {value} |\n" for name, value in lines.items())
    return "## Machine\n\n| | |\n|---|---|\n" + rows


def _title(work: Work) -> str:
    return f"{work.title}, {work.precision}"


def _targets(stored: dict) -> str:
    rows = ["## Targets\n", "| work | to reach | measured | |", "|---|---|---|---|"]
    for work in ALL:
        found = stored["measurements"].get(work.key)
        if found is None:
            continue
        for rival, target in work.rivals.items():
            rows += [f"| {_title(work)} | {line} |" for line in _verdicts(work, rival, target, found, stored)]
            if target.ratio is not None:
                rows.append(f"| {_title(work)} | {_memory(rival, found)} |")
    return "\n".join(rows) + "\n"


def _verdicts(work: Work, rival: str, target: Target, found: dict, stored: dict):
    """`to reach | measured | met` for the speed targets of one rival."""
    if target.ratio is not None:
        ratio = found["ratios"][rival]
        yield (
            f"≥ {target.ratio:g}× {rival} | {ratio['median']:.2f}× "
            f"({ratio['lowest']:.2f} to {ratio['highest']:.2f}) | {_met(ratio['median'] >= target.ratio)}")
    if target.parts_ratio is not None:
        parts = found["ratios"][rival]["parts"]
        slowest = min(parts, key=parts.get)
        yield (
            f"each part ≥ {target.parts_ratio:g}× {rival} | {parts[slowest]:.2f}× at least ({slowest}) "
            f"| {_met(parts[slowest] >= target.parts_ratio)}")
    if target.seconds is not None:
        seconds = found["sides"]["unmask"]["seconds"]
        yield f"≤ {target.seconds:g} s | {seconds:.2f} s | {_met(seconds <= target.seconds)}"
    gemm = stored["measurements"].get("gemm" if work.precision == "fp32" else f"gemm-{work.precision}")
    if target.gemm_share is not None and gemm is not None:
        share = found["sides"]["unmask"]["gflops"] / gemm["sides"]["unmask"]["gflops"]
        yield (
            f"≥ {target.gemm_share:.0%} of GEMM | {share:.0%} | {_met(share >= target.gemm_share)}")


def _memory(rival: str, found: dict) -> str:
    ours, theirs = (found["sides"][side]["peak_rss_bytes"] for side in ("unmask", rival))
    return f"≤ memory of {rival} | {_mebibytes(ours)} against {_mebibytes(theirs)} | {_met(ours <= theirs)}"


def _met(good: bool) -> str:
    return "met" if good else "**not met**"


def _mebibytes(count: float) -> str:
    return f"{count / 2**20:,.0f} MiB"


def _details(stored: dict) -> str:
    rows = [
        "## Measured\n", "| work | side | seconds (lowest to highest) | rate | GFLOP/s | peak memory | check |",
        "|---|---|---|---|---|---|---|"]
    for work in ALL:
        found = stored["measurements"].get(work.key)
        for side, figures in (found or {"sides": {}})["sides"].items():
            low, high = figures["spread"]
            rate = f"{figures['rate']:,.0f} {work.unit}" if figures["rate"] else ""
            arithmetic = f"{figures['gflops']:,.0f}" if figures["gflops"] else ""
            check = "" if figures["check"] is None else f"{figures['check']:.4g}"
            rows.append(
                f"| {_title(work)} | {side} | {figures['seconds']:.4g} ({low:.4g} to {high:.4g}) | {rate} "
                f"| {arithmetic} | {_mebibytes(figures['peak_rss_bytes'])} | {check} |")
    for work in ALL:
        for rival, ratio in (stored["measurements"].get(work.key) or {"ratios": {}})["ratios"].items():
            if ratio.get("parts"):
                listed = ", ".join(f"{part} {value:.1f}×" for part, value in sorted(ratio["parts"].items()))
                rows.append(f"\n{work.title} against {rival}, part by part: {listed}.")
    rows.append("\nCheck: the last training loss, or the accuracy on drawn clusters, for which the sides draw their own")
    rows.append("numbers, so that it agrees roughly; for a loaded checkpoint the sum of its features; AP. The runs of our side")
    rows.append("(the rivals' take `--key value`, in `Benchmarks`, `python -m rivals`):\n")
    rows.append("```")
    for work in ALL:
        if work.key in stored["measurements"]:
            settings = work.settings(False, stored["threads"])
            words = [f"{key}={value}".replace(f"{FILES.parent}/", "") for key, value in settings.items()]
            rows.append(" ".join([".build/release/unmask-bench", work.name, *words]))
    rows.append("```")
    return "\n".join(rows) + "\n"


def _scaling(found: list[dict]) -> str:
    rows = [
        "## Growth with the number of images\n",
        "`unmask evaluate random:vit-tiny/4@32 --tasks knn --data 'scenes?train=N&test=N/4' --fresh`, whole",
        "process, features written to the cache and read from there.\n",
        "| training images N | seconds | peak memory |", "|---|---|---|"]
    rows += [
        f"| {row['images']:,} | {row['seconds']:.2f} | {_mebibytes(row['peak_rss_bytes'])} |" for row in found]
    return "\n".join(rows) + "\n"
