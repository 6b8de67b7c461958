"""Pictures as Pillow, timm, OpenCLIP and transformers resize them for an encoder.

transforms/resizing.json    Pillow: by filter, shape and size a hash of the pixels
transforms/settings.json    by case the settings files of a checkpoint, and by shape a hash of the pixels that their
                            library makes of a picture, and the first numbers that the encoder would read
transforms/positions.json   tables of positions as the authors' code resamples them (checkpoint_vits.py)
transforms/tensors.json     what transformers' default processors, which work on tensors, make of a few pictures

Seeded. A picture of width, height and seed is the noise that `noisePicture` in Tests/VisionTests makes, so no picture
is stored. A hash is the first 16 hexadecimal digits of the SHA-256 of the pixels, row after row, red first.
"""

import functools
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


@functools.cache
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


# Settings files and which library reads them. Hugging Face's are read by its classes on Pillow ("pil"), or by those on
# tensors ("torchvision") where nothing is resized and the two place a border differently.
HALF = dict(image_mean=[0.5, 0.5, 0.5], image_std=[0.5, 0.5, 0.5])
IMAGENET = dict(image_mean=[0.485, 0.456, 0.406], image_std=[0.229, 0.224, 0.225])
HUB = {
    "vit": dict(image_processor_type="ViTImageProcessor", size=dict(height=32, width=32), resample=2, **HALF),
    "vit_legacy": dict(feature_extractor_type="ViTFeatureExtractor", size=32, resample=2, **HALF),
    "vit_by_default": dict(image_processor_type="ViTImageProcessor"),
    "deit_legacy": dict(
        feature_extractor_type="DeiTFeatureExtractor", size=37, crop_size=32, do_center_crop=True, resample=3, **IMAGENET),
    "deit": dict(image_processor_type="DeiTImageProcessor", size=dict(height=37, width=41), crop_size=dict(height=32, width=32)),
    "deit_uncropped": dict(image_processor_type="DeiTImageProcessorFast", size=[33, 33], do_center_crop=False),
    "beit_legacy": dict(
        feature_extractor_type="BeitFeatureExtractor", size=32, crop_size=32, do_center_crop=False, resample=2, **HALF),
    "clip": dict(
        image_processor_type="CLIPImageProcessor", size=dict(shortest_edge=32), crop_size=dict(height=32, width=32)),
    "clip_legacy": dict(feature_extractor_type="CLIPFeatureExtractor", size=32, crop_size=32),
    "clip_odd": dict(image_processor_type="CLIPImageProcessorFast", size=dict(shortest_edge=40), crop_size=33),
    "dinov2": dict(
        image_processor_type="BitImageProcessor", size=dict(shortest_edge=37), crop_size=dict(height=28, width=28),
        do_center_crop=True, resample=3, **IMAGENET),
    "siglip": dict(image_processor_type="SiglipImageProcessor", size=dict(height=32, width=32), resample=3, **HALF),
    "convnext": dict(feature_extractor_type="ConvNextFeatureExtractor", size=33, crop_pct=0.875, resample=3, **IMAGENET),
    "convnext_large": dict(image_processor_type="ConvNextImageProcessor", size=dict(shortest_edge=384)),
    "within": dict(
        image_processor_type="CLIPImageProcessor", size=dict(shortest_edge=40, longest_edge=56), crop_size=11),
    "unnormalised": dict(
        image_processor_type="ViTImageProcessor", size=dict(height=32, width=32), do_normalize=False, crop_size=None),
    "unscaled": dict(
        image_processor_type="ViTImageProcessor", size=32, do_rescale=False, image_mean=[120, 110, 100],
        image_std=[60, 59, 58]),
    "rescaled": dict(image_processor_type="ViTImageProcessor", size=32, rescale_factor=1 / 127.5, **HALF),
    **{f"resample_{code}": dict(image_processor_type="ViTImageProcessor", size=32, resample=code) for code in (0, 1, 4, 5)},
}
HUB_TENSORS = {
    "cut_only": dict(image_processor_type="CLIPImageProcessor", do_resize=False, crop_size=33),
    "cut_only_even": dict(image_processor_type="BitImageProcessor", do_resize=False, crop_size=dict(height=24, width=24)),
}
TIMM = {
    "center": dict(input_size=[3, 32, 32], interpolation="bicubic", crop_pct=0.875, mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225]),
    "center_odd": dict(input_size=[3, 33, 33], interpolation="bilinear", crop_pct=0.9, crop_mode="center"),
    "center_beyond": dict(input_size=[3, 32, 32], crop_pct=1.1, interpolation="lanczos"),
    "squash": dict(input_size=[3, 32, 32], interpolation="bicubic", crop_pct=1.0, crop_mode="squash", mean=[0.5, 0.5, 0.5], std=[0.5, 0.5, 0.5]),
    "squash_cut": dict(input_size=[3, 32, 32], interpolation="hamming", crop_pct=0.9, crop_mode="squash"),
    "border": dict(input_size=[3, 32, 32], interpolation="bicubic", crop_pct=1.0, crop_mode="border"),
    "border_cut": dict(input_size=[3, 33, 33], interpolation="box", crop_pct=0.8, crop_mode="border", mean=[0.5, 0.4, 0.3]),
    "tested": dict(input_size=[3, 24, 24], test_input_size=[3, 32, 32], crop_pct=0.8, test_crop_pct=0.95, interpolation="nearest"),
}
OPENCLIP = {
    "default": {},
    "shortest": dict(interpolation="bilinear", resize_mode="shortest", mean=0.5, std=[0.5, 0.4, 0.3]),
    "longest": dict(resize_mode="longest", fill_color=7, interpolation="bicubic"),
    "squash": dict(resize_mode="squash", interpolation="random"),
}


