"""Whether cost grows in step with the images, and memory does not grow with them."""

import pathlib
import tempfile
import time

from .alternate import root, run_process

ENCODER = "vit-tiny/4@32"


def measure(counts: list[int], say) -> list[dict]:
    """Evaluates an untrained encoder on more and more `scenes`, cold: nothing in the feature cache.

    Each row: images, seconds, peak_rss_bytes.
    """
    rows = []
    for count in counts:
        with tempfile.TemporaryDirectory() as folder:
            command = [
                str(root / ".build" / "release" / "unmask"), "evaluate", f"random:{ENCODER}", "--tasks", "knn",
                "--data", f"scenes?train={count}&test={count // 4}", "--out", folder, "--fresh"]
            start = time.perf_counter()
            _, peak = run_process(command, pathlib.Path(folder))
            rows.append(
                {"images": count, "seconds": time.perf_counter() - start, "peak_rss_bytes": peak})
            say(f"scaling {count} images: {rows[-1]['seconds']:.3g} s, {peak / 2**20:.0f} MiB")
    return rows
