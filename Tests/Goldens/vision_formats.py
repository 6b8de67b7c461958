"""One small file for each way to store a picture, and what Pillow's convert("RGB") makes of it.

`formats/cases.json` lists the files with width, height and the SHA-256 of the RGB bytes. Files are written by
Pillow, or by hand from the formats' descriptions where Pillow does not write them.
"""

import hashlib
import io
import json
import struct
import zlib

import numpy as np
import PIL
from PIL import Image, ImageFile, features

RANDOM = np.random.default_rng(20261125)
WIDTH, HEIGHT = 13, 11
BYTES = RANDOM.integers(0, 256, (HEIGHT, WIDTH, 6), dtype=np.uint8)
WORDS = RANDOM.integers(0, 65536, (HEIGHT, WIDTH, 6), dtype=np.uint16)
PALETTE = RANDOM.integers(0, 256, (256, 3), dtype=np.uint8)


def smooth(width, height):
    y, x = np.mgrid[0:height, 0:width]
    waves = np.stack([np.sin(x / 3 + y / 7), np.cos(x / 5 - y / 2), np.sin(x * y / 90)], -1)
    return Image.fromarray(np.clip(127 + 110 * waves, 0, 255).astype(np.uint8))


PICTURE = smooth(WIDTH, HEIGHT)
ALPHA = Image.fromarray(BYTES[..., 5])
WITH_ALPHA = PICTURE.copy()
WITH_ALPHA.putalpha(ALPHA)
GREY = PICTURE.convert("L")


def saved(picture, kind, **options):
    stream = io.BytesIO()
    picture.save(stream, kind, **options)
    return stream.getvalue()


def webp():
    other = PICTURE.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    return {
        "lossy": saved(PICTURE, "WEBP", quality=80),
        "lossy_alpha": saved(WITH_ALPHA, "WEBP", quality=70),
        "lossless": saved(PICTURE, "WEBP", lossless=True),
        "lossless_alpha": saved(WITH_ALPHA, "WEBP", lossless=True, exact=True),
        "animated": saved(PICTURE, "WEBP", save_all=True, append_images=[other], duration=50),
        "animated_alpha": saved(
            WITH_ALPHA, "WEBP", save_all=True, lossless=True, append_images=[other], duration=50),
    }


