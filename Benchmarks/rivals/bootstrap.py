"""Paired bootstrap intervals of the differences of several metrics, by SciPy's `bootstrap`."""

import numpy
from scipy import stats

from .timing import median_seconds


def run(options) -> dict:
    """Percentile intervals of mean differences; the mean width of the intervals is the check."""
    random = numpy.random.default_rng(0)
    outcomes = random.random((options.metrics, 2, options.examples))
    widths = []

    def work():
        widths.clear()
        for first, second in outcomes:
            interval = stats.bootstrap(
                (first, second), lambda a, b, axis: b.mean(axis) - a.mean(axis), paired=True,
                vectorized=True, n_resamples=options.resamples, batch=100, method="percentile",
                rng=random).confidence_interval
            widths.append(interval.high - interval.low)

    seconds = median_seconds(work, options.repetitions, warm_up=0)
    return {"seconds": seconds, "images_per_second": options.metrics * options.examples / seconds,
            "check": float(numpy.mean(widths))}
