"""Times a piece of work."""

import statistics
import time
from collections.abc import Callable


def median_seconds(work: Callable[[], object], repetitions: int, warm_up: int = 1) -> float:
    """The median wall time of `repetitions` calls, after `warm_up` that do not count."""
    for _ in range(warm_up):
        work()
    seconds = []
    for _ in range(repetitions):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)
