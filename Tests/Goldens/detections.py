"""Detections and masks as pycocotools scores and codes them.

`problems.json`: small problems that are as awkward as the layout allows - scores and overlaps that tie, crowds, areas on the
borders of the ranges, images and categories without anything, ids with gaps, the annotation id 0, more than 100 detections,
polygons that leave the image or fold - each with the twelve numbers for boxes and for masks.

`masks.json`: runs, their compressed strings, areas, boxes, merges and overlaps of drawn masks, and the runs of polygons.
"""

import contextlib
import copy
import io
import json

import numpy as np
from pycocotools import mask
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

PROBLEMS = 20


def evaluate(truth, detections, kind):
    """The twelve numbers; both arguments as their JSON text reads."""
    with contextlib.redirect_stdout(io.StringIO()):
        known = COCO()
        known.dataset = copy.deepcopy(truth)
        known.createIndex()
        found = known.loadRes(copy.deepcopy(detections))
        evaluation = COCOeval(known, found, kind)
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return [float(value) for value in evaluation.stats]


def polygon(random, box, size):
    """Three to six corners in and around a box; some twice, some beyond the image."""
    x, y, w, h = box
    corners = int(random.integers(3, 7))
    points = np.stack([x + w * random.uniform(-0.1, 1.1, corners), y + h * random.uniform(-0.1, 1.1, corners)], 1)
    points = np.round(points, int(random.integers(0, 2)))
    if random.random() < 0.2:
        points[1] = points[0]
    if random.random() < 0.1:
        points[0] = [-float(random.integers(1, 60)), size[1] + float(random.integers(1, 60))]
    return points.ravel().tolist()


def runs(random, box, size, compressed):
    height, width = size
    pixels = np.zeros((height, width), np.uint8)
    x, y, w, h = (max(0, int(value)) for value in box)
    pixels[y:y + max(1, h), x:x + max(1, w)] = random.random() < 0.95
    if random.random() < 0.3:
        pixels[random.integers(0, height), random.integers(0, width)] ^= 1
    if compressed:
        return {"size": [height, width], "counts": mask.encode(np.asfortranarray(pixels))["counts"].decode()}
    flat = pixels.ravel(order="F")
    ends = [0, *(np.flatnonzero(np.diff(flat)) + 1).tolist(), len(flat)]
    counts = np.diff(ends).tolist()
    return {"size": [height, width], "counts": [0, *counts] if flat[0] else counts}


def shape(random, box, size):
    draw = random.random()
    if draw < 0.5:
        return [polygon(random, box, size) for _ in range(int(random.choice([1, 1, 1, 2, 3])))]
    return runs(random, box, size, compressed=draw < 0.75)


def box_near(random, size, others):
    """A new box, an old one, or one that overlaps an old one by a round share."""
    height, width = size
    if others and random.random() < 0.75:
        x, y, w, h = others[int(random.integers(len(others)))]
        draw = random.random()
        if draw < 0.3:
            return [x, y, w, h]
        if draw < 0.6:
            return [x, y, w, round(h * float(random.choice([0.5, 0.55, 0.75, 0.8, 0.9, 0.95])), 3)]
        return [round(x + float(random.normal(0, 2)), 1), round(y + float(random.normal(0, 2)), 1), w, h]
    sides = [[10, 10], [32, 32], [96, 96], [20.5, 7.25], [1, 1], [16, 64], [120, 100], [0, 5]]
    w, h = sides[int(random.integers(len(sides)))]
    x, y = float(random.integers(0, max(2, width - 5))), float(random.integers(0, max(2, height - 5)))
    return [int(x), int(y), w, h] if random.random() < 0.5 else [x - 3, y + 0.5, w, h]


def problem(random, most_detections=8, is_crowded=False):
    """A ground truth, and detections for it; the crowded ones are boxes in one image, more than are counted."""
    ids = random.permutation(np.arange(-1, 12))[:1 if is_crowded else int(random.integers(1, 5))] * 3 + 1
    images = []
    for number in ids:
        width, height = (int(side) for side in random.choice([7, 40, 64, 130, 201], 2))
        images.append({"id": int(number), "width": width, "height": height})
    categories = [{"id": int(n)} for n in random.permutation(9)[:int(random.integers(1, 4))]]
    objects, detections = [], []
    first = int(random.choice([0, 1, 7]))
    has_boxes, has_masks = is_crowded or random.random() < 0.7, not is_crowded and random.random() < 0.6
    for image in images:
        size, here = (image["height"], image["width"]), []
        for _ in range(int(random.choice([0, 1, 2, 4])) + is_crowded):
            box = box_near(random, size, [one["bbox"] for one in here])
            area = random.choice([box[2] * box[3], box[2] * box[3], 1024, 9216, 1023.5, 9216.25, 1e10])
            here.append({
                "id": first + len(objects) + len(here), "image_id": image["id"], "bbox": box, "area": float(area),
                "category_id": categories[int(random.integers(len(categories)))]["id"],
                "iscrowd": int(random.random() < 0.2), "segmentation": shape(random, box, size)})
        objects += here
        for _ in range(130 if is_crowded else int(random.integers(0, most_detections))):
            detections.append(detection(random, image, here, categories, has_boxes, has_masks))
    return {"images": images, "annotations": objects, "categories": categories}, detections


