"""COCO's twelve numbers from the files, by pycocotools and by faster-coco-eval."""

import contextlib
import io
import pathlib

from .timing import median_seconds


def run(options) -> dict:
    """Loads both files, matches, accumulates and sums up; the AP is the check."""
    if options.rival == "faster-coco-eval":
        from faster_coco_eval import COCO
        from faster_coco_eval import COCOeval_faster as COCOeval
    else:
        from pycocotools.coco import COCO
        from pycocotools.cocoeval import COCOeval
    kind = options.name.removeprefix("score-")
    detections = pathlib.Path(options.file).parent / ("boxes.json" if kind == "bbox" else "masks.json")
    found = {}

    def work():
        with contextlib.redirect_stdout(io.StringIO()):
            truth = COCO(options.file)
            evaluation = COCOeval(truth, truth.loadRes(str(detections)), kind)
            evaluation.evaluate()
            evaluation.accumulate()
            evaluation.summarize()
        found["AP"] = float(evaluation.stats[0])

    seconds = median_seconds(work, options.repetitions, warm_up=0)
    return {"seconds": seconds, "images_per_second": options.images / seconds, "check": found["AP"]}
