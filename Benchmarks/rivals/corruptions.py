"""Fifteen corruptions at five severities by the package imagecorruptions, images shared out to processes.

The package is from 2020; what newer libraries no longer have is put back here: NumPy's old names, SciPy's old module,
scikit-image's old argument and setuptools' resources.
"""

import functools
import multiprocessing
import pathlib
import sys
import time
import types

import numpy
import scipy.ndimage
import skimage.filters

from .timing import median_seconds


def _package():
    """The package, on libraries that are newer than it."""
    numpy.float_ = numpy.float64
    interpolation = types.ModuleType("scipy.ndimage.interpolation")
    interpolation.map_coordinates = scipy.ndimage.map_coordinates
    sys.modules.setdefault(interpolation.__name__, interpolation)
    resources = types.ModuleType("pkg_resources")
    resources.resource_filename = lambda name, path: str(
        pathlib.Path(sys.modules[name].__file__).parent / path)
    sys.modules.setdefault("pkg_resources", resources)
    plain = skimage.filters.gaussian

    @functools.wraps(plain)
    def gaussian(image, sigma=1, multichannel=None, **settings):
        return plain(image, sigma, channel_axis=-1 if multichannel else None, **settings)

    skimage.filters.gaussian = gaussian
    import imagecorruptions

    return imagecorruptions


def _picture(index: int, side: int) -> numpy.ndarray:
    """Ramps, edges and texture: the same picture as ours."""
    y, x, c = numpy.meshgrid(*(numpy.arange(size) for size in (side, side, 3)), indexing="ij")
    ramp = x + y * (c + 1) // 2 + 60 * ((x // 32 + y // 24) % 3)
    texture = (31 * x * x + 17 * y * y + 7 * x * y * c) % 23
    return ((ramp + texture + 7 * index) % 256).astype(numpy.uint8)


def _begin(count: int, side: int) -> None:
    global pictures, package
    import cv2

    cv2.setNumThreads(1)
    package = _package()
    pictures = [_picture(index, side) for index in range(count)]


def _corrupt(job: tuple[str, int, int]) -> float:
    kind, severity, index = job
    numpy.random.seed(index)
    return float(package.corrupt(pictures[index], severity, corruption_name=kind).flat[0])


def run(options) -> dict:
    """One process a core; the check is the mean of the first samples, which random kinds draw their own way."""
    kinds = _package().get_corruption_names("common")
    parts: dict[str, list[float]] = {kind: [] for kind in kinds}
    check = 0.0
    with multiprocessing.get_context("spawn").Pool(options.threads, _begin, (options.images, options.side)) as pool:
        pool.map(_corrupt, [("contrast", 1, 0)] * 2 * options.threads, chunksize=1)

        def work():
            nonlocal check
            means = []
            for kind in kinds:
                start = time.perf_counter()
                jobs = [(kind, severity, index) for severity in range(1, 6) for index in range(options.images)]
                means += pool.map(_corrupt, jobs, chunksize=max(1, len(jobs) // (8 * options.threads)))
                parts[kind].append(time.perf_counter() - start)
            check = sum(means) / len(means)

        seconds = median_seconds(work, options.repetitions, warm_up=0)
    return {
        "seconds": seconds, "images_per_second": options.images * 5 * len(kinds) / seconds, "check": check,
        "parts": {kind: float(numpy.median(taken)) for kind, taken in parts.items()}}
