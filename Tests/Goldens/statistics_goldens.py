"""Intervals, tests and corrections as SciPy and statsmodels compute them.

The bootstrap goldens are SciPy's own `bootstrap`, given a generator that draws the resamples that ours draws.
"""

import json
import math

import numpy as np
import scipy
import sklearn
import statsmodels
from scipy import optimize, stats
from sklearn.metrics import balanced_accuracy_score, top_k_accuracy_score
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

MASK = (1 << 64) - 1
GOLDEN = 0x9E3779B97F4A7C15


def mixed(z):
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def stream_start(seed, purpose, *indices):
    key = mixed((seed + GOLDEN) & MASK)
    for byte in purpose.encode():
        key = mixed(key ^ byte)
    for index in indices:
        key = mixed(((key ^ index) + 0x632BE59BD9B4E019) & MASK)
    return key


def resample(seed, number, images):
    """The images of one resample, as Sources/Evaluation/Statistics/Resamples.swift draws them."""
    state = mixed((stream_start(seed, "bootstrap", number) + GOLDEN) & MASK)
    drawn = []
    while len(drawn) < images:
        state = (state + GOLDEN) & MASK
        bits = mixed(state)
        drawn.append(((bits & 0xFFFFFFFF) * images) >> 32)
        drawn.append(((bits >> 32) * images) >> 32)
    return drawn[:images]


class OurResamples(np.random.Generator):
    """A generator whose integers are our resamples, in order."""

    def __init__(self, seed, images):
        super().__init__(np.random.PCG64(0))
        self.seed, self.images, self.next = seed, images, 0

    def integers(self, low, high=None, size=None, **_):
        rows = []
        for _ in range(size[0]):
            rows.append(resample(self.seed, self.next, self.images))
            self.next += 1
        return np.array(rows)


def wilson():
    cases = [(0, 10), (10, 10), (70, 100), (345, 500), (8364, 10000), (41832, 50000), (1, 1), (3, 7)]
    return [
        {"k": k, "n": n, "confidence": c, "interval": proportion_confint(k, n, 1 - c, method="wilson")}
        for k, n in cases
        for c in (0.95, 0.99)
    ]


def mcnemar_tests():
    out = []
    for b, c in [(10, 2), (20, 10), (6, 16), (121, 59), (300, 250), (0, 0), (0, 5), (7, 7), (2100, 1900)]:
        table = [[0, b], [c, 0]]
        distribution = stats.binom(b + c, 0.5)
        plain = mcnemar(table, exact=False, correction=False).pvalue if b + c else 1
        corrected = stats.chi2.sf(max(0, abs(b - c) - 1) ** 2 / (b + c), 1) if b + c else 1
        out.append({
            "b": b, "c": c,
            "exact": stats.binomtest(b, b + c).pvalue if b + c else 1,
            "mid": min(1, 2 * distribution.cdf(min(b, c)) - distribution.pmf(min(b, c))) if b + c else 1,
            "asymptotic": plain, "corrected": corrected,
        })
    return out


def score(n, b, c, delta):
    """Tango's score with the nuisance parameter maximised numerically, not by the closed form."""
    lowest, highest = max(0.0, -delta), (1 - delta) / 2

    def negative(q):  # q = P(baseline only), q + delta = P(candidate only)
        value = 0.0
        for count, p in ((b, q), (c, q + delta), (n - b - c, 1 - 2 * q - delta)):
            if count:
                value -= count * math.log(max(p, 1e-300))
        return value

    best = optimize.minimize_scalar(
        negative, bounds=(lowest, highest), method="bounded", options={"xatol": 1e-13}).x
    return (c - b - n * delta) / math.sqrt(n * (2 * best + delta * (1 - delta)))


def tango():
    z = stats.norm.ppf(0.975)
    out = []
    for n, b, c in [(100, 12, 20), (1000, 60, 40), (50, 3, 9), (500, 25, 30)]:
        d = (c - b) / n
        low = optimize.brentq(lambda x: score(n, b, c, x) - z, -0.9, d, xtol=1e-13)
        high = optimize.brentq(lambda x: score(n, b, c, x) + z, d, 0.9, xtol=1e-13)
        out.append({"n": n, "b": b, "c": c, "interval": [low, high],
                    "se": math.sqrt(b + c - (c - b) ** 2 / n) / n})
    return out


