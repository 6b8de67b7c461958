"""Goldens of corruptions: NumPy, SciPy, scikit-image, OpenCV and Pillow, in the arithmetic of the published scripts.

The picture and the draws are formulas, so that only results are stored. Motion blur, which the scripts leave to
ImageMagick, is ImageMagick's formula; the affine map is SciPy's, since OpenCV rounds places to 1/32 pixel in some versions.
"""

import io
import math

import cv2
import numpy
import torch
from PIL import Image
from scipy.ndimage import map_coordinates, zoom
from scipy.stats import poisson
from skimage.color import hsv2rgb, rgb2hsv
from skimage.filters import gaussian

from .store import Golden

HEIGHT, WIDTH = 33, 40
GENERATORS = ("cifar-c-math", "imagenet-c-math")
# Every SAMPLE-th sample of an output is stored; 97 goes through the three channels in turn.
SAMPLE = 97
# Pictures for which distributions are measured.
PICTURES = 150


def picture(shift: int = 0) -> numpy.ndarray:
    """Ramps, edges, flat black and white, and texture, [33, 40, 3] in 0 ... 255."""
    y, x, c = numpy.meshgrid(numpy.arange(HEIGHT), numpy.arange(WIDTH), numpy.arange(3), indexing="ij")
    levels = (5 * x + 3 * y * (c + 1) + 60 * ((x // 8 + y // 5) % 3) + (31 * x * x + 17 * y * y + 7 * x * y * c) % 23
              + shift) % 256
    levels[:, :5] = 0
    levels[-4:] = 255
    return levels.astype(numpy.uint8)


class Stream:
    """Unmask's random stream: SplitMix64 from a key that mixes seed, purpose and indices."""

    MASK = (1 << 64) - 1

    def __init__(self, purpose: str, *indices: int):
        key = self._mixed(0x9E3779B97F4A7C15)
        for byte in purpose.encode():
            key = self._mixed(key ^ byte)
        for index in indices:
            key = self._mixed(((key ^ index) + 0x632BE59BD9B4E019) & self.MASK)
        self.state = key

    def _mixed(self, z: int) -> int:
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & self.MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & self.MASK
        return z ^ (z >> 31)

    def bits(self, count: int) -> numpy.ndarray:
        values = numpy.empty(count, numpy.uint64)
        for place in range(count):
            self.state = (self.state + 0x9E3779B97F4A7C15) & self.MASK
            values[place] = self._mixed(self.state)
        return values

    def uniforms(self, count: int) -> numpy.ndarray:
        """float32 in [-1, 1)."""
        share = (self.bits(count) >> numpy.uint64(40)).astype(numpy.float32) * numpy.float32(2**-24)
        return numpy.float32(-1) + numpy.float32(2) * share

    def normals(self, count: int) -> numpy.ndarray:
        """Not normal, but of variance one, and the same in every language: three uniform draws, added up."""
        a, b, c = self.uniforms(3 * count).reshape(count, 3).T
        return (a + b) + c


class Draws:
    """NumPy's own draws, for distributions; the same calls as a Stream."""

    def __init__(self, generator):
        self.generator = generator

    def bits(self, count):
        return self.generator.integers(0, 2**64, count, numpy.uint64)

    def uniforms(self, count):
        return self.generator.uniform(-1, 1, count).astype(numpy.float32)

    def normals(self, count):
        return self.generator.normal(size=count).astype(numpy.float32)


def levels(share) -> numpy.ndarray:
    return numpy.uint8(numpy.clip(share, 0, 1) * 255)


def blurred(values, deviation, **settings):
    return gaussian(values, sigma=deviation, channel_axis=-1 if values.ndim == 3 else None, **settings)


def gaussian_noise(image, draws, deviation):
    noise = draws.normals(image.size).reshape(image.shape).astype(numpy.float64)
    return levels(image / 255.0 + deviation * noise)


def speckle_noise(image, draws, deviation):
    noise = draws.normals(image.size).reshape(image.shape).astype(numpy.float64)
    return levels(image / 255.0 + image / 255.0 * (deviation * noise))


def shot_noise(image, draws, photons):
    share = (draws.bits(image.size) >> numpy.uint64(11)).astype(numpy.float64) * 2.0**-53
    return levels(poisson.ppf(share.reshape(image.shape), image / 255.0 * photons) / photons)


def impulse_noise(image, draws, amount):
    bits = draws.bits(image.size).reshape(image.shape)
    changed = (bits & numpy.uint64(0xFFFFFFFF)).astype(numpy.float64) < amount * 2**32
    return numpy.where(changed, numpy.where(bits >> numpy.uint64(63), 255, 0), image).astype(numpy.uint8)


def defocus_blur(image, draws, radius, edge):
    side, taps = (8, (3, 3)) if radius <= 8 else (int(radius), (5, 5))
    y, x = numpy.mgrid[-side : side + 1, -side : side + 1]
    disk = (x**2 + y**2 <= radius**2).astype(numpy.float32)
    kernel = cv2.GaussianBlur(disk / disk.sum(), ksize=taps, sigmaX=edge)
    return levels(numpy.stack([cv2.filter2D(plane, -1, kernel) for plane in numpy.moveaxis(image / 255.0, -1, 0)], -1))


def glass_blur(image, draws, deviation, reach, rounds):
    moved = numpy.uint8(blurred(image / 255.0, deviation) * 255)
    bits = iter(draws.bits(WIDTH * HEIGHT * rounds).tolist())
    for _ in range(rounds):
        for row in range(HEIGHT - reach, reach, -1):
            for column in range(WIDTH - reach, reach, -1):
                bit = next(bits)
                dx = ((bit & 0xFFFFFFFF) * 2 * reach >> 32) - reach
                dy = ((bit >> 32) * 2 * reach >> 32) - reach
                moved[row, column] = moved[row + dy, column + dx]
    return levels(blurred(moved / 255.0, deviation))


def driven(values, radius, deviation, angle):
    """ImageMagick's motion blur in 0 ... 255, rounded."""
    width = 2 * radius + 1
    weights = numpy.exp(-(numpy.arange(width) ** 2) / (2.0 * deviation**2))
    weights /= weights.sum()
    across, down = width * math.sin(math.radians(angle)), width * math.cos(math.radians(angle))
    total = numpy.zeros(values.shape)
    rows, columns = numpy.indices(values.shape[:2])
    for step, weight in enumerate(weights):
        dx = math.ceil(step * down / math.hypot(across, down) - 0.5)
        dy = math.ceil(step * across / math.hypot(across, down) - 0.5)
        row, column = numpy.clip(rows + dy, 0, HEIGHT - 1), numpy.clip(columns + dx, 0, WIDTH - 1)
        total += weight * values[row, column]
    return numpy.uint8(numpy.clip(total + 0.5, 0, 255))


def motion_blur(image, draws, radius, deviation):
    return driven(image, radius, deviation, 45 * float(draws.uniforms(1)[0]))


def zoomed(values, factor):
    """The middle of [height, width, channels], enlarged."""
    cut = [math.ceil(side / factor) for side in values.shape[:2]]
    start = [(side - size) // 2 for side, size in zip(values.shape, cut)]
    part = values[start[0] : start[0] + cut[0], start[1] : start[1] + cut[1]]
    large = zoom(part, (factor, factor, 1), order=1)
    trim = [(size - side) // 2 for size, side in zip(large.shape, values.shape[:2])]
    return large[trim[0] : trim[0] + values.shape[0], trim[1] : trim[1] + values.shape[1]]


def zoom_blur(image, draws, last, step):
    picture = (image / 255.0).astype(numpy.float32)
    factors = numpy.arange(1, last, step)
    return levels((picture + sum(zoomed(picture, factor) for factor in factors)) / (len(factors) + 1))


def gaussian_blur(image, draws, deviation):
    return levels(blurred(image / 255.0, deviation))


def snow(image, draws, mean, deviation, factor, threshold, radius, blur, share):
    angle = -90 + 45 * float(draws.uniforms(1)[0])
    layer = mean + deviation * draws.normals(WIDTH * HEIGHT).reshape(HEIGHT, WIDTH).astype(numpy.float64)
    layer = zoomed(layer[..., None], factor)[..., 0]
    layer[layer < threshold] = 0
    layer = driven(levels(layer), radius, blur, angle)[..., None] / 255.0
    picture = (image / 255.0).astype(numpy.float32)
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)[..., None]
    pale = share * picture + (1 - share) * numpy.maximum(picture, grey * 1.5 + 0.5)
    return levels(pale + layer + numpy.rot90(layer, k=2))


def frost(image, draws, weight, frost_weight):
    """On a picture of frost that is a formula, too."""
    return numpy.uint8(numpy.clip(weight * image + frost_weight * picture(90)[::-1, ::-1], 0, 255))


def fog(image, draws, amount, decay):
    side = 2 ** math.ceil(math.log2(max(WIDTH, HEIGHT)))
    values = draws.uniforms(side * side - 1).astype(numpy.float64)
    plane = numpy.zeros((side, side))
    step, wobble = side, 100.0

    def add(total):
        nonlocal values
        drawn, values = values[: total.size].reshape(total.shape), values[total.size :]
        return total / 4 + wobble * wobble * drawn

    while step >= 2:
        half = step // 2
        corner = plane[::step, ::step]
        below = corner + numpy.roll(corner, -1, 0)
        plane[half::step, half::step] = add(below + numpy.roll(below, -1, 1))
        middle = plane[half::step, half::step]
        plane[::step, half::step] = add(middle + numpy.roll(middle, 1, 0) + corner + numpy.roll(corner, -1, 1))
        plane[half::step, ::step] = add(middle + numpy.roll(middle, 1, 1) + corner + numpy.roll(corner, -1, 0))
        step, wobble = half, wobble / decay
    plane = (plane - plane.min()) / (plane.max() - plane.min())
    share, greatest = image / 255.0, image.max() / 255.0
    return levels((share + amount * plane[:HEIGHT, :WIDTH, None]) * greatest / (greatest + amount))


def spatter(image, draws, mean, deviation, blur, threshold, strength, mud):
    picture = (image / 255.0).astype(numpy.float32)
    layer = mean + deviation * draws.normals(WIDTH * HEIGHT).reshape(HEIGHT, WIDTH).astype(numpy.float64)
    layer = blurred(layer, blur)
    if mud:
        share = blurred(numpy.where(layer > threshold, 1, 0).astype(numpy.float32), strength)
        share[share < 0.8] = 0
        colour = numpy.array([63, 42, 20]) / 255.0
        return levels(picture * (1 - share[..., None]) + colour * share[..., None])
    layer[layer < threshold] = 0
    layer = (layer * 255).astype(numpy.uint8)
    distance = cv2.distanceTransform(255 - cv2.Canny(layer, 50, 150), cv2.DIST_L2, 5)
    distance = cv2.blur(numpy.minimum(distance, 20), (3, 3)).astype(numpy.uint8)
    emboss = numpy.array([[-2, -1, 0], [-1, 1, 1], [0, 1, 2]])
    relief = cv2.blur(cv2.filter2D(cv2.equalizeHist(distance), cv2.CV_8U, emboss), (3, 3)).astype(numpy.float32)
    light = layer * relief
    if light.max() == 0:
        return image
    light = light / light.max() * strength
    return levels(picture + light[..., None] * numpy.array([175, 238, 238]) / 255.0)


def brightness(image, draws, amount):
    colours = rgb2hsv(image / 255.0)
    colours[..., 2] = numpy.clip(colours[..., 2] + amount, 0, 1)
    return levels(hsv2rgb(colours))


def saturate(image, draws, factor, amount):
    colours = rgb2hsv(image / 255.0)
    colours[..., 1] = numpy.clip(colours[..., 1] * factor + amount, 0, 1)
    return levels(hsv2rgb(colours))


def contrast(image, draws, factor):
    share = image / 255.0
    mean = share.mean((0, 1), keepdims=True)
    return levels((share - mean) * factor + mean)


def elastic_transform(image, draws, amount, smoothness, jitter):
    picture = image / 255.0
    values = draws.uniforms(6 + 2 * WIDTH * HEIGHT).astype(numpy.float64)
    centre, size = numpy.array([WIDTH // 2, HEIGHT // 2]), min(WIDTH, HEIGHT) // 3
    corners = numpy.array([centre + size, [centre[0] + size, centre[1] - size], centre - size], numpy.float64)
    targets = corners + jitter * values[:6].reshape(3, 2)
    # Each pixel of the result is read where the map sends it back to.
    back = numpy.linalg.solve(numpy.hstack([targets, numpy.ones((3, 1))]), corners).T
    rows, columns = numpy.indices((HEIGHT, WIDTH), dtype=numpy.float64)
    from_x, from_y = (back[i, 0] * columns + back[i, 1] * rows + back[i, 2] for i in range(2))
    moved = [map_coordinates(picture[..., c], [from_y, from_x], order=1, mode="mirror") for c in range(3)]
    fields = values[6:].reshape(2, HEIGHT, WIDTH)
    dx, dy = (blurred(field, smoothness, mode="reflect", truncate=3) * amount for field in fields)
    return levels(numpy.stack(
        [map_coordinates(plane, [rows + dy, columns + dx], order=1, mode="reflect") for plane in moved], -1))


def pixelate(image, draws, scale):
    small = Image.fromarray(image).resize((int(WIDTH * scale), int(HEIGHT * scale)), Image.Resampling.BOX)
    return numpy.asarray(small.resize((WIDTH, HEIGHT), Image.Resampling.BOX))


def jpeg_compression(image, draws, quality):
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=quality)
    return numpy.asarray(Image.open(file))


# Settings by severity: CIFAR-10-C, then ImageNet-C (Hendrycks and Dietterich 2019, their scripts).
TABLES = {
    gaussian_noise: ([0.04, 0.06, 0.08, 0.09, 0.10], [0.08, 0.12, 0.18, 0.26, 0.38]),
    shot_noise: ([500, 250, 100, 75, 50], [60, 25, 12, 5, 3]),
    impulse_noise: ([0.01, 0.02, 0.03, 0.05, 0.07], [0.03, 0.06, 0.09, 0.17, 0.27]),
    speckle_noise: ([0.06, 0.1, 0.12, 0.16, 0.2], [0.15, 0.2, 0.35, 0.45, 0.6]),
    defocus_blur: ([(0.3, 0.4), (0.4, 0.5), (0.5, 0.6), (1, 0.2), (1.5, 0.1)],
                   [(3, 0.1), (4, 0.5), (6, 0.5), (8, 0.5), (10, 0.5)]),
    glass_blur: ([(0.05, 1, 1), (0.25, 1, 1), (0.4, 1, 1), (0.25, 1, 2), (0.4, 1, 2)],
                 [(0.7, 1, 2), (0.9, 2, 1), (1, 2, 3), (1.1, 3, 2), (1.5, 4, 2)]),
    motion_blur: ([(6, 1), (6, 1.5), (6, 2), (8, 2), (9, 2.5)], [(10, 3), (15, 5), (15, 8), (15, 12), (20, 15)]),
    zoom_blur: ([(1.06, 0.01), (1.11, 0.01), (1.16, 0.01), (1.21, 0.01), (1.26, 0.01)],
                [(1.11, 0.01), (1.16, 0.01), (1.21, 0.02), (1.26, 0.02), (1.31, 0.03)]),
    gaussian_blur: ([0.4, 0.6, 0.7, 0.8, 1], [1, 2, 3, 4, 6]),
    snow: ([(0.1, 0.2, 1, 0.6, 8, 3, 0.95), (0.1, 0.2, 1, 0.5, 10, 4, 0.9), (0.15, 0.3, 1.75, 0.55, 10, 4, 0.9),
            (0.25, 0.3, 2.25, 0.6, 12, 6, 0.85), (0.3, 0.3, 1.25, 0.65, 14, 12, 0.8)],
           [(0.1, 0.3, 3, 0.5, 10, 4, 0.8), (0.2, 0.3, 2, 0.5, 12, 4, 0.7), (0.55, 0.3, 4, 0.9, 12, 8, 0.7),
            (0.55, 0.3, 4.5, 0.85, 12, 8, 0.65), (0.55, 0.3, 2.5, 0.85, 12, 12, 0.55)]),
    frost: ([(1, 0.2), (1, 0.3), (0.9, 0.4), (0.85, 0.4), (0.75, 0.45)],
            [(1, 0.4), (0.8, 0.6), (0.7, 0.7), (0.65, 0.7), (0.6, 0.75)]),
    fog: ([(0.2, 3), (0.5, 3), (0.75, 2.5), (1, 2), (1.5, 1.75)],
          [(1.5, 2), (2, 2), (2.5, 1.7), (2.5, 1.5), (3, 1.4)]),
    spatter: ([(0.62, 0.1, 0.7, 0.7, 0.5, 0), (0.65, 0.1, 0.8, 0.7, 0.5, 0), (0.65, 0.3, 1, 0.69, 0.5, 0),
               (0.65, 0.1, 0.7, 0.69, 0.6, 1), (0.65, 0.1, 0.5, 0.68, 0.6, 1)],
              [(0.65, 0.3, 4, 0.69, 0.6, 0), (0.65, 0.3, 3, 0.68, 0.6, 0), (0.65, 0.3, 2, 0.68, 0.5, 0),
               (0.65, 0.3, 1, 0.65, 1.5, 1), (0.67, 0.4, 1, 0.65, 1.5, 1)]),
    brightness: ([0.05, 0.1, 0.15, 0.2, 0.3], [0.1, 0.2, 0.3, 0.4, 0.5]),
    contrast: ([0.75, 0.5, 0.4, 0.3, 0.15], [0.4, 0.3, 0.2, 0.1, 0.05]),
    saturate: ([(0.3, 0), (0.1, 0), (1.5, 0), (2, 0.1), (2.5, 0.2)], [(0.3, 0), (0.1, 0), (2, 0), (5, 0.1), (20, 0.2)]),
    elastic_transform: ([(32 * a, 32 * b, 32 * c) for a, b, c in
                         [(0, 0, 0.08), (0.05, 0.2, 0.07), (0.08, 0.06, 0.06), (0.1, 0.04, 0.05), (0.1, 0.03, 0.03)]],
                        [(244 * a, 244 * b, 244 * c) for a, b, c in
                         [(2, 0.7, 0.1), (2, 0.08, 0.2), (0.05, 0.01, 0.02), (0.07, 0.01, 0.02), (0.12, 0.01, 0.02)]]),
    pixelate: ([0.95, 0.9, 0.85, 0.75, 0.65], [0.6, 0.5, 0.4, 0.3, 0.25]),
    jpeg_compression: ([80, 65, 58, 50, 40], [25, 18, 15, 10, 7]),
}

# Kinds whose result depends on draws.
RANDOM = (gaussian_noise, shot_noise, impulse_noise, speckle_noise, glass_blur, motion_blur, snow, fog, spatter,
          elastic_transform)


def _settings(kind):
    for table, name in enumerate(GENERATORS):
        for severity, setting in enumerate(TABLES[kind][table], start=1):
            yield name, severity, setting if isinstance(setting, tuple) else (setting,)


def corruptions(golden: Golden) -> None:
    """Each corruption of the picture `picture()` on the draws of `Stream("golden KIND", severity)`.

    A case a generator; for each KIND a tensor [5 severities, 43]: mean and standard deviation of all samples of the
    output, then every 97th sample.
    """
    rows = {name: {} for name in GENERATORS}
    for kind in TABLES:
        for name, severity, setting in _settings(kind):
            output = kind(picture(), Stream(f"golden {kind.__name__}", severity), *setting)
            assert output.shape == (HEIGHT, WIDTH, 3) and output.dtype == numpy.uint8
            values = [output.mean(), output.std(), *output.reshape(-1)[::SAMPLE]]
            rows[name].setdefault(kind.__name__, []).append(values)
    for name, kinds in rows.items():
        golden.case(name, {kind: torch.tensor(values, dtype=torch.float64) for kind, values in kinds.items()})


def corruption_statistics(golden: Golden) -> None:
    """How the results of random corruptions are distributed, by NumPy's own draws, over 150 copies of the picture.

    A case a generator; for each KIND a tensor [5 severities, 6]: of a copy's mean, standard deviation and mean distance
    from the picture the mean over copies, then the standard deviations of the three.
    """
    generator = Draws(numpy.random.default_rng(golden.seed))
    rows = {name: {} for name in GENERATORS}
    clean = picture()
    for kind in RANDOM:
        for name, _, setting in _settings(kind):
            measured = []
            for _ in range(PICTURES):
                output = kind(clean, generator, *setting).astype(numpy.float64)
                measured.append((output.mean(), output.std(), abs(output - clean).mean()))
            values = numpy.concatenate([numpy.mean(measured, 0), numpy.std(measured, 0, ddof=1)])
            rows[name].setdefault(kind.__name__, []).append(values)
    for name, kinds in rows.items():
        golden.case(name, {kind: torch.tensor(numpy.array(values)) for kind, values in kinds.items()})


GOLDENS = [corruptions, corruption_statistics]
