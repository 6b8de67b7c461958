"""Writes representation.json: ranks, alignment, uniformity and CKA as NumPy and SciPy compute them.

    python representation.py > representation.json

Straight from the papers' formulas, by singular values of whole matrices.
"""

import json
import sys

import numpy as np
from scipy import linalg
from scipy.spatial.distance import pdist


def entropy_rank(values, smoothing):
    shares = values / values.sum() + smoothing
    shares = shares[shares > 0]
    return float(np.exp(-(shares * np.log(shares)).sum()))


def rankme(features):
    return entropy_rank(linalg.svdvals(features), 1e-7)


def effective_rank(features):
    return entropy_rank(linalg.svdvals(features - features.mean(0)), 0.0)


def lidar(views):
    """views: [views, images, width]."""
    means = views.mean(0)
    between = np.cov(means.T, bias=True)
    deviations = (views - means).reshape(-1, views.shape[2])
    within = deviations.T @ deviations / len(deviations) + 1e-4 * np.eye(views.shape[2])
    root = linalg.inv(linalg.sqrtm(within).real)
    return entropy_rank(np.clip(linalg.eigvalsh(root @ between @ root), 0, None), 1e-7)


def unit(features):
    return features / np.linalg.norm(features, axis=-1, keepdims=True)


def alignment(views):
    distances = [
        ((views[i] - views[j]) ** 2).sum(-1)
        for i in range(len(views)) for j in range(i + 1, len(views))]
    return np.mean(distances, axis=0)


def uniformity(features):
    return float(np.log(np.exp(-2 * pdist(features, "sqeuclidean")).mean()))


def cka(x, y):
    x, y = x - x.mean(0), y - y.mean(0)
    cross = np.linalg.norm(x.T @ y) ** 2
    return float(cross / np.linalg.norm(x.T @ x) / np.linalg.norm(y.T @ y))


def without_group(array, group, axis=0):
    kept = [i for i in range(array.shape[axis]) if i % 10 != group]
    return np.take(array, kept, axis)


def numbers(array):
    return [float(v) for v in np.asarray(array).ravel()]


def main():
    random = np.random.default_rng(7)
    mixing = random.normal(size=(8, 8)) * np.exp(-np.arange(8))
    x = (random.normal(size=(60, 8)) @ mixing + 0.5).astype(np.float32).astype(np.float64)
    y = (x[:, :5] ** 2 + random.normal(size=(60, 5))).astype(np.float32).astype(np.float64)
    base = random.normal(size=(30, 6)) * [3, 2, 1, 1, 0.1, 0.1]
    views = base + 0.4 * random.normal(size=(4, 30, 6))
    views = views.astype(np.float32).astype(np.float64)
    few = x[:5]
    json.dump({
        "x": numbers(x), "y": numbers(y), "views": numbers(views),
        "rankme": rankme(x), "rankme_without_3": rankme(without_group(x, 3)),
        "effective_rank": effective_rank(x), "rankme_of_5": rankme(few),
        "lidar": lidar(views), "lidar_without_2": lidar(without_group(views, 2, axis=1)),
        "alignment": numbers(alignment(unit(views))),
        "uniformity": uniformity(unit(x)),
        "uniformity_without_4": uniformity(without_group(unit(x), 4)),
        "cka": cka(x, y), "cka_without_1": cka(without_group(x, 1), without_group(y, 1)),
    }, sys.stdout, indent=0)
    print()


main()
