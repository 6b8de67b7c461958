"""The benchmarks: what is done, how many operations it takes, and what is to be reached."""

import pathlib
from dataclasses import dataclass, field

FILES = pathlib.Path(__file__).resolve().parents[2] / ".cache"


@dataclass(frozen=True)
class Target:
    """Something to reach, as the page states it.

    `ratio`: the rival's seconds over ours, at least this; `parts_ratio`: the same for each part of the work. `gemm_share`: our rate of arithmetic over our
    own rate on the plain matrix product of the same precision, at least this. `seconds`: our seconds, at
    most this.
    """

    ratio: float | None = None
    parts_ratio: float | None = None
    gemm_share: float | None = None
    seconds: float | None = None


@dataclass(frozen=True)
class Work:
    """One benchmark. `options` go to both sides, so that both do the same.

    `file` is a file that both read, below .cache, with the sizes in its name where braces name them; the module `maker`
    of the rivals makes it when it is not there.
    """

    name: str
    title: str
    options: dict[str, int]
    quick: dict[str, int]
    precision: str = "fp32"
    rivals: dict[str, Target] = field(default_factory=dict)
    unit: str = "images/s"
    repetitions: int = 3
    file: str | None = None
    maker: str = "load"

    @property
    def key(self) -> str:
        """The name by which the command line and the stored measurements know it."""
        return self.name if self.precision == "fp32" else f"{self.name}-{self.precision}"

    def sizes(self, quick: bool) -> dict[str, int]:
        """The options without precision and threads."""
        return self.options | (self.quick if quick else {})

    def settings(self, quick: bool, threads: int) -> dict[str, str]:
        """Everything that both sides are told."""
        repetitions = 1 if quick else self.repetitions
        given = {"precision": self.precision, "threads": threads, "repetitions": repetitions}
        if self.file is not None:
            given["file"] = self.path(quick)
        return {key: str(value) for key, value in (given | self.sizes(quick)).items()}

    def path(self, quick: bool) -> pathlib.Path:
        """The file that both sides read."""
        return FILES / self.file.format(**self.sizes(quick))

    def operations(self, quick: bool) -> float:
        """Floating-point operations of the matrix products in one repetition (2 m n k each)."""
        return OPERATIONS[self.name](self.sizes(quick))


def transformer(tokens: int, width: int, depth: int) -> float:
    """Operations of the blocks' matrix products for one image, MLP four times as wide."""
    products = 2 * tokens * width * (3 + 1 + 4 + 4) * width
    attention = 2 * 2 * tokens * tokens * width
    return depth * (products + attention)


def _features(options: dict[str, int]) -> float:
    patches = 196
    embedding = 2 * patches * 768 * 768
    return options["batch"] * (embedding + transformer(patches + 1, 768, 12))


def _mae_step(options: dict[str, int]) -> float:
    encoder = 2 * 64 * 48 * 192 + transformer(17, 192, 12)
    decoder = 2 * 17 * 192 * 96 + transformer(65, 96, 4) + 2 * 64 * 96 * 48
    return 3 * options["batch"] * (encoder + decoder)  # backward is two products for each


def _simmim_step(options: dict[str, int]) -> float:
    encoder = 2 * 64 * 48 * 192 + transformer(65, 192, 12)
    return 3 * options["batch"] * (encoder + 2 * 40 * 192 * 48)


def _simclr_step(options: dict[str, int]) -> float:
    """ResNet-18 with CIFAR's stem: the stem, two blocks a stage, projections where a stage begins."""
    view, channels, pixels = 2 * 1024 * 27 * 64, 64, 1024
    for stage in range(4):
        inputs, channels, pixels = channels, 64 << stage, 1024 >> (2 * stage)
        view += 2 * pixels * 9 * (inputs * channels + 3 * channels * channels)
        view += 2 * pixels * inputs * channels if stage else 0
    return 3 * 2 * options["batch"] * (view + 2 * 512 * (512 + 128))


OPERATIONS = {
    "simmim-step": _simmim_step,
    "simclr-step": _simclr_step,
    "gemm": lambda o: 2 * o["rows"] * o["width"] * o["outputs"],
    "mae-step": _mae_step,
    "features": _features,
    "load-pth": _features,
    "load-safetensors": _features,
    "knn": lambda o: 2 * o["queries"] * o["items"] * o["width"],
    "bootstrap": lambda o: 2 * 2 * o["examples"] * o["metrics"] * o["resamples"],
    "corruptions": lambda o: 0,
    "score-bbox": lambda o: 0,
    "score-segm": lambda o: 0,
    "linear-probe": lambda o: 2 * 2 * o["rows"] * o["width"] * o["classes"] * o["epochs"],
}

