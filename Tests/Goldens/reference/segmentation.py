"""Goldens of segmentation: a linear head by PyTorch, scores by NumPy as mmsegmentation defines them."""

import numpy
import torch
from torch.nn import functional

from .probes import _rate
from .store import Golden

IGNORED = 255


def _maps(sizes: list[tuple[int, int]], classes: int) -> list[torch.Tensor]:
    """Label maps of blocks, with an ignored rim and some ignored pixels inside."""
    maps = []
    for height, width in sizes:
        coarse = torch.randint(classes, (1, 1, 3, 4)).float()
        label = functional.interpolate(coarse, (height, width), mode="nearest")[0, 0].long()
        label[torch.rand(height, width) < 0.1] = IGNORED
        label[0] = IGNORED
        maps.append(label)
    return maps


def segmentation_head(golden: Golden) -> None:
    """Steps of a linear head on patch tokens: BatchNorm2d(affine=False), a 1×1 convolution, logits resized bilinearly to
    each map (align_corners false), cross entropy averaged over the labelled pixels of the batch, AdamW (decay of the
    weight only), warm-up and half a cosine; the whole set is one batch.

    A case: tokens [images, 1 + rows * columns, width] (a class token first; all of them exact in float16), map_I [height,
    width] of every image, weight [classes, width] before; final_weight, final_bias, running_mean, running_variance,
    losses [steps]; logits_I [height, width, classes] in evaluation mode. Settings: `rows`, `columns`, `classes`, `peak`,
    `warm_up`, `steps`, `weight_decay`.
    """
    for name, sizes in [("equal_sizes", [(12, 16)] * 6), ("ragged", [(12, 16), (9, 20), (7, 5), (24, 32), (3, 4)])]:
        rows, columns, width, classes, steps, peak, warm_up, decay = 3, 4, 10, 5, 12, 0.03, 3, 0.02
        images = len(sizes)
        tokens = torch.randn(images, 1 + rows * columns, width) * torch.logspace(-1, 1, width) + torch.randn(width)
        tokens = tokens.half().float()
        maps = _maps(sizes, classes)
        if name == "ragged":
            maps[2][:] = IGNORED
        grid = tokens[:, 1:].reshape(images, rows, columns, width).permute(0, 3, 1, 2)
        norm = torch.nn.BatchNorm2d(width, affine=False)
        head = torch.nn.Conv2d(width, classes, 1)
        torch.nn.init.trunc_normal_(head.weight, std=0.1)
        torch.nn.init.zeros_(head.bias)
        weight = head.weight.detach().clone().reshape(classes, width)
        optimizer = torch.optim.AdamW(
            [{"params": [head.weight], "weight_decay": decay}, {"params": [head.bias], "weight_decay": 0.0}])

        def logits() -> list[torch.Tensor]:
            small = head(norm(grid))
            return [
                functional.interpolate(small[i : i + 1], size, mode="bilinear", align_corners=False)
                for i, size in enumerate(sizes)]

        losses = []
        labelled = sum(int((label != IGNORED).sum()) for label in maps)
        for step in range(steps):
            for group in optimizer.param_groups:
                group["lr"] = _rate(peak, step, warm_up, steps)
            optimizer.zero_grad()
            loss = sum(
                functional.cross_entropy(wide, label[None], ignore_index=IGNORED, reduction="sum")
                for wide, label in zip(logits(), maps)) / labelled
            loss.backward()
            optimizer.step()
            losses.append(loss.detach())
        norm.eval()
        with torch.no_grad():
            wide = {f"logits_{i}": value[0].permute(1, 2, 0) for i, value in enumerate(logits())}
        tensors = {
            "tokens": tokens, "weight": weight, "final_weight": head.weight.reshape(classes, width),
            "final_bias": head.bias, "running_mean": norm.running_mean, "running_variance": norm.running_var,
            "losses": torch.stack(losses), **wide, **{f"map_{i}": label for i, label in enumerate(maps)}}
        golden.case(
            name, tensors, images=images, rows=rows, columns=columns, classes=classes, peak=peak, warm_up=warm_up,
            steps=steps, weight_decay=decay)


def segmentation_scores(golden: Golden) -> None:
    """Scores of random predictions, as mmsegmentation's IoUMetric computes them (float64, NaN-means).

    A case: map_I and prediction_I of every image, intersection, union, label [images, classes], iou [classes] (-1 where not
    defined). Settings: `images`, `classes`, `miou`, `macc`, `aacc`.
    """
    for name, classes, absent in [("all_classes", 4, []), ("absent_classes", 7, [2, 5])]:
        images, tensors = 9, {}
        random = numpy.random.default_rng(golden.seed)
        present = [c for c in range(classes) if c not in absent]
        areas = []
        for image in range(images):
            shape = (int(random.integers(4, 12)), int(random.integers(4, 12)))
            label = random.choice(present, shape)
            prediction = numpy.where(random.random(shape) < 0.5, label, random.choice(present, shape))
            # One class is predicted in one place but never labelled; another is nowhere.
            if absent and image == 0:
                prediction[0, 0], label[0, 0] = absent[0], present[0]
            label[random.random(shape) < 0.15] = IGNORED
            if absent and image == 0:
                label[0, 0] = present[0]
            tensors[f"map_{image}"] = torch.tensor(label)
            tensors[f"prediction_{image}"] = torch.tensor(prediction)
            mask = label != IGNORED
            label, prediction = label[mask], prediction[mask]
            edges = numpy.arange(classes + 1)
            count = lambda values: numpy.histogram(values, bins=edges)[0]
            hit, guessed, true = count(prediction[prediction == label]), count(prediction), count(label)
            areas.append((hit, guessed + true - hit, true))
        hit, union, true = (numpy.array([area[k] for area in areas]) for k in range(3))
        with numpy.errstate(invalid="ignore", divide="ignore"):
            iou = hit.sum(0) / union.sum(0)
            accuracy = hit.sum(0) / true.sum(0)
        tensors.update({
            "intersection": torch.tensor(hit), "union": torch.tensor(union), "label": torch.tensor(true),
            "iou": torch.tensor(numpy.where(numpy.isnan(iou), -1, iou))})
        golden.case(
            name, tensors, images=images, classes=classes, miou=float(numpy.nanmean(iou)),
            macc=float(numpy.nanmean(accuracy)), aacc=float(hit.sum() / true.sum()))


GOLDENS = [segmentation_head, segmentation_scores]