def gif_file(screen, frame, pixels, palette=b"", local=b"", transparent=None, interlaced=False):
    """A GIF of 2-bit pixels, each a code of its own between codes that clear the table."""
    flags = 0x80 | (len(palette) // 3).bit_length() - 2 if palette else 0
    out = b"GIF89a" + struct.pack("<HHBBB", *screen, flags, 0, 0) + palette
    if transparent is not None:
        out += b"!\xf9\x04" + bytes([1, 0, 0, transparent]) + b"\0"
    flags = (0x80 | (len(local) // 3).bit_length() - 2 if local else 0) | (0x40 if interlaced else 0)
    out += b"," + struct.pack("<HHHHB", *frame, flags) + local
    bits, count = 0, 0
    for index, pixel in enumerate(pixels):
        for code in ([4, pixel] if index % 2 == 0 else [pixel]):
            bits, count = bits | code << count, count + 3
    bits, count = bits | 5 << count, count + 3
    data = bits.to_bytes((count + 7) // 8, "little")
    blocks = b"".join(bytes([len(data[i:i + 255])]) + data[i:i + 255] for i in range(0, len(data), 255))
    return out + b"\x02" + blocks + b"\0;"


def gif():
    colours = PALETTE[:4].tobytes()
    pixels = (BYTES[:5, :6, 0] % 4).flatten().tolist()
    whole, inner = (0, 0, 6, 5), (2, 1, 6, 5)
    few = PICTURE.quantize(13)
    return {
        "palette": saved(few, "GIF"), "not_interlaced": saved(few, "GIF", interlace=0),
        "grey": saved(GREY, "GIF"), "bits": saved(GREY.convert("1"), "GIF"),
        "alpha": saved(WITH_ALPHA, "GIF"), "transparent": saved(few, "GIF", transparency=3),
        "animated": saved(few, "GIF", save_all=True, duration=9, disposal=2, append_images=[
            PICTURE.transpose(Image.Transpose.ROTATE_180).quantize(200), WITH_ALPHA]),
        "interlaced": gif_file((6, 5), whole, pixels, colours, interlaced=True),
        "offset": gif_file((9, 8), inner, pixels, colours),
        "offset_transparent": gif_file((9, 8), inner, pixels, colours, transparent=2),
        "beyond_screen": gif_file((4, 4), inner, pixels, colours),
        "local_palette": gif_file((9, 8), inner, pixels, colours, local=colours[::-1]),
        "no_palette": gif_file((9, 8), inner, pixels),
        "short_palette": gif_file((6, 5), whole, pixels, colours[:6]),
    }


def tiff_file(big, tags, blocks):
    """A TIFF of the given tags, (type, values), and the blocks of its strips or tiles."""
    order = ">" if big else "<"
    out = bytearray((b"MM\0*" if big else b"II*\0") + bytes(4))
    offsets = []
    for block in blocks:
        offsets.append(len(out))
        out += block + bytes(len(block) % 2)
    tags = dict(tags)
    first = 324 if 322 in tags else 273
    tags[first], tags[325 if 322 in tags else 279] = ("L", offsets), ("L", [len(b) for b in blocks])
    entries = []
    for tag, (kind, values) in sorted(tags.items()):
        values = values if isinstance(values, list) else [values]
        raw = b"".join(struct.pack(order + dict(S="H", L="I")[kind], v) for v in values)
        field = raw.ljust(4, b"\0")
        if len(raw) > 4:
            field = struct.pack(order + "I", len(out))
            out += raw + bytes(len(raw) % 2)
        entries.append(struct.pack(order + "HHI", tag, dict(S=3, L=4)[kind], len(values)) + field)
    struct.pack_into(order + "I", out, 4, len(out))
    return bytes(out + struct.pack(order + "H", len(entries)) + b"".join(entries) + bytes(4))


def tags(photometric, bits, samples, width=WIDTH, height=HEIGHT, **more):
    fields = {256: width, 257: height, 258: [bits] * samples, 259: 1, 262: photometric, 277: samples,
              278: height}
    fields.update({int(key[1:]): value for key, value in more.items()})
    return {key: ("S", value) for key, value in fields.items() if value is not None}


def tiff():
    files = {}
    pillow = dict(rgb=PICTURE, grey=GREY, rgba=WITH_ALPHA, cmyk=PICTURE.convert("CMYK"),
                  palette=PICTURE.quantize(13), bits=GREY.convert("1"))
    for compression in ["packbits", "tiff_lzw", "tiff_adobe_deflate"]:
        for name in ["rgb", "palette", "cmyk", "bits"]:
            files[f"{compression[-3:]}_{name}"] = saved(pillow[name], "TIFF", compression=compression)
    large = smooth(37, 29)
    for name, picture in dict(rgb=large, grey=large.convert("L"), ycbcr=large.convert("YCbCr")).items():
        files[f"jpeg_{name}"] = saved(picture, "TIFF", compression="jpeg")
    for compression in ["group3", "group4"]:
        files[compression] = saved(pillow["bits"], "TIFF", compression=compression)
    for orientation in range(2, 9):
        exif = Image.Exif()
        exif[0x112] = orientation
        files[f"orientation{orientation}"] = saved(PICTURE, "TIFF", exif=exif, compression="tiff_lzw")
    pages = saved(PICTURE, "TIFF", save_all=True, append_images=[GREY])
    files["pages"] = pages
    for big in (False, True):
        order, end = (">", "be") if big else ("<", "le")

        def samples(array):
            return array.astype(order + array.dtype.str[1:]).tobytes()

        def add(name, fields, *blocks):
            files[f"{end}_{name}"] = tiff_file(big, fields, blocks)

        add("rgb16", tags(2, 16, 3), samples(WORDS[..., :3]))
        add("grey16", tags(1, 16, 1), samples(WORDS[..., 0]))
        add("rgba_unassociated", tags(2, 8, 4, t338=2), samples(BYTES[..., :4]))
        add("rgba_associated", tags(2, 8, 4, t338=1), samples(BYTES[..., :4]))
        add("rgba16_associated", tags(2, 16, 4, t338=1), samples(WORDS[..., :4]))
        add("rgbx", tags(2, 8, 4, t338=0), samples(BYTES[..., :4]))
        add("grey_alpha", tags(1, 8, 2, t338=2), samples(BYTES[..., :2]))
        add("white_is_zero", tags(0, 8, 1), samples(BYTES[..., 0]))
        for bits in (1, 2, 4):
            rows = BYTES[:, :(WIDTH * bits + 7) // 8, 1]
            add(f"grey{bits}", tags(1, bits, 1), samples(rows))
            add(f"white_is_zero{bits}", tags(0, bits, 1), samples(rows))
            add(f"palette{bits}", tags(3, bits, 1, t320=WORDS.flatten()[:3 << bits].tolist()), samples(rows))
        add("reversed_bits", tags(1, 1, 1, t266=2), samples(BYTES[:, :2, 1]))
        add("cmyk16", tags(5, 16, 4), samples(WORDS[..., :4]))
        planes = [samples(BYTES[..., c]) for c in range(3)]
        add("planar", tags(2, 8, 3, t284=2), *planes)
        add("planar_strips", tags(2, 8, 3, t284=2, t278=4),
            *[samples(BYTES[y:y + 4, :, c]) for c in range(3) for y in range(0, HEIGHT, 4)])
        add("planar16_deflate", tags(2, 16, 3, t284=2, t259=8),
            *[zlib.compress(samples(WORDS[..., c])) for c in range(3)])
        add("strips", tags(2, 8, 3, t278=4), *[samples(BYTES[y:y + 4, :, :3]) for y in range(0, HEIGHT, 4)])
        steps = BYTES[..., :3].astype(int)
        steps[:, 1:] -= BYTES[:, :-1, :3]
        add("predictor", tags(2, 8, 3, t259=8, t317=2), zlib.compress((steps & 255).astype(np.uint8).tobytes()))
        tiled = np.zeros((32, 48, 3), np.uint8)
        tiled[:29, :37] = np.asarray(large)
        tiles = [tiled[y:y + 16, x:x + 16].tobytes() for y in (0, 16) for x in (0, 16, 32)]
        sizes = dict(width=37, height=29, t278=None, t322=16, t323=16)
        add("tiles_deflate", tags(2, 8, 3, t259=8, **sizes), *map(zlib.compress, tiles))
    return files


def bmp_file(bits, rows, palette=b"", compression=0, size=40, height=HEIGHT, masks=b"", width=WIDTH, colours=0):
    """A Windows bitmap of padded rows (or of runs), the lowest first."""
    data = rows if isinstance(rows, bytes) else b"".join(row + bytes(-len(row) % 4) for row in rows)
    if size == 12:
        header = struct.pack("<IHHHH", 12, width, height, 1, bits)
    else:
        header = struct.pack("<IiiHHIIiiII", size, width, height, 1, bits, compression, len(data), 2835,
                             2835, colours, 0)
        header += masks.ljust(size - 40, b"\0") if size > 40 else masks
    start = 14 + len(header) + len(palette)
    return b"BM" + struct.pack("<IHHI", start + len(data), 0, 0, start) + header + palette + data


def packed(values, bits):
    """Rows of values of so many bits, the first in the highest."""
    rows = []
    for row in values:
        text = "".join(format(int(value), f"0{bits}b") for value in row)
        rows.append(int(text.ljust(-len(text) % 8 + len(text), "0"), 2).to_bytes((len(text) + 7) // 8, "big"))
    return rows


def bmp():
    def palette(count, entry=4):
        return b"".join(bytes(c[::-1]) + bytes(entry - 3) for c in PALETTE[:count])

    def pixels(kind, array):
        return [row.astype(kind).tobytes() for row in array]

    indices = BYTES[..., 0]
    masks565, masks555 = struct.pack("<III", 0xf800, 0x7e0, 0x1f), struct.pack("<III", 0x7c00, 0x3e0, 0x1f)
    rgba_masks = struct.pack("<IIII", 0xff0000, 0xff00, 0xff, 0xff000000)
    ramp = b"".join(bytes([i, i, i, 0]) for i in range(256))
    runs8 = b"\x05\x07\x00\x04\x01\x02\x03\x04\x04\x09\x00\x00" + b"\x0d\x03\x00\x00" * 3 + (
        b"\x00\x02\x04\x01\x06\x08\x00\x00" + b"\x0d\x05\x00\x00" * 4 + b"\x0d\x06" + b"\x00\x01")
    runs4 = b"\x05\x47\x00\x05\x12\x34\x50\x00\x03\x9a\x00\x00" + b"\x0d\x3c\x00\x00" * 9 + b"\x0d\x5e\x00\x01"
    return {
        "palette1": bmp_file(1, packed(indices & 1, 1), palette(2)),
        "palette4": bmp_file(4, packed(indices & 15, 4), palette(16)),
        "palette8": bmp_file(8, packed(indices, 8), palette(256)),
        "palette8_few": bmp_file(8, packed(indices % 7, 8), palette(7), colours=7),
        "grey8": bmp_file(8, packed(indices, 8), ramp),
        "old_palette8": bmp_file(8, packed(indices, 8), palette(256, 3), size=12),
        "old_rgb": bmp_file(24, pixels(np.uint8, BYTES[..., :3].reshape(HEIGHT, -1)), size=12),
        "rgb": bmp_file(24, pixels(np.uint8, BYTES[..., :3].reshape(HEIGHT, -1))),
        "rgb_top_down": bmp_file(24, pixels(np.uint8, BYTES[..., :3].reshape(HEIGHT, -1)), height=-HEIGHT),
        "rgb555": bmp_file(16, pixels("<u2", WORDS[..., 0])),
        "rgb565_fields": bmp_file(16, pixels("<u2", WORDS[..., 0]), compression=3, masks=masks565),
        "rgb555_fields": bmp_file(16, pixels("<u2", WORDS[..., 0]), compression=3, masks=masks555, size=56),
        "rgbx": bmp_file(32, pixels(np.uint8, BYTES[..., :4].reshape(HEIGHT, -1))),
        "rgba_fields": bmp_file(32, pixels(np.uint8, BYTES[..., :4].reshape(HEIGHT, -1)), compression=3,
                                masks=rgba_masks, size=124),
        "abgr_fields": bmp_file(32, pixels(np.uint8, BYTES[..., :4].reshape(HEIGHT, -1)), compression=3,
                                masks=struct.pack("<IIII", 0xff000000, 0xff0000, 0xff00, 0xff), size=108),
        "runs8": bmp_file(8, runs8, palette(256), compression=1),
        "runs4": bmp_file(4, runs4, palette(16), compression=2),
        "by_pillow": saved(PICTURE, "BMP"), "by_pillow_grey": saved(GREY, "BMP"),
        "by_pillow_palette": saved(PICTURE.quantize(13), "BMP"), "by_pillow_bits": saved(GREY.convert("1"), "BMP"),
    }


def ppm():
    text = " ".join(map(str, BYTES[..., :3].flatten() % 100))
    grey = "\n".join(" ".join(map(str, row)) for row in BYTES[..., 0] % 16)
    bits = "".join(map(str, BYTES[..., 0].flatten() & 1))
    size = f"{WIDTH} {HEIGHT}"
    return {
        "p1": f"P1\n# bits\n{size}\n{bits}\n".encode(),
        "p2": f"P2\n{WIDTH} # columns\n{HEIGHT}\n15\n{grey}\n".encode(),
        "p3": f"P3 {size} 100\n{text} # the end".encode(),
        "p3_wide": f"P3\n{size}\n1000\n{' '.join(map(str, WORDS[..., :3].flatten() % 1001))}\n".encode(),
        "p4": f"P4\n{size}\n".encode() + np.packbits(BYTES[..., 0] & 1, axis=1).tobytes(),
        "p5": f"P5\n{size}\n255\n".encode() + BYTES[..., 0].tobytes(),
        "p5_max31": f"P5\n#a\n#b\n{size} 31\n".encode() + (BYTES[..., 0] % 32).tobytes(),
        "p5_above_max": f"P5\n{size} 31\n".encode() + BYTES[..., 0].tobytes(),
        "p6": f"P6\n{size}\n255\n".encode() + BYTES[..., :3].tobytes(),
        "p6_max200": f"P6 {size} 200\n".encode() + (BYTES[..., :3] % 201).tobytes(),
        "p6_16bit": f"P6\n{size}\n65535\n".encode() + WORDS[..., :3].astype(">u2").tobytes(),
        "p6_12bit": f"P6\n{size}\n4095\n".encode() + (WORDS[..., :3] % 4096).astype(">u2").tobytes(),
        "by_pillow_bits": saved(GREY.convert("1"), "PPM"),
    }


def jpg():
    """JPEGs of which libjpeg warns, and some that lack their last blocks."""
    large = smooth(57, 61)
    plain, progressive = saved(large, "JPEG", subsampling=0), saved(large, "JPEG", progressive=True)
    scan = plain.index(b"\xff\xda")
    spectrum = scan + 5 + 2 * plain[scan + 4]
    restarts = saved(large, "JPEG", subsampling=2, restart_marker_blocks=2)
    return {
        "scan_parameters": plain[:spectrum] + bytes([0, 0, 0x11]) + plain[spectrum + 3:],
        "extraneous_bytes": plain[:scan] + b"abc" + plain[scan:],
        "jfif_version": plain.replace(b"JFIF\0\1", b"JFIF\0\3"),
        "adobe_transform": plain[:2] + b"\xff\xee\0\x0eAdobe\0\x64\0\0\0\0\7" + plain[2:],
        "bytes_after_end": plain + b"junk" * 20,
        "short": plain[:-len(plain) // 12], "short_progressive": progressive[:-30],
        "short_restarts": restarts[:-len(restarts) // 12],
        "short_ended": plain[:-len(plain) // 12] + b"\xff\xd9", "no_end": plain[:-2],
    }


def upper_byte(name, words):
    """16-bit grey keeps its high byte here, where Pillow clips at 255 and whitens the picture."""
    return np.repeat((words >> 8).astype(np.uint8)[..., None], 3, -1)


def write(folder):
    """Writes all files into a folder."""
    cases = []
    kinds = dict(webp=webp, gif=gif, tif=tiff, bmp=bmp, ppm=ppm, jpg=jpg)
    for ending, make in kinds.items():
        ImageFile.LOAD_TRUNCATED_IMAGES = ending == "jpg"
        for name, content in make().items():
            file = f"{name}.{ending}"
            (folder / file).write_bytes(content)
            if name.endswith("_grey16"):
                pixels = upper_byte(name, WORDS[..., 0])
            else:
                pixels = np.asarray(Image.open(folder / file).convert("RGB"))
            digest = hashlib.sha256(np.ascontiguousarray(pixels).tobytes()).hexdigest()
            cases.append(dict(file=file, width=pixels.shape[1], height=pixels.shape[0], sha256=digest))
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    made_by = dict(script="Tests/Goldens/vision_formats.py", pillow=PIL.__version__, **{
        name: features.version(name) for name in ("libjpeg_turbo", "libtiff", "webp")})
    (folder / "cases.json").write_text(json.dumps(dict(made_by=made_by, cases=cases), indent=1) + "\n")
