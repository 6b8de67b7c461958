"""What a figure depends on: processor, memory, versions."""

import importlib.metadata
import os
import pathlib
import platform
import subprocess


def threads() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0))


def describe() -> dict[str, str]:
    """Lines for the page, in order."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    versions = ", ".join(
        f"{name} {importlib.metadata.version(name)}" for name in ("torch", "timm", "scikit-learn"))
    return {
        "Processor": f"{_processor()}, {threads()} cores used",
        "Memory": f"{memory:.0f} GiB",
        "System": f"{_system()}, Linux {platform.release()}",
        "Ours": f"{_output('git', 'describe', '--always', '--dirty') or 'no git'}, "
        f"{_swift()}, oneDNN {_package('libdnnl-dev')}, OpenBLAS {_package('libopenblas-dev')}",
        "Rivals": f"Python {platform.python_version()}, {versions}",
    }


def _processor() -> str:
    fields: dict[str, str] = {}
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        name, _, value = line.partition(":")
        fields.setdefault(name.strip(), value.strip())
    flags = fields.get("flags", "").split()
    kinds = [name for name in ("avx2", "avx512f", "avx512_bf16", "amx_bf16") if name in flags]
    family = f"family {fields.get('cpu family', '?')} model {fields.get('model', '?')}"
    return f"{fields.get('model name', platform.machine())} ({family}; {', '.join(kinds) or 'no AVX2'})"


def _system() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return platform.system()


def _package(name: str) -> str:
    return _output("dpkg-query", "-W", "-f", "${Version}", name) or "unknown"


def _swift() -> str:
    lines = [line for line in _output("swift", "--version").splitlines() if "version" in line]
    words = lines[0].split() if lines else []
    return f"Swift {words[words.index('version') + 1]}" if "version" in words else "Swift unknown"


def _output(*command: str) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""
