"""How long comparisons of many reports take, and how much memory: whole processes, as users run them."""

import pathlib
import re
import shutil
import subprocess
import tempfile
import time

from .alternate import SideFailed, root, run_process

PROGRAM = str(root / ".build" / "release" / "unmask")
BENCH = str(root / ".build" / "release" / "unmask-bench")

# What the targets are: seconds, MiB of memory, MB of the page.
TARGETS = {"compare": {"seconds": 3.0, "peak_rss_mib": 500}, "page": {"seconds": 2.0, "megabytes": 10, "first_paint_ms": 1000}}


def measure(quick: bool, say) -> dict:
    """`compare` of 200 reports with 10,000 examples each, and the page of 50 checkpoints × 13 tasks."""
    sizes = {
        "compare": {"checkpoints": 200, "tasks": 1, "examples": 10_000},
        "page": {"checkpoints": 50, "tasks": 13, "examples": 2_000},
    }
    found = {}
    for name, size in sizes.items():
        if quick:
            size = {key: max(1, value // 10) for key, value in size.items()}
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            words = [f"{key}={value}" for key, value in size.items()]
            run_process([BENCH, "reports", f"out={folder / 'reports'}", *words], folder)
            reports = sorted(str(path) for path in (folder / "reports").iterdir())
            html = folder / "page.html"
            command = {
                "compare": [PROGRAM, "compare", *reports],
                "page": [PROGRAM, "report", *reports, "--html", str(html)],
            }[name]
            start = time.perf_counter()
            _, peak = run_process(command, folder)
            found[name] = size | {"seconds": time.perf_counter() - start, "peak_rss_bytes": peak}
            if html.exists():
                found[name]["megabytes"] = html.stat().st_size / 1e6
                if paint := first_paint(html):
                    found[name]["first_paint_ms"] = paint
        say(f"{name}: {found[name]['seconds']:.2f} s, {peak / 2**20:.0f} MiB")
    return found


def first_paint(html: pathlib.Path) -> float | None:
    """Milliseconds to the first paint in headless Chromium, by scripts/check-page; None without Chromium."""
    if not shutil.which("chromium"):
        return None
    result = subprocess.run([root / "scripts" / "check-page", html], capture_output=True, text=True)
    if result.returncode:
        raise SideFailed(f"scripts/check-page: {result.stderr.strip()}")
    return float(re.search(r"first paint after (\d+) ms", result.stdout)[1])


def page(found: dict) -> str:
    """The section of docs/performance.md."""
    rows = [
        "## Many reports\n",
        "Generated reports (`unmask-bench reports`), whole processes, both cores.\n",
        "| work | to reach | measured | |", "|---|---|---|---|"]
    for name, figures in found.items():
        size = f"{figures['checkpoints']} reports × {figures['tasks']} tasks × {figures['examples']:,} examples"
        title = f"`unmask {'report' if name == 'page' else 'compare'}`, {size}"
        measured = figures | {"peak_rss_mib": figures["peak_rss_bytes"] / 2**20}
        for key, limit in TARGETS[name].items():
            if key not in measured:
                continue
            unit = {"seconds": "s", "peak_rss_mib": "MiB", "megabytes": "MB", "first_paint_ms": "ms"}[key]
            met = "met" if measured[key] <= limit else "**not met**"
            what = title + (", first paint in Chromium" if key == "first_paint_ms" else "")
            rows.append(f"| {what} | ≤ {limit:g} {unit} | {measured[key]:.3g} {unit} | {met} |")
    return "\n".join(rows) + "\n"
