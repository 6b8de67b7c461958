"""Collects the tensors of one golden file, and writes or checks the file."""

import json
import pathlib
import zlib

import safetensors
import timm
import torch
from safetensors.torch import save_file

folder = pathlib.Path(__file__).resolve().parent.parent / "engine"

# Two machines differ in the order of a sum: a few hundred terms of size one, in float32.
TOLERANCE = 2e-5


class Golden:
    """The tensors and settings of one file; each case draws from the file's own seed."""

    def __init__(self, name: str):
        self.name = name
        self.seed = zlib.crc32(name.encode()) % 100_000
        self.tensors: dict[str, torch.Tensor] = {}
        self.cases: dict[str, dict] = {}
        torch.set_num_threads(1)
        torch.use_deterministic_algorithms(True)
        torch.manual_seed(self.seed)

    def case(self, name: str, tensors: dict[str, torch.Tensor], **settings) -> None:
        """Adds a case: its tensors as `name/key`, its settings as `cases[name]`."""
        assert name not in self.cases, f"{self.name}: two cases are called {name}"
        self.cases[name] = settings
        for key, value in tensors.items():
            value = value.detach().to(torch.float32).clone().contiguous()
            assert torch.isfinite(value).all(), f"{self.name}: {name}/{key} is not finite"
            self.tensors[f"{name}/{key}"] = value

    @property
    def metadata(self) -> dict[str, str]:
        # One entry: safetensors writes several in an order of its own, and the bytes would vary.
        versions = f"torch {torch.__version__.split('+')[0]}, timm {timm.__version__}"
        made_by = f"Tests/Goldens/generate.py {self.name}, {versions}, seed {self.seed}"
        return {"golden": json.dumps({"made_by": made_by, "cases": self.cases}, sort_keys=True)}


def differentiate(function, inputs: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Runs `function(**inputs)` and sends a random gradient back through it.

    Returns the inputs, `output`, `output_gradient`, and `KEY_gradient` of every input that requires one.
    """
    for value in inputs.values():
        value.grad = None
    output = function(**inputs)
    probe = torch.randn_like(output) if output.ndim else torch.ones(())
    (output * probe).sum().backward()
    result = dict(inputs, output=output, output_gradient=probe)
    for key, value in inputs.items():
        if value.requires_grad:
            result[f"{key}_gradient"] = value.grad
    return result


def leaf(*shape: int, scale: float = 1.0, shift: float = 0.0) -> torch.Tensor:
    """Normal numbers that take a gradient."""
    return (torch.randn(*shape) * scale + shift).requires_grad_()


def _made(name: str, make) -> Golden:
    golden = Golden(name)
    make(golden)
    return golden


def write(name: str, make) -> bool:
    """Writes `engine/name.safetensors`."""
    golden = _made(name, make)
    folder.mkdir(exist_ok=True)
    save_file(golden.tensors, folder / f"{name}.safetensors", metadata=golden.metadata)
    size = (folder / f"{name}.safetensors").stat().st_size
    print(f"{name}: {len(golden.cases)} cases, {len(golden.tensors)} tensors, {size:,} bytes")
    return True


def check(name: str, make) -> bool:
    """Compares what this machine computes with `engine/name.safetensors`."""
    golden = _made(name, make)
    with safetensors.safe_open(folder / f"{name}.safetensors", "pt") as file:
        on_disk = {key: file.get_tensor(key) for key in file.keys()}
        same_cases = json.loads(file.metadata()["golden"])["cases"] == golden.cases
    if not same_cases or on_disk.keys() != golden.tensors.keys():
        print(f"{name}: the file on disk holds other cases; run generate.py {name}")
        return False
    worst, where = 0.0, ""
    for key, value in golden.tensors.items():
        scale = max(1.0, value.abs().max().item()) if value.numel() else 1.0
        difference = (value - on_disk[key]).abs().max().item() / scale if value.numel() else 0.0
        if difference > worst:
            worst, where = difference, key
    good = worst <= TOLERANCE
    print(f"{name}: {'same' if good else 'DIFFERS'}, largest difference {worst:.1e} {where}")
    return good
