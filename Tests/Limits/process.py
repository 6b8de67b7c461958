"""Runs a program and says what it cost.

    python3 process.py SECONDS OUTPUT ERRORS COMMAND...    prints one line of JSON: code, seconds, peak
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
from dataclasses import dataclass


@dataclass(frozen=True)
class Run:
    """`seconds` of processor time, user and system; `peak` resident bytes."""

    code: int
    output: str
    errors: str
    seconds: float
    peak: int


def measure(command: list[str], limit: int = 120) -> Run:
    """Runs `command`; one that takes more than `limit` seconds of processor time is killed.

    The kernel counts the memory of a process that starts another into the other's peak, so a small one does it.
    """
    with tempfile.NamedTemporaryFile() as output, tempfile.NamedTemporaryFile() as errors:
        starter = [sys.executable, "-S", __file__, str(limit), output.name, errors.name, *command]
        found = json.loads(subprocess.run(starter, stdout=subprocess.PIPE, check=True).stdout)
        return Run(output=output.read().decode(errors="replace"), errors=errors.read().decode(errors="replace"), **found)


def start(limit: str, output: str, errors: str, *command: str) -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (int(limit), int(limit)))
    with open(output, "w") as out, open(errors, "w") as err:
        process = subprocess.Popen(command, stdout=out, stderr=err, env={**os.environ, "NO_COLOR": "1"})
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    print(json.dumps({
        "code": process.returncode, "seconds": usage.ru_utime + usage.ru_stime, "peak": usage.ru_maxrss * 1024}))


if __name__ == "__main__":
    start(*sys.argv[1:])
