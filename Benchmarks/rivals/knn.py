"""Weighted k-NN vote of normalised features, by scikit-learn's brute force and by PyTorch."""

import torch
from torch.nn.functional import normalize

from .clusters import clusters
from .timing import median_seconds

TEMPERATURE = 0.07


def run(options) -> dict:
    """The exp(similarity / 0.07) weighted vote of the nearest items; the accuracy is the check."""
    centres = torch.randn(options.classes, options.width)
    items, labels = clusters(options.items, centres)
    queries, truth = clusters(options.queries, centres)
    items, queries = normalize(items), normalize(queries)
    predict = _scikit_learn if options.rival == "scikit-learn" else _pytorch
    predicted = truth

    def work():
        nonlocal predicted
        predicted = predict(items, labels, queries, options)

    seconds = median_seconds(work, options.repetitions, warm_up=0)
    accuracy = (torch.as_tensor(predicted) == truth).double().mean().item()
    return {"seconds": seconds, "images_per_second": options.queries / seconds, "check": accuracy}


def _pytorch(items, labels, queries, options):
    """Chunks of 1,024 queries: the similarities of all queries at once would take gigabytes."""
    predicted = []
    transposed = items.T
    for chunk in queries.split(1024):
        similarity, nearest = (chunk @ transposed).topk(options.neighbours)
        votes = torch.zeros(len(chunk), options.classes)
        votes.scatter_add_(1, labels[nearest], (similarity / TEMPERATURE).exp())
        predicted.append(votes.argmax(1))
    return torch.cat(predicted)


def _scikit_learn(items, labels, queries, options):
    """Euclidean distance, which has a fused kernel there; |a - b|² = 2 - 2ab for normalised features."""
    import numpy
    from sklearn.neighbors import KNeighborsClassifier
    from threadpoolctl import threadpool_limits

    with threadpool_limits(options.threads):
        classifier = KNeighborsClassifier(
            options.neighbours, algorithm="brute", metric="euclidean", n_jobs=options.threads,
            weights=lambda distance: numpy.exp((1 - distance**2 / 2) / TEMPERATURE))
        return classifier.fit(items.numpy(), labels.numpy()).predict(queries.numpy())