def bootstraps():
    images, resamples, seed = 40, 400, 7
    random = np.random.default_rng(11)
    union = random.integers(5, 60, images).astype(float)
    first = np.floor(union * random.beta(4, 2, images))
    second = np.floor(np.minimum(union, first + random.integers(-2, 4, images)).clip(0))
    data = (first, second, union)
    metrics = {
        "mean": lambda a, b, u, axis=-1: np.mean(a, axis=axis),
        "ratio": lambda a, b, u, axis=-1: np.sum(a, axis=axis) / np.sum(u, axis=axis),
        "difference": lambda a, b, u, axis=-1: (np.sum(b, axis=axis) - np.sum(a, axis=axis))
        / np.sum(u, axis=axis),
    }
    out = {"images": images, "resamples": resamples, "seed": seed,
           "columns": [list(c) for c in data], "indices": resample(seed, 3, images), "metrics": {}}
    for name, metric in metrics.items():
        entry = {"point": float(metric(*data))}
        for method in ("percentile", "basic", "bca"):
            result = stats.bootstrap(
                data, metric, paired=True, vectorized=True, n_resamples=resamples, method=method,
                random_state=OurResamples(seed, images))
            entry[method] = list(result.confidence_interval)
            entry["se"] = float(result.standard_error)
            values = result.bootstrap_distribution
        below, above = int((values <= 0).sum()), int((values >= 0).sum())
        entry["p"] = min(1, 2 * (min(below, above) + 1) / (resamples + 1))
        entry["bias"] = float(values.mean() - entry["point"])
        out["metrics"][name] = entry
    return out


def accuracies():
    random = np.random.default_rng(5)
    examples, classes = 60, 8
    scores = random.normal(size=(examples, classes)).astype(np.float32)
    labels = random.integers(0, classes, examples)
    prediction = scores.argmax(1)
    return {
        "classes": classes, "labels": labels.tolist(), "scores": scores.astype(float).ravel().tolist(),
        "top1": float((prediction == labels).mean()),
        "top5": float(top_k_accuracy_score(labels, scores, k=5, labels=range(classes))),
        "mean_per_class": float(balanced_accuracy_score(labels, prediction)),
        "per_class": [float((prediction == labels)[labels == c].mean()) for c in range(classes)],
    }


def write(folder):
    """Writes statistics.json into a folder."""
    p_values = [[0.01, 0.04, 0.03, 0.005], [0.5, 0.5], [1e-9, 1, 0.2, 0.2, 0.03], [0.049]]
    quantiles = [1e-12, 0.001, 0.025, 0.2, 0.5, 0.8, 0.975, 0.999999]
    seeds = [83.63, 83.66, 83.52, 83.46]
    (folder / "statistics.json").write_text(json.dumps({
        "made_with": {"scipy": scipy.__version__, "statsmodels": statsmodels.__version__,
                      "sklearn": sklearn.__version__, "numpy": np.__version__},
        "wilson": wilson(),
        "mcnemar": mcnemar_tests(),
        "tango": tango(),
        "holm": [{"p": p, "adjusted": multipletests(p, method="holm")[1].tolist()} for p in p_values],
        "normal": [{"p": q, "x": stats.norm.ppf(q)} for q in quantiles],
        "student": [{"df": d, "t": stats.t.ppf(0.975, d)} for d in (1, 2, 3, 4, 5, 9, 49)],
        "beta": [{"x": x, "a": a, "b": b, "value": stats.beta.cdf(x, a, b)}
                 for x, a, b in [(0.3, 2, 5), (0.9, 0.5, 0.5), (0.5, 40, 60), (0.02, 1, 200)]],
        "seeds": {"values": seeds, "mean": np.mean(seeds), "sd": np.std(seeds, ddof=1),
                  "interval": stats.t.interval(0.95, 3, np.mean(seeds), stats.sem(seeds))},
        "bootstrap": bootstraps(),
        "accuracy": accuracies(),
    }, indent=None, separators=(",", ":")) + "\n")
