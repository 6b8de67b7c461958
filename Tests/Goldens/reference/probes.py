"""Goldens of the probes: k-NN by scikit-learn, linear and attentive heads by PyTorch."""

import math

import numpy
import torch
from torch.nn import functional

from .optimizers import Lars
from .store import Golden


def knn(golden: Golden) -> None:
    """The weighted vote of the nearest items by cosine similarity (float64).

    items [300, 24] with item_labels [300], queries [50, 24]: neighbours [50, 40], their indices, nearest
    first; similarities [50, 40]; scores_K [50, 7]: sum of exp(similarity / temperature) over the K
    nearest of each class, for K in 5, 20, 40. Settings: `temperature`, `classes`.
    """
    from sklearn.neighbors import NearestNeighbors

    temperature, classes = 0.07, 7
    items, queries = torch.randn(300, 24), torch.randn(50, 24)
    labels = torch.randint(classes, (300,))
    search = NearestNeighbors(n_neighbors=40, metric="cosine", algorithm="brute")
    search.fit(items.double().numpy())
    distances, neighbours = search.kneighbors(queries.double().numpy())
    similarities = 1 - distances
    tensors = {
        "items": items, "item_labels": labels, "queries": queries,
        "neighbours": torch.tensor(neighbours), "similarities": torch.tensor(similarities)}
    for count in (5, 20, 40):
        scores = numpy.zeros((50, classes))
        votes = numpy.exp(similarities[:, :count] / temperature)
        for query in range(50):
            numpy.add.at(scores[query], labels.numpy()[neighbours[query, :count]], votes[query])
        tensors[f"scores_{count}"] = torch.tensor(scores)
    golden.case("knn", tensors, temperature=temperature, classes=classes)


def _rate(peak: float, step: int, warm_up: int, steps: int) -> float:
    if step < warm_up:
        return peak * step / warm_up
    return peak / 2 * (1 + math.cos(math.pi * (step - warm_up) / (steps - warm_up)))


def linear_probe(golden: Golden) -> None:
    """Steps of MAE's linear probe on one batch: BatchNorm1d(affine=False), Linear, LARS.

    features [96, 20] (columns of very different mean and deviation), labels [96], weight [5, 20] before;
    final_weight, final_bias, running_mean, running_variance after the last step; logits [96, 5] in
    evaluation mode; losses [steps]. The rate is warm-up, then half a cosine, at every step.
    Settings: `peak`, `warm_up`, `steps`, `epsilon`, `weight_decay`, `momentum`, `trust`.
    """
    for name, peak, decay in [("published", 6.4, 0.0), ("decay", 1.5, 0.05)]:
        labels = torch.randint(5, (96,))
        features = torch.randn(96, 20) + torch.randn(5, 20)[labels]
        features = features * torch.logspace(-2, 2, 20) + 30 * torch.randn(20)
        norm = torch.nn.BatchNorm1d(20, affine=False, eps=1e-6)
        linear = torch.nn.Linear(20, 5)
        torch.nn.init.trunc_normal_(linear.weight, std=0.01)
        torch.nn.init.zeros_(linear.bias)
        tensors = {"features": features, "labels": labels, "weight": linear.weight.clone()}
        settings = dict(
            peak=peak, warm_up=4, steps=24, epsilon=1e-6, weight_decay=decay, momentum=0.9, trust=0.001)
        optimizer = Lars(linear.parameters(), peak, 0.9, 0.001, decay)
        losses = []
        for step in range(24):
            optimizer.param_groups[0]["lr"] = _rate(peak, step, 4, 24)
            optimizer.zero_grad()
            loss = functional.cross_entropy(linear(norm(features)), labels)
            loss.backward()
            optimizer.step()
            losses.append(loss.detach())
        norm.eval()
        golden.case(name, tensors | {
            "final_weight": linear.weight, "final_bias": linear.bias, "running_mean": norm.running_mean,
            "running_variance": norm.running_var, "logits": linear(norm(features)),
            "losses": torch.stack(losses)}, **settings)


class AttentiveHead(torch.nn.Module):
    """CAE's attentive classifier: one cross-attention with a learned query, batch norm, linear."""

    def __init__(self, width: int, heads: int, classes: int):
        super().__init__()
        self.heads = heads
        self.query = torch.nn.Parameter(torch.randn(width) * 0.3)
        self.norms = torch.nn.ModuleDict(
            {name: torch.nn.LayerNorm(width, eps=1e-6) for name in ("query", "key", "value")})
        self.q, self.k, self.v = (
            torch.nn.Linear(width, width, bias=bias) for bias in (True, False, True))
        self.proj = torch.nn.Linear(width, width)
        self.norm = torch.nn.BatchNorm1d(width, affine=False, eps=1e-5)
        self.head = torch.nn.Linear(width, classes)
        for norm in self.norms.values():
            torch.nn.init.normal_(norm.weight, 1, 0.2)
            torch.nn.init.normal_(norm.bias, 0, 0.2)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        batch, count, width = tokens.shape
        split = lambda x: x.reshape(batch, -1, self.heads, width // self.heads).transpose(1, 2)
        q = split(self.q(self.norms["query"](self.query)).expand(batch, 1, width))
        k = split(self.k(self.norms["key"](tokens)))
        v = split(self.v(self.norms["value"](tokens)))
        attention = (q @ k.transpose(-2, -1) * (width // self.heads) ** -0.5).softmax(-1)
        pooled = self.proj((attention @ v).transpose(1, 2).reshape(batch, width))
        return self.head(self.norm(pooled))


def attentive_probe(golden: Golden) -> None:
    """Steps of CAE's attentive probe on one batch, SGD with momentum.

    tokens [24, 9, 16] (representable in float16), labels [24]; before/NAME and after/NAME: every
    parameter (query, norms.query.weight, q.weight, ...); gradient/NAME: that of the first step;
    running_mean, running_variance; logits [24, 4] in evaluation mode; losses [steps].
    Settings: `heads`, `rate`, `steps`, `momentum`, `weight_decay` (of tensors of two dimensions).
    """
    for name, heads, decay in [("four_heads", 4, 0.0), ("one_head_decay", 1, 0.01)]:
        labels = torch.randint(4, (24,))
        tokens = (torch.randn(24, 9, 16) + torch.randn(4, 9, 16)[labels]).half().float() * 2
        model = AttentiveHead(16, heads, 4)
        parameters = dict(model.named_parameters())
        tensors = {"tokens": tokens, "labels": labels}
        tensors |= {f"before/{key}": value.detach().clone() for key, value in parameters.items()}
        optimizer = torch.optim.SGD(
            [{"params": [value for value in parameters.values() if value.ndim > 1], "weight_decay": decay},
             {"params": [value for value in parameters.values() if value.ndim == 1]}],
            lr=0.1, momentum=0.9)
        losses = []
        for step in range(12):
            optimizer.zero_grad()
            loss = functional.cross_entropy(model(tokens), labels)
            loss.backward()
            if step == 0:
                tensors |= {f"gradient/{key}": value.grad.clone() for key, value in parameters.items()}
            optimizer.step()
            losses.append(loss.detach())
        model.eval()
        tensors |= {f"after/{key}": value for key, value in parameters.items()}
        golden.case(name, tensors | {
            "running_mean": model.norm.running_mean, "running_variance": model.norm.running_var,
            "logits": model(tokens), "losses": torch.stack(losses)},
            heads=heads, rate=0.1, steps=12, momentum=0.9, weight_decay=decay)


GOLDENS = [knn, linear_probe, attentive_probe]
