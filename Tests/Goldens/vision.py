"""Pictures as Pillow decodes, resizes and recolours them, and torchvision's crops.

Seeded; `vision/cases.json` names the versions. Expected pixels are `.npy` arrays, uint8 of shape
[height, width, 3].
"""

import json
import struct
import zlib
from pathlib import Path

import numpy as np
import PIL
import torch
import torchvision
from PIL import Image, features
from torchvision import transforms
from torchvision.transforms import functional

FOLDER = Path()  # set by `write`
BILINEAR, BICUBIC = Image.Resampling.BILINEAR, Image.Resampling.BICUBIC


def source():
    """61×47 pixels: smooth waves, a hard edge and noise, so that filters over- and undershoot."""
    random = np.random.default_rng(20240607)
    y, x = np.mgrid[0:47, 0:61]
    waves = np.stack([np.sin(x / 3 + y / 7), np.cos(x / 5 - y / 2), np.sin(x * y / 90)], -1)
    picture = 127 + 110 * waves + random.normal(0, 12, (47, 61, 3))
    picture[10:30, 20:33] = [250, 5, 40]
    return np.clip(picture, 0, 255).astype(np.uint8)


def save(name, pixels):
    np.save(FOLDER / name, np.ascontiguousarray(np.asarray(pixels, np.uint8)))
    return name


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width, height, depth, colour, passes, extra=b"", interlaced=0):
    """A PNG file of unfiltered rows; Pillow writes neither 16-bit colours nor interlaced files."""
    rows = b"".join(b"\0" + row for rows in passes for row in rows)
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlaced)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra
            + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b""))


def interlaced(pixels):
    """The seven passes of Adam7."""
    starts = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2),
              (1, 0, 2, 1)]
    return [[row.tobytes() for row in pixels[y::dy, x::dx] if row.size] for y, x, dy, dx in starts]