def detection(random, image, objects, categories, has_boxes, has_masks):
    """Something near an object of the image, or anywhere."""
    size = (image["height"], image["width"])
    object = objects[int(random.integers(len(objects)))] if objects and random.random() < 0.85 else None
    box = box_near(random, size, [object["bbox"]] if object else [])
    category = object["category_id"] if object and random.random() < 0.85 else (
        77 if random.random() < 0.1 else categories[int(random.integers(len(categories)))]["id"])
    scores = [0.1, 0.3, 0.5, 0.5, 0.9, round(float(random.random()), 3), 0, -1]
    entry = {"image_id": image["id"], "category_id": category, "score": float(random.choice(scores))}
    if has_boxes:
        entry["bbox"] = box
    if has_masks or not has_boxes:
        if object and random.random() < 0.5:
            found = object["segmentation"]
        else:
            found = shape(random, box, size) if has_boxes else runs(random, box, size, compressed=True)
        # Without boxes only compressed runs are known.
        entry["segmentation"] = found if has_boxes else compressed_runs(found, size)
    return entry


def compressed_runs(found, size):
    if isinstance(found, list):
        code = mask.merge(mask.frPyObjects(found, *size))
    elif isinstance(found["counts"], list):
        code = mask.frPyObjects(found, *size)
    else:
        return found
    return {"size": list(size), "counts": code["counts"].decode()}


def problems(seed, count):
    """Problems with at least one detection, without which pycocotools does not start."""
    random = np.random.default_rng(seed)
    found = []
    while len(found) < count:
        truth, detections = problem(random, is_crowded=len(found) % 20 == 19)
        if detections:
            found.append((truth, detections))
    return found


def masks(random):
    cases = []
    for _ in range(12):
        height, width = int(random.integers(1, 14)), int(random.integers(1, 14))
        pixels = [(random.random((height, width)) < share).astype(np.uint8) for share in (0.5, 0.15)]
        if random.random() < 0.2:
            pixels[0][:] = random.integers(0, 2)
        codes = [mask.encode(np.asfortranarray(one)) for one in pixels]
        cases.append({
            "height": height, "width": width, "pixels": ["".join(map(str, one.ravel())) for one in pixels],
            "text": [code["counts"].decode() for code in codes], "area": mask.area(codes).tolist(),
            "box": mask.toBbox(codes).tolist(),
            "union": mask.merge(codes)["counts"].decode(),
            "intersection": mask.merge(codes, intersect=True)["counts"].decode(),
            "overlap": float(mask.iou(codes[:1], codes[1:], [0])[0, 0]),
            "crowd_overlap": float(mask.iou(codes[:1], codes[1:], [1])[0, 0])})
    return cases


def polygons(random):
    cases = []
    for _ in range(40):
        height, width = int(random.integers(5, 90)), int(random.integers(5, 90))
        box = [random.uniform(-10, width), random.uniform(-10, height), random.uniform(1, width), random.uniform(1, height)]
        points = polygon(random, box, (height, width))
        cases.append({
            "height": height, "width": width, "points": points,
            "text": mask.frPyObjects([points], height, width)[0]["counts"].decode()})
    # Far beyond the image: long edges, of which little is seen.
    for points in ([-4000, -3000, 7000, 20, 30, 9000], [5, -90000, 20, 90000, 35.5, -90000], [1e5, 3, -1e5, 9.5, 0, 60]):
        cases.append({
            "height": 40, "width": 50, "points": [float(value) for value in points],
            "text": mask.frPyObjects([points], 40, 50)[0]["counts"].decode()})
    return cases


def write(folder):
    """Writes problems.json and masks.json into a folder."""
    entries = [
        {"ground_truth": truth, "detections": detections,
         "bbox": evaluate(truth, detections, "bbox"), "segm": evaluate(truth, detections, "segm")}
        for truth, detections in problems(3, PROBLEMS)]
    (folder / "problems.json").write_text(json.dumps(entries, separators=(",", ":")) + "\n")
    random = np.random.default_rng(4)
    (folder / "masks.json").write_text(
        json.dumps({"masks": masks(random), "polygons": polygons(random)}, separators=(",", ":")) + "\n")
