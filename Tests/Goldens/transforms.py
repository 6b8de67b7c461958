"""Pictures as Pillow resizes them: transforms/resizing.json holds, by filter, shape and size, a hash of the pixels.

Seeded. A picture of width, height and seed is the noise that `noisePicture` in Tests/VisionTests makes, so no picture
is stored. A hash is the first 16 hexadecimal digits of the SHA-256 of the pixels, row after row, red first.
"""

import hashlib
import json

import numpy as np
import PIL
from PIL import Image

FILTERS = ["nearest", "box", "bilinear", "hamming", "bicubic", "lanczos"]

# Width and height: squares, 2:1 … 5:1 both ways, odd, tiny, smaller and larger than what is asked for, extreme.
SHAPES = [
    (48, 48), (64, 32), (32, 64), (75, 25), (25, 75), (100, 20), (20, 100), (61, 47), (47, 61), (7, 5), (5, 7), (33, 32),
    (32, 33), (128, 96), (96, 129), (1, 9), (9, 1), (3, 140), (140, 3),
]
SIZES = [(32, 32), (16, 24), (24, 16), (40, 13), (13, 40), (7, 120), (60, 5), (48, 47), (1, 1)]


def noise(width, height, seed=1):
    """The picture of `noisePicture(width:height:seed:)`."""
    state, mask, count = seed, (1 << 64) - 1, width * height * 3
    samples = bytearray(count)
    for index in range(count):
        state = (state * 6364136223846793005 + 1442695040888963407) & mask
        samples[index] = (state >> 33) & 255
    return Image.fromarray(np.frombuffer(bytes(samples), np.uint8).reshape(height, width, 3))


def pixel_hash(picture):
    pixels = np.ascontiguousarray(np.asarray(picture.convert("RGB"), np.uint8))
    return hashlib.sha256(pixels.tobytes()).hexdigest()[:16]


def resizing():
    pictures = {shape: noise(*shape) for shape in SHAPES}
    cases = {}
    for name in FILTERS:
        kind = Image.Resampling[name.upper()]
        cases[name] = {
            f"{width}x{height}": {
                f"{w}x{h}": pixel_hash(picture.resize((w, h), kind)) for w, h in SIZES}
            for (width, height), picture in pictures.items()}
    return dict(made_by=dict(script="Tests/Goldens/transforms.py", pillow=PIL.__version__), cases=cases)


def write(folder):
    """Writes everything into a folder."""
    (folder / "resizing.json").write_text(json.dumps(resizing(), indent=0) + "\n")
