"""python -m rivals NAME [options]: runs one rival's side of a benchmark and prints one JSON line.

The options are those that run.py hands to `unmask-bench` too; see ../README.md.
"""

import argparse
import importlib
import json
import resource

import torch

NAMES = {
    "gemm": "gemm", "mae-step": "mae_step", "features": "features", "knn": "knn",
    "linear-probe": "linear_probe", "bootstrap": "bootstrap", "load-pth": "load",
    "load-safetensors": "load", "corruptions": "corruptions", "simmim-step": "simmim_step", "simclr-step": "simclr_step",
    "score-bbox": "score", "score-segm": "score",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=NAMES)
    parser.add_argument("--rival", default="pytorch", choices=[
        "pytorch", "scikit-learn", "scipy", "imagecorruptions", "pycocotools", "faster-coco-eval"])
    parser.add_argument("--precision", default="fp32", choices=["fp32", "bf16"])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--rows", type=int)
    parser.add_argument("--width", type=int)
    parser.add_argument("--outputs", type=int)
    parser.add_argument("--batch", type=int)
    parser.add_argument("--queries", type=int)
    parser.add_argument("--items", type=int)
    parser.add_argument("--classes", type=int)
    parser.add_argument("--neighbours", type=int)
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--examples", type=int)
    parser.add_argument("--metrics", type=int)
    parser.add_argument("--resamples", type=int)
    parser.add_argument("--images", type=int)
    parser.add_argument("--side", type=int)
    parser.add_argument("--file")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    result = importlib.import_module(f".{NAMES[options.name]}", __package__).run(options)
    result["peak_rss_bytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps(result))


if __name__ == "__main__":
    main()