GEMM = {"rows": 4096, "width": 768, "outputs": 768}
ALL = [
    Work("gemm", "Matrix product 4096×768×768", GEMM, {}, "fp32", {"pytorch": Target()}, "GFLOP/s"),
    Work("gemm", "Matrix product 4096×768×768", GEMM, {}, "bf16", {"pytorch": Target()}, "GFLOP/s"),
    Work("mae-step", "MAE training step, ViT-Ti/4 at 32 px, decoder 96×4, batch 256",
         {"batch": 256}, {"batch": 32}, "fp32", {"pytorch": Target(ratio=2.2)}),
    Work("mae-step", "MAE training step, ViT-Ti/4 at 32 px, decoder 96×4, batch 256",
         {"batch": 256}, {"batch": 32}, "bf16", {"pytorch": Target(ratio=2.2)}),
    Work("simmim-step", "SimMIM training step, ViT-Ti/4 at 32 px, batch 256",
         {"batch": 256}, {"batch": 32}, "fp32", {"pytorch": Target(ratio=1.0)}),
    Work("simmim-step", "SimMIM training step, ViT-Ti/4 at 32 px, batch 256",
         {"batch": 256}, {"batch": 32}, "bf16", {"pytorch": Target(ratio=1.0)}),
    Work("simclr-step", "SimCLR training step, ResNet-18 at 32 px, batch 256 (512 views)",
         {"batch": 256}, {"batch": 16}, "fp32", {"pytorch": Target(ratio=1.0)}, repetitions=1),
    Work("simclr-step", "SimCLR training step, ResNet-18 at 32 px, batch 256 (512 views)",
         {"batch": 256}, {"batch": 16}, "bf16", {"pytorch": Target(ratio=1.0)}, repetitions=1),
    Work("features", "Frozen features, ViT-B/16 at 224 px, batch 16",
         {"batch": 16}, {"batch": 2}, "fp32",
         {"pytorch": Target(ratio=1.8, gemm_share=0.75)}),
    Work("features", "Frozen features, ViT-B/16 at 224 px, batch 16",
         {"batch": 16}, {"batch": 2}, "bf16",
         {"pytorch": Target(ratio=1.15, gemm_share=0.75)}),
    Work("knn", "k-NN, 10,000 queries over 50,000 × 768",
         {"queries": 10_000, "items": 50_000, "width": 768, "classes": 100, "neighbours": 20},
         {"queries": 1000, "items": 5000}, "fp32",
         {"scikit-learn": Target(ratio=1.0, gemm_share=0.75), "pytorch": Target()},
         "queries/s", repetitions=1),
    Work("linear-probe", "Linear probe, 50,000 × 768, 100 classes, batch 4,096, 90 epochs",
         {"rows": 50_000, "width": 768, "classes": 100, "batch": 4096, "epochs": 90},
         {"rows": 8192, "epochs": 4}, "fp32", {"pytorch": Target(ratio=2.0)}, repetitions=1),
    Work("bootstrap", "Paired bootstrap, 10,000 resamples of 50,000 examples × 10 metrics",
         {"examples": 50_000, "metrics": 10, "resamples": 10_000},
         {"examples": 2000, "resamples": 1000}, "fp32", {"scipy": Target(ratio=10.0, seconds=2.0)},
         "examples/s", repetitions=1),
    Work("corruptions", "15 corruptions × 5 severities of 20 pictures at 224 px",
         {"images": 20, "side": 224}, {"images": 1}, "fp32",
         {"imagecorruptions": Target(ratio=3.0, parts_ratio=1.0)}, repetitions=1),
    Work("load-pth", "From a .pth file to the features of one image, ViT-B/16 (86 million parameters)",
         {"batch": 1}, {}, "fp32", {"pytorch": Target(ratio=1.0, seconds=2.0)}, repetitions=1,
         file="vit-base.pth"),
    Work("load-safetensors", "From a .safetensors file to the features of one image, ViT-B/16",
         {"batch": 1}, {}, "fp32", {"pytorch": Target(ratio=1.0, seconds=2.0)}, repetitions=1,
         file="vit-base.safetensors"),
    Work("score-bbox", "Box AP of a set of the size of COCO val2017, from the files, with intervals on our side",
         {"images": 5000}, {"images": 100}, "fp32",
         {"pycocotools": Target(ratio=20.0), "faster-coco-eval": Target(ratio=1.0)}, repetitions=1,
         file="coco-{images}/ground_truth.json", maker="coco_set"),
    Work("score-segm", "Mask AP of a set of the size of COCO val2017, from the files, with intervals on our side",
         {"images": 5000}, {"images": 100}, "fp32",
         {"pycocotools": Target(ratio=10.0), "faster-coco-eval": Target(ratio=1.0)}, repetitions=1,
         file="coco-{images}/ground_truth.json", maker="coco_set"),
]
