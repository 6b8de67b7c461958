"""Goldens of calibration and of telling known from other images: NumPy, SciPy, scikit-learn."""

import numpy
import torch
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax
from sklearn.metrics import average_precision_score, log_loss, roc_auc_score

from .store import Golden

BINS = 15


def _calibration_error(confidence, correct, bins) -> float:
    """The sum over bins of their share times the distance of accuracy and mean confidence."""
    return sum(
        (bins == bin).mean() * abs(correct[bins == bin].mean() - confidence[bins == bin].mean())
        for bin in numpy.unique(bins))


def _measures(logits: numpy.ndarray, labels: numpy.ndarray, temperature: float) -> list[float]:
    probabilities = numpy.exp(log_softmax(logits / temperature, axis=1))
    confidence, correct = probabilities.max(1), (probabilities.argmax(1) == labels).astype(float)
    edges = numpy.linspace(0, 1, BINS + 1)
    width = numpy.digitize(confidence, edges[1:-1], right=True)
    mass = numpy.empty(len(labels), int)
    for bin, members in enumerate(numpy.array_split(numpy.argsort(confidence, kind="stable"), BINS)):
        mass[members] = bin
    brier = ((probabilities - numpy.eye(logits.shape[1])[labels]) ** 2).sum(1).mean()
    risks = numpy.cumsum(1 - correct[numpy.argsort(confidence, kind="stable")[::-1]]) / numpy.arange(1, len(labels) + 1)
    return [
        _calibration_error(confidence, correct, width), _calibration_error(confidence, correct, mass), brier,
        log_loss(labels, probabilities, labels=range(logits.shape[1])), risks.mean()]


def calibration(golden: Golden) -> None:
    """Of scores [300, 5] and labels: ECE of 15 bins of equal width and of equal size, Brier score, log loss and the area
    under risk and coverage, as they are (`plain`) and after the temperature (`calibrated`), which SciPy finds."""
    logits = 3 * torch.randn(300, 5)
    labels = torch.distributions.Categorical(logits=logits / 2.2).sample()
    scores, truth = logits.numpy().astype(numpy.float64), labels.numpy()

    def loss(logarithm: float) -> float:
        return -log_softmax(scores / numpy.exp(logarithm), axis=1)[numpy.arange(300), truth].sum()

    found = minimize_scalar(loss, bounds=(numpy.log(0.05), numpy.log(20)), method="bounded", options={"xatol": 1e-9})
    temperature = float(numpy.exp(found.x))
    golden.case("softmax", {
        "logits": logits, "labels": labels, "temperature": torch.tensor(temperature),
        "plain": torch.tensor(_measures(scores, truth, 1.0)),
        "calibrated": torch.tensor(_measures(scores, truth, temperature))})


def separation(golden: Golden) -> None:
    """Of scores of 200 known and 150 others, some equal: AUROC, its standard error (DeLong et al. 1988), average
    precision of the others, and the share of others at or above the score that 95 % of the known reach."""
    known = (torch.randn(200) * 10 + 12).round() / 10
    others = (torch.randn(150) * 14).round() / 10
    scores = numpy.concatenate([known.numpy(), others.numpy()]).astype(numpy.float64)
    is_other = numpy.repeat([0, 1], [200, 150])
    above = (known.numpy()[:, None] > others.numpy()) + 0.5 * (known.numpy()[:, None] == others.numpy())
    variance = above.mean(1).var(ddof=1) / 200 + above.mean(0).var(ddof=1) / 150
    threshold = max(score for score in known.numpy() if (known.numpy() >= score).mean() >= 0.95)
    golden.case("ties", {
        "known": known, "others": others,
        "output": torch.tensor([
            roc_auc_score(1 - is_other, scores), variance**0.5, average_precision_score(is_other, -scores),
            (others.numpy() >= threshold).mean()])})


GOLDENS = [calibration, separation]