def pixels_of(values, mean, std, white):
    """The levels that were normalised to values [3, side, side]."""
    shape = (3, 1, 1)
    levels = (values.astype(np.float64) * np.reshape(std, shape) + np.reshape(mean, shape)) * 255 / white
    assert np.abs(levels - np.rint(levels)).max() < 0.01
    return np.rint(levels).astype(np.uint8).transpose(1, 2, 0)


def settings_case(files, transform, mean, std, white=1.0, shapes=SHAPES, **more):
    """A case: what a library's transform makes of each shape."""
    hashes, first = {}, None
    for width, height in shapes:
        values = np.asarray(transform(noise(width, height)), np.float32)
        hashes[f"{width}x{height}"] = hashlib.sha256(pixels_of(values, mean, std, white).tobytes()).hexdigest()[:16]
        first = first or [float(value) for value in values[:, 0, :2].flatten()]
    return dict(files=files, hashes=hashes, first=first, **more)


def hub_processor(settings, backend=None):
    """The processor that AutoImageProcessor makes of a folder with only this file."""
    import tempfile
    import pathlib
    from transformers import AutoImageProcessor
    with tempfile.TemporaryDirectory() as folder:
        (pathlib.Path(folder) / "preprocessor_config.json").write_text(json.dumps(settings))
        return AutoImageProcessor.from_pretrained(folder, **(dict(backend=backend) if backend else {}))


def hub_case(settings, backend):
    processor = hub_processor(settings, backend)
    mean, std = (processor.image_mean, processor.image_std) if processor.do_normalize else ([0] * 3, [1] * 3)
    white = 255 * processor.rescale_factor if processor.do_rescale else 255.0
    # Of what is smaller than the crop the two backends place an odd border differently; the default one is followed.
    is_bounded = backend and "longest_edge" in dict(processor.size)
    shapes = [shape for shape in SHAPES if max(shape) < 6 * min(shape)] if is_bounded else SHAPES
    return settings_case(
        {"preprocessor": settings}, lambda picture: processor(picture, return_tensors="np")["pixel_values"][0], mean, std, white,
        shapes)


def settings():
    import open_clip.transform
    import timm.data
    cases = {f"hub_{name}": hub_case(values, "pil") for name, values in HUB.items()}
    cases |= {f"hub_{name}": hub_case(values, None) for name, values in HUB_TENSORS.items()}
    for name, values in TIMM.items():
        config = timm.data.resolve_data_config({}, pretrained_cfg=values, use_test_size=True)
        transform = timm.data.create_transform(**config)
        cases[f"timm_{name}"] = settings_case({"config": {"architecture": "x", "pretrained_cfg": values}}, transform, config["mean"], config["std"])
    for name, values in OPENCLIP.items():
        base = open_clip.transform.merge_preprocess_dict(open_clip.transform.PreprocessCfg(size=33), values)
        transform = open_clip.transform.image_transform_v2(open_clip.transform.PreprocessCfg(**base), is_train=False)
        mean, std = (np.broadcast_to(base[key], 3) for key in ("mean", "std"))
        files = {"openCLIP": {"model_cfg": {"vision_cfg": {"image_size": 33}}, "preprocess_cfg": values}}
        cases[f"openclip_{name}"] = settings_case(files, transform, mean, std, family="openclip")
    return cases


def tensors():
    """The default processors of a few families: levels as numbers, which may lie between whole ones (DINOv3)."""
    cases = {}
    kinds = {"vit": HUB["vit"], "dinov2": HUB["dinov2"], "clip_odd": HUB["clip_odd"], "siglip": HUB["siglip"], "convnext": HUB["convnext"],
             "dinov3": dict(image_processor_type="DINOv3ViTImageProcessorFast", size=dict(height=24, width=24), resample=2, **IMAGENET)}
    for name, values in kinds.items():
        processor = hub_processor(values)
        rows = {}
        for width, height in ((61, 47), (25, 75), (100, 20), (7, 5)):
            made = np.asarray(processor(noise(width, height), return_tensors="np")["pixel_values"][0], np.float64)
            levels = (made * np.reshape(processor.image_std, (3, 1, 1)) + np.reshape(processor.image_mean, (3, 1, 1))) * 255
            rows[f"{width}x{height}"] = [round(float(level), 2) for level in levels[:, levels.shape[1] // 2].flatten()]
        cases[name] = dict(files={"preprocessor": values}, made_by=type(processor).__name__, middle=rows)
    return cases


def positions():
    """By way of resampling and sides, from-to, a table of one channel, resampled; the table is sin(1 + i + i²)."""
    import torch
    from checkpoint_vits import dino_positions, dinov2_register_positions, plain_positions, torchvision_positions
    ways = dict(offset=dino_positions, antialiased=dinov2_register_positions, plain=plain_positions, aligned=torchvision_positions)
    result = {}
    for name, way in ways.items():
        for start, to in ((4, 6), (4, 3), (7, 14), (16, 5), (14, 14 + 2), (37, 16), (5, 1)):
            index = torch.arange(start * start, dtype=torch.float64)
            table = torch.sin(1 + index + index * index).float().reshape(1, 1, start, start)
            made = way(table, to).flatten()
            result.setdefault(name, {})[f"{start}-{to}"] = [round(float(value), 6) for value in made]
    return result


def write(folder):
    """Writes everything into a folder."""
    (folder / "resizing.json").write_text(json.dumps(resizing(), indent=0) + "\n")
    (folder / "settings.json").write_text(json.dumps(settings(), indent=0) + "\n")
    (folder / "positions.json").write_text(json.dumps(positions()) + "\n")
    (folder / "tensors.json").write_text(json.dumps(tensors(), indent=None) + "\n")
