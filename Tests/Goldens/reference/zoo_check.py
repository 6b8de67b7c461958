"""Every architecture of timm, and those of transformers that look like vision transformers: read exactly, or refused.

A network that has the names of a plain one and computes something else (rotary positions, gates, other norms) must
not be read as the plain one. Each is made small, with random weights, and given to `unmask features` twice: as a
folder with its configuration, and as bare weights, of which only the input side is said. What bare weights cannot
tell is in INDISTINGUISHABLE.
"""

import contextlib
import io
import pathlib
import re
import subprocess
import tempfile

import numpy
import timm
import torch
import transformers

TOLERANCE = 1e-4
# timm's modules of networks that share names with ours.
MODULES = {
    "vision_transformer", "vision_transformer_hybrid", "vision_transformer_relpos", "vision_transformer_sam", "eva",
    "beit", "deit", "resnet", "convit", "naflexvit", "resnest", "sknet",
}
# Equal weights, other arithmetic: activations, the place of norms, filters before strides.
INDISTINGUISHABLE = ("clip_quickgelu", "_rpn_", "resnetaa", "resnetblur", "eva02_enormous")
SMALL = {"embed_dim": 192, "depth": 2, "num_heads": 3}
TRIALS = (SMALL, {"layers": (1, 1, 1, 1)}, SMALL | {"img_size": 112}, {})
LARGEST = 40_000_000


def check(program: str) -> int:
    """Prints what is read wrongly and how many are read or refused; 0 when nothing is read wrongly."""
    transformers.utils.logging.disable_progress_bar()
    counts = {"read": 0, "refused": 0, "cannot be told": 0, "wrong": 0}
    with tempfile.TemporaryDirectory() as scratch:
        for name, form, outcome in outcomes(program, pathlib.Path(scratch)):
            hidden = form == "weights" and any(mark in name for mark in INDISTINGUISHABLE)
            if outcome not in counts:
                counts["cannot be told" if hidden else "wrong"] += 1
                if not hidden:
                    print(f"{name}, {form}: {outcome}", flush=True)
            else:
                counts[outcome] += 1
    print(", ".join(f"{count} {what}" for what, count in counts.items()))
    return 1 if counts["wrong"] or not counts["read"] else 0


def outcomes(program: str, scratch: pathlib.Path):
    """What becomes of each network, in each form."""
    for name in distinct(timm.list_models()):
        model, arguments = small(name)
        if model is None:
            continue
        randomize(model)
        size = tuple(getattr(getattr(model, "patch_embed", None), "img_size", None)
                     or model.pretrained_cfg["input_size"][1:])
        images = torch.randn(2, 3, *size)
        features = reference(model, images)
        if features is None:
            continue
        torch.save(model.state_dict(), scratch / "weights.pth")
        with contextlib.redirect_stdout(io.StringIO()):
            timm.models.save_for_hf(model, scratch / "folder", model_args=arguments or None)
        side = ["--set", f"checkpoint.side={size[0]}"]
        for form, file, options in (("weights", "weights.pth", side), ("folder", "folder", [])):
            yield name, form, outcome(program, scratch / file, images, features, options)
    for name, model in hugging_face():
        randomize(model)
        images = torch.randn(2, 3, 32, 32)
        model.save_pretrained(scratch / name)
        with torch.no_grad():
            tower = getattr(model, "vision_model", model)
            features = tower(images).last_hidden_state
            # SigLIP's tower has normalised them already.
            if hasattr(tower, "post_layernorm") and "Siglip" not in type(tower).__name__:
                features = tower.post_layernorm(features)
        yield name, "folder", outcome(program, scratch / name, images, features.numpy())


def distinct(names: list[str]) -> list[str]:
    """One name of those that differ in the side of the input only, of the modules that concern us."""
    seen = {}
    for name in names:
        if timm.models.model_entrypoint(name).__module__.split(".")[-1] in MODULES:
            seen.setdefault(re.sub(r"_\d+$", "", name), name)
    return list(seen.values())