def write_codecs():
    """One small file for each way to store a picture, and what Pillow's convert("RGB") makes of it."""
    random = np.random.default_rng(7)
    rgb = source()[4:25, 10:41]
    height, width = rgb.shape[:2]
    picture = Image.fromarray(rgb)
    grey = picture.convert("L")
    alpha = random.integers(0, 256, (height, width), dtype=np.uint8)
    palette = picture.quantize(13)
    colours = bytes(palette.getpalette()[:39])
    indices = np.asarray(palette)
    wide = random.integers(0, 65536, (height, width, 3))
    files = {
        "rgb8.png": picture, "grey8.png": grey, "grey1.png": grey.convert("1"),
        "palette4.png": palette,
        "rgba8.png": Image.fromarray(np.dstack([rgb, alpha])),
        "grey_alpha8.png": Image.merge("LA", [grey, Image.fromarray(alpha)]),
        "rgb16.png": png(width, height, 16, 2, [[row.astype(">u2").tobytes() for row in wide]]),
        "interlaced.png": png(width, height, 8, 2, interlaced(rgb), interlaced=1),
        "interlaced_palette.png": png(
            width, height, 8, 3, interlaced(indices), chunk(b"PLTE", colours), interlaced=1),
        "palette_transparent.png": png(
            width, height, 8, 3, [[row.tobytes() for row in indices]],
            chunk(b"PLTE", colours) + chunk(b"tRNS", bytes([0, 90, 255]))),
        "rgb_transparent.png": png(
            width, height, 8, 2, [[row.tobytes() for row in rgb]],
            chunk(b"tRNS", struct.pack(">HHH", *map(int, rgb[0, 0])))),
        "grey2.png": png(width, height, 2, 0, [[bytes(random.integers(0, 256, (width + 3) // 4, np.uint8)) for _ in range(height)]]),
        "grey16.png": png(width, height, 16, 0, [[row.astype(">u2").tobytes() for row in wide[..., 0]]]),
    }
    smooth = Image.fromarray(source()).resize((51, 37), BICUBIC)
    exif = Image.Exif()
    exif[0x0112] = 6
    jpegs = {
        "baseline444.jpg": (smooth, dict(quality=92, subsampling=0)),
        "baseline420.jpg": (smooth, dict(quality=85, subsampling=2)),
        "baseline422.jpg": (smooth, dict(quality=85, subsampling=1)),
        "progressive.jpg": (smooth, dict(quality=80, progressive=True)),
        "grey.jpg": (smooth.convert("L"), dict(quality=90)),
        "cmyk.jpg": (smooth.convert("CMYK"), dict(quality=90)),
        "rotated_by_exif.jpg": (smooth, dict(quality=90, exif=exif)),
    }
    for name, content in files.items():
        if isinstance(content, bytes):
            (FOLDER / name).write_bytes(content)
        else:
            content.save(FOLDER / name)
    for name, (picture, options) in jpegs.items():
        picture.save(FOLDER / name, **options)
    cases = []
    for name in [*files, *jpegs]:
        expected = np.asarray(Image.open(FOLDER / name).convert("RGB"))
        if name == "grey16.png":
            # Pillow clips 16-bit grey at 255, which whitens the picture; ours keeps the high byte.
            expected = np.repeat((wide[..., :1] >> 8), 3, -1)
        cases.append(dict(file=name, expected=save(name.replace(".", "_") + ".npy", expected)))
    save_labels(indices)
    return cases


def save_labels(indices):
    """A label map in a palette file, and its indices."""
    np.save(FOLDER / "palette_labels.npy", indices)


def write_resizes(picture):
    cases = []
    whole = [0, 0, 61, 47]
    sizes = [(32, 32, whole), (100, 80, whole), (17, 90, whole), (61, 20, whole), (1, 1, whole),
             (32, 32, [5, 7, 40, 30]), (24, 24, [30, 20, 9, 13]), (28, 30, [50, 0, 11, 47])]
    for name, kind in (("bilinear", BILINEAR), ("bicubic", BICUBIC)):
        for number, (width, height, box) in enumerate(sizes):
            x, y, w, h = box
            resized = picture.crop((x, y, x + w, y + h)).resize((width, height), kind)
            cases.append(dict(interpolation=name, width=width, height=height, box=box,
                              expected=save(f"resize_{name}_{number}.npy", resized)))
    return cases


def write_preprocessing(picture):
    cases = []
    upright = picture.crop((0, 0, 29, 47))
    for name, image, side, ratio, kind in [
            ("landscape", picture, 24, 0.875, BICUBIC), ("portrait", upright, 23, 0.9, BILINEAR),
            ("whole", picture, 40, 1.0, BICUBIC)]:
        steps = transforms.Compose(
            [transforms.Resize(int(side / ratio), kind), transforms.CenterCrop(side)])
        cases.append(dict(box=[0, 0, image.width, image.height], side=side, crop_ratio=ratio,
                          interpolation="bilinear" if kind == BILINEAR else "bicubic",
                          expected=save(f"preprocessing_{name}.npy", steps(image))))
    small = picture.crop((12, 8, 20, 16))
    normalised = functional.normalize(
        functional.to_tensor(small), [0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
    return cases, dict(box=[12, 8, 8, 8], values=[float(value) for value in normalised.flatten()])


def write_colours(picture):
    small = picture.crop((10, 4, 42, 36))
    changes = [("brightness", 0.6), ("brightness", 1.7), ("contrast", 0.5), ("contrast", 1.9),
               ("saturation", 0.0), ("saturation", 0.35), ("saturation", 1.8), ("hue", -0.3),
               ("hue", 0.07), ("hue", 0.5)]
    cases = []
    for number, (kind, amount) in enumerate(changes):
        changed = getattr(functional, f"adjust_{kind}")(small, amount)
        cases.append(dict(kind=kind, amount=amount,
                          expected=save(f"colour_{number}_{kind}.npy", changed)))
    return dict(box=[10, 4, 32, 32], cases=cases)


def crop_statistics():
    """Means over many of torchvision's boxes: area share, log aspect ratio, centre, whole width."""
    torch.manual_seed(3)
    cases = []
    for width, height, scale, ratio in [(64, 48, (0.2, 1.0), (3 / 4, 4 / 3)),
                                        (32, 32, (0.08, 1.0), (3 / 4, 4 / 3)),
                                        (100, 12, (0.5, 1.0), (3 / 4, 4 / 3))]:
        image = torch.zeros(3, height, width)
        boxes = np.array([transforms.RandomResizedCrop.get_params(image, scale, ratio)
                          for _ in range(20000)], float)
        top, left, h, w = boxes.T
        rows = dict(area=w * h / (width * height), log_ratio=np.log(w / h),
                    x=(left + w / 2) / width, y=(top + h / 2) / height,
                    is_whole_height=(h == height).astype(float))
        cases.append(dict(width=width, height=height, scale=scale, ratio=ratio, boxes=len(boxes),
                          means={key: [float(row.mean()), float(row.std())]
                                 for key, row in rows.items()}))
    return cases


def write(folder):
    """Writes everything into a folder."""
    global FOLDER
    FOLDER = folder
    picture = Image.fromarray(source())
    picture.save(FOLDER / "source.png", optimize=True)
    preprocessing, normalised = write_preprocessing(picture)
    cases = dict(
        made_by=dict(script="Tests/Goldens/vision.py", pillow=PIL.__version__,
                     libjpeg_turbo=features.version("libjpeg_turbo"),
                     torchvision=torchvision.__version__, torch=torch.__version__),
        codecs=write_codecs(), resizes=write_resizes(picture), preprocessing=preprocessing,
        normalised=normalised, colours=write_colours(picture), crops=crop_statistics())
    (FOLDER / "cases.json").write_text(json.dumps(cases, indent=1) + "\n")
