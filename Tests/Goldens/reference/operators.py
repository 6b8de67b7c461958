"""Goldens of single operators."""

import torch
import torch.nn.functional as F

from .store import Golden, differentiate, leaf


def linear(golden: Golden) -> None:
    """output = input · weightᵀ (+ bias) (then exact GELU).

    input [rows, in] or [batch, tokens, in]; weight [out, in]; bias [out]; output [..., out].
    Settings: `bias`, `gelu`: bool.
    """
    for name, shape, width, bias, gelu in [
        ("plain", (5, 7), 3, False, False),
        ("bias", (6, 24), 40, True, False),
        ("gelu", (2, 17, 24), 33, True, True),
        ("one", (1, 1), 1, True, True),
    ]:
        inputs = {"input": leaf(*shape), "weight": leaf(width, shape[-1], scale=0.3)}
        if bias:
            inputs["bias"] = leaf(width, scale=0.5)

        def function(input, weight, bias=None):
            output = F.linear(input, weight, bias)
            return F.gelu(output) if gelu else output

        golden.case(name, differentiate(function, inputs), bias=bias, gelu=gelu)


def grouped_linear(golden: Golden) -> None:
    """Linear layers side by side, each over inputs of its own.

    input [rows, groups * in]; weight [groups * out, in], or [groups * in, out] where `transposed`; bias
    [groups * out] where there is one; gain, shift [norms * in] where there are `norms`: input becomes
    gain * input + shift first, each pair for groups / norms neighbouring layers; output [rows, groups * out].
    Settings: `groups`, `transposed`, `norms`.
    """
    for name, rows, groups, width, out, transposed, norms in [
        ("usual", 7, 3, 5, 4, False, 0), ("transposed", 3, 4, 6, 17, True, 0), ("normed", 9, 6, 8, 3, False, 2),
        ("many_rows", 70, 2, 17, 36, False, 1), ("one", 1, 1, 16, 3, False, 0),
    ]:
        inputs = {"input": leaf(rows, groups * width)}
        order = (groups, width, out) if transposed else (groups, out, width)
        inputs["weight"] = leaf(order[0] * order[1], order[2], scale=0.3)
        if not transposed:
            inputs["bias"] = leaf(groups * out)
        if norms:
            inputs |= {"gain": leaf(norms * width, scale=0.3, shift=1), "shift": leaf(norms * width)}

        def function(input, weight, bias=None, gain=None, shift=None):
            x = input.reshape(rows, groups, width)
            if gain is not None:
                gain, shift = (
                    value.reshape(norms, width).repeat_interleave(groups // norms, 0)
                    for value in (gain, shift))
                x = x * gain + shift
            output = torch.einsum("rgi,gio->rgo" if transposed else "rgi,goi->rgo", x, weight.reshape(order))
            output = output.reshape(rows, groups * out)
            return output if bias is None else output + bias

        golden.case(
            name, differentiate(function, inputs), groups=groups, transposed=transposed, norms=norms)


def attention_pooling(golden: Golden) -> None:
    """Means of normalised tokens, weighted by the softmax over tokens of their products with directions.

    tokens [batch, tokens, width], representable in float16; input: directions [rows, width]; output
    [batch, rows, width]. That it is a cross-attention, with a query times the keys' weights as direction, is
    asserted. Settings: `scale`, `epsilon`.
    """
    for name, batch, count, width, rows, scale in [
        ("several", 5, 9, 16, 6, 0.5), ("one_token", 3, 1, 7, 2, 1.0), ("many", 2, 65, 24, 19, 0.2),
    ]:
        tokens = (torch.randn(batch, count, width) * 2 + 1).half().float()

        def function(input):
            x = F.layer_norm(tokens, (width,), eps=1e-6)
            return (scale * input @ x.transpose(-2, -1)).softmax(-1) @ x

        tensors = differentiate(function, {"input": leaf(rows, width)})
        x = F.layer_norm(tokens, (width,), eps=1e-6)
        weight, query = torch.randn(width, width), torch.randn(1, width)
        expected = F.scaled_dot_product_attention(
            query.expand(batch, 1, width), x @ weight.T, x, scale=scale)
        same = (scale * (query @ weight) @ x.transpose(-2, -1)).softmax(-1) @ x
        assert (expected - same).abs().max() < 1e-4
        golden.case(name, tensors | {"tokens": tokens}, scale=scale, epsilon=1e-6)


def attention(golden: Golden) -> None:
    """Multi-head softmax attention on one projection, as timm lays it out.

    input [batch, tokens, 3 * width], that is [batch, tokens, 3, heads, width / heads] with query, key,
    value in this order; output [batch, tokens, width]; scores scaled by 1 / sqrt(width / heads).
    Settings: `heads`, `width`.
    """
    for batch, tokens, width, heads in [
        (3, 1, 24, 3), (2, 17, 24, 3), (2, 17, 16, 1), (2, 17, 16, 4), (1, 65, 24, 3), (1, 65, 32, 2),
        (1, 33, 64, 1),
    ]:
        def function(input):
            query, key, value = (
                input.reshape(batch, tokens, 3, heads, width // heads).permute(2, 0, 3, 1, 4))
            scores = query @ key.transpose(-2, -1) / (width // heads) ** 0.5
            return (scores.softmax(-1) @ value).transpose(1, 2).reshape(batch, tokens, width)

        golden.case(
            f"tokens{tokens}_heads{heads}_width{width}",
            differentiate(function, {"input": leaf(batch, tokens, 3 * width, scale=1.5)}),
            heads=heads, width=width)
    # Scores that overflow exp() unless the row's maximum is taken off first.
    golden.case(
        "large_scores",
        differentiate(
            lambda input: F.scaled_dot_product_attention(
                *input.reshape(1, 9, 3, 2, 8).permute(2, 0, 3, 1, 4)).transpose(1, 2).reshape(1, 9, 16),
            {"input": leaf(1, 9, 48, scale=12.0)}),
        heads=2, width=16)


def layer_norm(golden: Golden) -> None:
    """Layer norm over the last axis, biased variance; weight and bias [width]. Settings: `epsilon`."""
    for name, shape, epsilon, shift in [
        ("width24", (2, 17, 24), 1e-6, 0.0), ("width5", (7, 5), 1e-6, 0.0),
        ("width192", (3, 192), 1e-5, 0.0), ("far_from_zero", (4, 48), 1e-6, 30.0),
    ]:
        golden.case(
            name,
            differentiate(
                lambda input, weight, bias: F.layer_norm(input, shape[-1:], weight, bias, epsilon),
                {
                    "input": leaf(*shape, shift=shift), "weight": leaf(shape[-1], scale=0.2, shift=1),
                    "bias": leaf(shape[-1], scale=0.2),
                }),
            epsilon=epsilon)


def gelu(golden: Golden) -> None:
    """The exact (erf) GELU: random values, and an even grid from -12 to 12 with both tails."""
    golden.case("random", differentiate(lambda input: F.gelu(input), {"input": leaf(257, scale=2)}))
    grid = torch.linspace(-12, 12, 481).requires_grad_()
    golden.case("grid", differentiate(lambda input: F.gelu(input), {"input": grid}))


def convolution(golden: Golden) -> None:
    """Two-dimensional convolution (cross-correlation).

    input [batch, in, height, width]; weight [out, in, kernel, kernel]; bias [out] where `bias` is true;
    output [batch, out, height', width']. Settings: `stride`, `padding`, `bias`.
    """
    for name, shape, out, kernel, stride, padding, bias in [
        ("same3", (2, 3, 8, 8), 5, 3, 1, 1, True),
        ("stride2", (2, 4, 9, 7), 6, 3, 2, 1, False),
        ("pointwise", (2, 5, 4, 4), 3, 1, 1, 0, True),
        ("pointwise_stride2", (2, 5, 5, 6), 3, 1, 2, 0, False),
        ("patches", (2, 3, 16, 16), 12, 4, 4, 0, True),
        ("stem7", (1, 3, 15, 15), 4, 7, 2, 3, False),
    ]:
        inputs = {
            "input": leaf(*shape), "weight": leaf(out, shape[1], kernel, kernel, scale=0.3)}
        if bias:
            inputs["bias"] = leaf(out)
        golden.case(
            name,
            differentiate(
                lambda input, weight, bias=None: F.conv2d(input, weight, bias, stride, padding), inputs),
            stride=stride, padding=padding, bias=bias)


def batch_norm(golden: Golden) -> None:
    """Batch norm of [batch, width] or [batch, channels, height, width].

    In training the batch's biased variance normalises, and the running statistics move by `momentum`
    towards the batch's mean and *unbiased* variance: running_mean, running_variance are those before,
    new_running_mean, new_running_variance those after. In evaluation the running statistics normalise.
    Settings: `training`, `affine`, `epsilon`, `momentum`.
    """
    for name, shape, training, affine, epsilon, momentum in [
        ("images_training", (3, 5, 4, 4), True, True, 1e-5, 0.1),
        ("images_evaluation", (3, 5, 4, 4), False, True, 1e-5, 0.1),
        ("features_training", (16, 12), True, False, 1e-6, 0.1),
        ("features_evaluation", (16, 12), False, False, 1e-6, 0.1),
        ("features_affine", (2, 7), True, True, 1e-5, 0.3),
    ]:
        width = shape[1]
        mean, variance = torch.randn(width) * 0.3, torch.rand(width) + 0.5
        new_mean, new_variance = mean.clone(), variance.clone()
        inputs = {"input": leaf(*shape, scale=1.5, shift=0.7)}
        if affine:
            inputs["weight"] = leaf(width, scale=0.2, shift=1)
            inputs["bias"] = leaf(width, scale=0.2)

        def function(input, weight=None, bias=None):
            return F.batch_norm(
                input, new_mean, new_variance, weight, bias, training, momentum, epsilon)

        tensors = differentiate(function, inputs)
        tensors |= {"running_mean": mean, "running_variance": variance}
        if training:
            tensors |= {"new_running_mean": new_mean, "new_running_variance": new_variance}
        golden.case(
            name, tensors, training=training, affine=affine, epsilon=epsilon, momentum=momentum)


def cross_entropy(golden: Golden) -> None:
    """Softmax cross-entropy, mean over the rows.

    input: logits [rows, classes]; labels [rows], whole numbers; output: one number. In case `grouped` the
    logits are [rows, groups, classes], the labels those of all groups, and the means of the groups are summed.
    Settings: `smoothing` (label smoothing; the true class gets 1 - s + s / classes).
    """
    for name, rows, classes, scale, smoothing in [
        ("plain", 9, 10, 1.0, 0.0), ("smoothed", 6, 7, 1.0, 0.1), ("large_logits", 5, 4, 60.0, 0.0),
    ]:
        labels = torch.randint(classes, (rows,))
        tensors = differentiate(
            lambda input: F.cross_entropy(input, labels, label_smoothing=smoothing),
            {"input": leaf(rows, classes, scale=scale)})
        golden.case(name, tensors | {"labels": labels}, smoothing=smoothing)
    labels = torch.randint(5, (6,))
    tensors = differentiate(
        lambda input: 3 * F.cross_entropy(
            input.reshape(18, 5), labels.repeat_interleave(3), label_smoothing=0.1),
        {"input": leaf(6, 3, 5)})
    golden.case("grouped", tensors | {"labels": labels}, smoothing=0.1)


def regression_losses(golden: Golden) -> None:
    """Losses between input and target of one shape; output: the mean over all elements, one number.

    Cases mse, l1, smooth_l1 (d²/(2 beta) below beta, |d| - beta/2 above). Settings: `beta`.
    """
    for name, function, settings in [
        ("mse", F.mse_loss, {}), ("l1", F.l1_loss, {}),
        ("smooth_l1", F.smooth_l1_loss, {"beta": 1.0}),
        ("smooth_l1_narrow", F.smooth_l1_loss, {"beta": 0.25}),
    ]:
        target = torch.randn(6, 11)
        tensors = differentiate(
            lambda input: function(input, target, **settings), {"input": leaf(6, 11)})
        golden.case(name, tensors | {"target": target}, **settings)


def pooling(golden: Golden) -> None:
    """Pooling of [batch, channels, height, width].

    Settings: `kind` max|average, `kernel`, `stride`, `padding`, and for average `count_padding`: whether
    the zeros around the image count in the divisor. Case `whole` averages over height and width.
    """
    for name, shape, kernel, stride, padding in [
        ("max2", (2, 3, 8, 6), 2, 2, 0), ("max3", (2, 3, 9, 7), 3, 2, 1), ("max3_dense", (1, 2, 5, 5), 3, 1, 1),
    ]:
        golden.case(
            name,
            differentiate(lambda input: F.max_pool2d(input, kernel, stride, padding), {"input": leaf(*shape)}),
            kind="max", kernel=kernel, stride=stride, padding=padding)
    for name, shape, kernel, stride, padding, counted in [
        ("average2", (2, 3, 8, 6), 2, 2, 0, True), ("average3", (2, 3, 9, 7), 3, 2, 1, True),
        ("average3_inside", (2, 3, 9, 7), 3, 2, 1, False), ("whole", (2, 5, 4, 6), 0, 1, 0, True),
    ]:
        def function(input):
            if kernel == 0:
                return F.adaptive_avg_pool2d(input, 1)
            return F.avg_pool2d(input, kernel, stride, padding, count_include_pad=counted)

        golden.case(
            name, differentiate(function, {"input": leaf(*shape)}), kind="average", kernel=kernel,
            stride=stride, padding=padding, count_padding=counted)


def resize(golden: Golden) -> None:
    """Resizing of [batch, channels, height, width], half-pixel centres (align_corners false).

    Bicubic uses a = -0.75 without antialiasing and a = -0.5 with it, as PyTorch does.
    Settings: `kind` bilinear|bicubic, `antialias`.
    """
    for kind in ("bilinear", "bicubic"):
        for antialias in (False, True):
            for name, shape, size in [
                ("up", (1, 2, 5, 7), (8, 14)), ("down", (1, 2, 12, 9), (5, 4)), ("same", (1, 1, 4, 4), (4, 4)),
            ]:
                golden.case(
                    f"{kind}_{name}" + ("_antialias" if antialias else ""),
                    differentiate(
                        lambda input: F.interpolate(
                            input, size, mode=kind, align_corners=False, antialias=antialias),
                        {"input": leaf(*shape)}),
                    kind=kind, antialias=antialias)


GOLDENS = [
    linear, grouped_linear, attention, attention_pooling, layer_norm, gelu, convolution, batch_norm, cross_entropy, regression_losses, pooling,
    resize,
]
