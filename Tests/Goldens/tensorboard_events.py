#!/usr/bin/env python3
"""The golden of TensorBoard's event files, and a check of ours with TensorBoard's own reader.

    python3 Tests/Goldens/tensorboard_events.py                 write tensorboard/events.golden
    python3 Tests/Goldens/tensorboard_events.py --check FOLDER  open what `pretrain --log tensorboard` wrote

The golden is what TensorBoard's RecordWriter writes of three events: the version, step 1 and step 300
with three scalars each. FOLDER is a checkpoint folder. Needs the packages of requirements.txt.
"""

import json
import math
import pathlib
import sys

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.compat.proto import event_pb2, summary_pb2
from tensorboard.summary.writer.record_writer import RecordWriter

golden = pathlib.Path(__file__).parent / "tensorboard" / "events.golden"


def events():
    """The events of the golden; EventLogTests.swift writes the same."""
    yield event_pb2.Event(wall_time=1_700_000_000.25, file_version="brain.Event:2")
    for step, loss, rate, speed in [(1, 1.25, 1e-3, 812.5), (300, 0.375, 7.5e-4, 90_000.0)]:
        values = [
            summary_pb2.Summary.Value(tag=tag, simple_value=value)
            for tag, value in [("loss", loss), ("learning_rate", rate), ("images_per_second", speed)]]
        yield event_pb2.Event(
            wall_time=1_700_000_000.25 + step, step=step, summary=summary_pb2.Summary(value=values))


def write():
    golden.parent.mkdir(exist_ok=True)
    with open(golden, "wb") as file:
        writer = RecordWriter(file)
        for event in events():
            writer.write(event.SerializeToString(deterministic=True))


def check(folder):
    """Opens the log of a checkpoint: every step once, in order, with the losses of training.json."""
    reader = EventAccumulator(str(pathlib.Path(folder) / "tensorboard"), size_guidance={"scalars": 0})
    reader.Reload()
    training = json.loads((pathlib.Path(folder) / "training.json").read_text())
    assert reader.Tags()["scalars"] == ["loss", "learning_rate", "images_per_second"], reader.Tags()
    losses = reader.Scalars("loss")
    steps = [event.step for event in losses]
    assert steps == list(range(1, training["steps"] + 1)), f"steps {steps[:5]} ... {steps[-5:]}"
    per_epoch = training["steps"] // training["epochs"]
    for index, point in enumerate(training["curve"]):
        part = losses[index * per_epoch:(index + 1) * per_epoch]
        mean = sum(event.value for event in part) / per_epoch
        assert math.isclose(mean, point["loss"], rel_tol=1e-5), (mean, point)
        rate = reader.Scalars("learning_rate")[(index + 1) * per_epoch - 1].value
        assert math.isclose(rate, point["learning_rate"], rel_tol=1e-6, abs_tol=1e-12), (rate, point)
    assert all(event.value > 0 for event in reader.Scalars("images_per_second"))
    print(f"TensorBoard reads {len(steps)} steps of {folder}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--check"] and len(sys.argv) == 3:
        check(sys.argv[2])
    elif len(sys.argv) == 1:
        write()
    else:
        sys.exit(__doc__)