def small(name: str):
    """The network in small, and the arguments that make it so."""
    for arguments in TRIALS:
        with contextlib.suppress(Exception):
            # Counted before any memory is taken: some have billions.
            with torch.device("meta"):
                model = timm.create_model(name, num_classes=10, **arguments)
            if sum(parameter.numel() for parameter in model.parameters()) < LARGEST:
                return timm.create_model(name, num_classes=10, **arguments).eval(), arguments
    return None, None


def randomize(model: torch.nn.Module):
    """Moves what starts at zero or one, so that every weight counts."""
    torch.manual_seed(1)
    model.eval()
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim <= 1:
                parameter.add_(torch.randn_like(parameter) * 0.1)
            elif parameter.numel() and parameter.abs().max() < 1e-3:
                parameter.add_(torch.randn_like(parameter) * 0.02)
        for name, buffer in model.named_buffers():
            if name.endswith("running_mean"):
                buffer.add_(torch.randn_like(buffer) * 0.1)
            if name.endswith("running_var"):
                buffer.mul_(1 + torch.rand_like(buffer))


def reference(model: torch.nn.Module, images: torch.Tensor):
    """Tokens, or the mean over places of feature maps; None where the model takes no such images."""
    with torch.no_grad(), contextlib.suppress(Exception):
        features = model.forward_features(images)
        return (features.mean((2, 3)) if features.ndim == 4 else features).numpy()
    return None


def outcome(program: str, checkpoint: pathlib.Path, images: torch.Tensor, features: numpy.ndarray, options=()) -> str:
    """`read`, `refused`, or what is wrong."""
    folder = checkpoint.parent
    numpy.save(folder / "images.npy", images.numpy())
    kind = "tokens" if features.ndim == 3 else "mean"
    command = [program, "features", checkpoint, "--tensors", folder / "images.npy", "--pool", kind, "--out",
               folder / "features.npy", *options]
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode == 2 and result.stderr.startswith("error: "):
        return "refused"
    if result.returncode:
        return f"exit code {result.returncode}: {result.stderr[-200:]}"
    ours = numpy.load(folder / "features.npy")
    if ours.shape != features.shape:
        return f"features {ours.shape}, not {features.shape}"
    difference = abs(ours - features).max() / abs(features).max()
    return "read" if difference <= TOLERANCE else f"differs by {difference:.2g} of the largest"


def hugging_face():
    """Towers of transformers by name."""
    common = {"num_hidden_layers": 2, "num_attention_heads": 3, "hidden_size": 192, "intermediate_size": 384,
              "image_size": 32, "patch_size": 8}
    for name in ("ViT", "ViTMSN", "IJepa", "DeiT", "Beit", "Data2VecVision", "Dinov2", "Dinov2WithRegisters", "DINOv3ViT",
                 "CLIPVision", "SiglipVision", "BlipVision", "AltCLIPVision", "ChineseCLIPVision", "CLIPSegVision",
                 "OwlViTVision", "DPT", "Aimv2Vision", "VitDet", "Yolos", "Phi4MultimodalVision"):
        with contextlib.suppress(Exception):
            configuration = getattr(transformers, f"{name}Config")(**common)
            model = getattr(transformers, f"{name}Model")(configuration)
            with torch.no_grad():
                model.eval()(torch.zeros(1, 3, 32, 32))
            yield name, model
    for switches in ({"num_register_tokens": 4}, {"use_gated_mlp": True, "hidden_act": "silu", "key_bias": True},
                     {"use_gated_mlp": True, "hidden_act": "gelu"}):
        model = transformers.DINOv3ViTModel(transformers.DINOv3ViTConfig(**common, **switches))
        yield f"DINOv3ViT with {', '.join(switches)}", model
    yield "Siglip", transformers.SiglipModel(transformers.SiglipConfig(vision_config=common))
