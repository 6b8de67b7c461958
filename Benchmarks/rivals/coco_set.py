"""A data set of the size of COCO val2017, drawn from a seed: 5,000 images, 80 classes, 36,781 objects.

    python -m rivals.coco_set FOLDER/ground_truth.json images=5000

writes `ground_truth.json` (polygons, and runs for the one crowd in a hundred objects), `boxes.json` and `masks.json`
beside it: 38 detections an image, of which about a fifth find an object, as a detector leaves them.
"""

import json
import pathlib
import sys

import numpy
from pycocotools import mask

# COCO's category ids have gaps.
CATEGORIES = [number for number in range(1, 91) if number not in (12, 26, 29, 30, 45, 66, 68, 69, 71, 83)]
OBJECTS, DETECTIONS = 36_781 / 5000, 38


def outline(random, box) -> list[float]:
    """A closed curve inside a box: 8 to 40 corners, with two decimals, as annotators leave them."""
    x, y, width, height = box
    corners = int(random.integers(8, 41))
    angles = numpy.sort(random.uniform(0, 2 * numpy.pi, corners))
    radii = random.uniform(0.7, 1, corners)
    points = numpy.stack([
        x + width / 2 * (1 + radii * numpy.cos(angles)), y + height / 2 * (1 + radii * numpy.sin(angles))], 1)
    return numpy.round(points, 2).ravel().tolist()


def draw_box(random, width, height) -> numpy.ndarray:
    """A box of which 4 in 10 are small, a third of middling size."""
    side = numpy.exp(random.uniform(numpy.log(8), numpy.log(320)))
    ratio = numpy.exp(random.normal(0, 0.4))
    w, h = min(side * ratio, width - 2), min(side / ratio, height - 2)
    return numpy.array([random.uniform(0, width - w), random.uniform(0, height - h), w, h])


def moved(random, box, amount) -> numpy.ndarray:
    """A box near another."""
    x, y, w, h = box
    shift = random.normal(0, amount, 4)
    return numpy.array([x + shift[0] * w, y + shift[1] * h, w * numpy.exp(shift[2]), h * numpy.exp(shift[3])])


def encoded(curve, height, width) -> dict:
    runs = mask.merge(mask.frPyObjects([curve], height, width))
    return {"size": runs["size"], "counts": runs["counts"].decode()}


def uncompressed(curve, height, width) -> dict:
    pixels = mask.decode(encoded(curve, height, width)).ravel(order="F")
    changes = numpy.flatnonzero(numpy.diff(pixels)) + 1
    ends = [0, *changes.tolist(), len(pixels)] if pixels[0] == 0 else [0, 0, *changes.tolist(), len(pixels)]
    return {"size": [height, width], "counts": numpy.diff(ends).tolist()}


def make(folder: pathlib.Path, images: int = 5000, seed: int = 0) -> None:
    random = numpy.random.default_rng(seed)
    shares = 1 / numpy.arange(1, len(CATEGORIES) + 1) ** 0.8
    shares /= shares.sum()
    pictures, objects, boxes, masks = [], [], [], []
    counts = random.multinomial(round(OBJECTS * images), random.dirichlet(numpy.full(images, 1.2)))
    for index in range(images):
        width, height = [(640, 480), (640, 427), (480, 640), (500, 375)][random.integers(4)]
        image = 1 + 7 * index
        pictures.append({"id": image, "width": width, "height": height, "file_name": f"{image:012d}.jpg"})
        here = []
        for _ in range(counts[index]):
            box, category = draw_box(random, width, height), int(random.choice(CATEGORIES, p=shares))
            curve, is_crowd = outline(random, box), int(random.random() < 0.01)
            area = float(mask.area(encoded(curve, height, width)))
            objects.append({
                "segmentation": uncompressed(curve, height, width) if is_crowd else [curve], "area": area,
                "iscrowd": is_crowd, "image_id": image, "bbox": numpy.round(box, 2).tolist(),
                "category_id": category, "id": len(objects) + 1})
            here.append((box, category, curve))
        found = []
        for box, category, curve in here:
            for quality in random.uniform(0, 1, random.choice([0, 1, 1, 2])):
                amount = 0.02 + 0.25 * (1 - quality) ** 2
                found.append((moved(random, box, amount), category, 0.3 + 0.7 * quality))
        while len(found) < DETECTIONS:
            found.append((draw_box(random, width, height), int(random.choice(CATEGORIES, p=shares)),
                          random.beta(1, 6)))
        for box, category, score in found:
            known = {"image_id": image, "category_id": category, "score": float(numpy.float32(score))}
            boxes.append(known | {"bbox": numpy.float32(box).astype(float).tolist()})
            masks.append(known | {"segmentation": encoded(outline(random, box), height, width)})
    categories = [{"id": number, "name": f"class {number}", "supercategory": "thing"} for number in CATEGORIES]
    folder.mkdir(parents=True, exist_ok=True)
    truth = {"info": {}, "images": pictures, "annotations": objects, "categories": categories}
    # The file that is looked for comes last.
    for name, content in [("boxes", boxes), ("masks", masks), ("ground_truth", truth)]:
        (folder / f"{name}.json").write_text(json.dumps(content))


if __name__ == "__main__":
    make(pathlib.Path(sys.argv[1]).parent, int(sys.argv[2].removeprefix("images=")))
