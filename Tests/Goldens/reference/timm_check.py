"""Loads checkpoint folders that Unmask wrote into timm: no renaming, nothing missing, nothing left over."""

import json
import pathlib
import subprocess
import tempfile

import numpy
import timm
import torch
import torchvision
from safetensors.torch import load_file

TOLERANCE = 1e-4
# Files of ../checkpoints, with what they leave open, and whether timm has such a network.
CONVERSIONS = {
    "mae.pth": ["heads=3"], "dino.pth": ["heads=3"], "moco_v3.pth.tar": ["heads=3"], "cae.pth": ["heads=3"],
    "deit_distilled.pth": ["heads=3"], "timm_vit": [], "timm_no_class.pth": ["heads=3"],
    "timm_registers.safetensors": ["heads=3"], "dinov2.pth": ["heads=3"], "dinov2_registers.pth": ["heads=3"],
    "beit.pth": [], "beit_fine_tuned.pth": [], "simmim.pth": [], "data2vec.pth": [], "mmpretrain.pth": ["heads=3"],
    "openai_clip.pt": ["heads=3"], "openclip.pt": ["heads=3"], "torchvision_vit.pth": ["heads=3"],
    "hf_vit": [], "hf_mae": [], "hf_deit": ["side=16"], "hf_deit_distilled": [], "hf_beit": [], "hf_beit_shared": [],
    "hf_data2vec": [], "hf_dinov2": [], "hf_dinov2_registers": [], "hf_dinov2_classifier": [], "hf_clip": [],
    "hf_siglip": [], "hf_siglip_model": [], "deit3.pth": ["heads=3"], "grey": [],
    "everyday/augreg.npz": [], "everyday/big_vision.npz": [], "everyday/traced.pt": ["heads=3"],
    "everyday/module.pt": ["heads=3"], "everyday/tensors4.pkl": ["heads=3"],
}


def check_folder(path: str, images: str | None, tokens: str | None) -> int:
    """Loads the folder strictly, prints the output's size, and compares tokens where they are given.

    Returns 0 when the checkpoint loads and, if asked, agrees to 1e-4 of the largest token.
    """
    model = load(pathlib.Path(path))
    side = model.pretrained_cfg["input_size"][1:]
    batch = torch.from_numpy(numpy.load(images)) if images else torch.randn(2, 3, *side)
    theirs = features(model, batch)
    count = sum(parameter.numel() for parameter in model.parameters())
    largest = theirs.abs().max().item()
    print(f"{path}: {count:,} parameters loaded strictly; features {tuple(theirs.shape)}, max abs {largest:.6g}")
    if tokens is None:
        return 0
    ours = torch.from_numpy(numpy.load(tokens))
    difference = (ours - theirs).abs().max().item() / largest
    print(f"largest difference from {tokens}: {difference:.2g} of the largest")
    return 0 if difference <= TOLERANCE else 1


def check_conversions(program: str, goldens: pathlib.Path) -> int:
    """Converts checkpoints of every family, and ResNets of real size, and compares timm's features with ours."""
    good = True
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        sources = {goldens / name: options for name, options in CONVERSIONS.items()}
        for name in ("resnet18", "resnet34", "resnet50"):
            torch.manual_seed(1)
            torch.save(torchvision.models.get_model(name).state_dict(), folder / f"{name}.pth")
            sources[folder / f"{name}.pth"] = []
        for source, options in sources.items():
            try:
                good &= check_conversion(program, source, options, folder / "scratch" / source.name)
            except (RuntimeError, TypeError, subprocess.CalledProcessError) as error:
                print(f"{source.name}: FAILS: {' '.join(str(error).split())}")
                good = False
    return 0 if good else 1


def check_conversion(program: str, source: pathlib.Path, options: list[str], folder: pathlib.Path) -> bool:
    """Converts one checkpoint; timm, given the folder, must compute the features that the source gives."""
    folder.mkdir(parents=True)
    settings = [word for option in options for word in ("--set", f"checkpoint.{option}")]
    converted = folder / "converted"
    run(program, "convert", source, "--out", converted, *settings)
    model = load(converted)
    torch.manual_seed(0)
    side = model.pretrained_cfg["input_size"][1]
    images = torch.randn(2, model.pretrained_cfg["input_size"][0], side, side)
    numpy.save(folder / "images.npy", images.numpy())
    theirs = features(model, images)
    worst = 0.0
    for path, more in ((source, settings), (converted, [])):
        more = [*more, "--set", f"checkpoint.side={side}"] if more or path == source else more
        run(program, "features", path, "--tensors", folder / "images.npy", "--pool", "tokens", "--out",
            folder / "tokens.npy", *more)
        ours = torch.from_numpy(numpy.load(folder / "tokens.npy"))
        worst = max(worst, (ours - theirs).abs().max().item() / theirs.abs().max().item())
    good = worst <= TOLERANCE
    print(f"{source.name}: {'same features' if good else 'DIFFERS'}, {worst:.1e} of the largest")
    return good


def run(program: str, *arguments) -> None:
    subprocess.run([program, *map(str, arguments)], check=True, stdout=subprocess.DEVNULL)


def load(folder: pathlib.Path) -> torch.nn.Module:
    """The network that the folder's config.json describes, with the folder's weights."""
    torch.set_num_threads(1)
    config = json.loads((folder / "config.json").read_text())
    model = timm.create_model(config["architecture"], pretrained=False, **config["model_args"])
    model.load_state_dict(load_file(folder / "model.safetensors"), strict=True)
    model.pretrained_cfg = config["pretrained_cfg"]
    return model.eval()


def features(model: torch.nn.Module, images: torch.Tensor) -> torch.Tensor:
    """Tokens `[images, tokens, width]`; the places of a feature map in raster order."""
    with torch.inference_mode():
        result = model.forward_features(images)
    return result.flatten(2).transpose(1, 2) if result.ndim == 4 else result
