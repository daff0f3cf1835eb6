"""ch07.backward_pass: the whole backward pass."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from exercises_lib.checking import Case, Exercise, Observation, Output, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.exercises.ch07_banknotes._shared import (
    depth,
    labels,
    network,
    one_layer_backward,
    sizes_of_a_layer,
)
from exercises_lib.nn import columns
from exercises_lib.probes import ch07 as probes


def backward_pass(p, t, cache, params):
    grads = {}
    dz = (p - t) / p.shape[1]
    for i in range(len(params) // 2, 0, -1):
        da, grads[f"d_weight{i}"], grads[f"d_bias{i}"] = one_layer_backward(
            dz, cache[f"a{i - 1}"], params[f"weight{i}"]
        )
        if i > 1:
            dz = da * (cache[f"z{i - 1}"] > 0)
    return grads


def backward_recursive(p, t, cache, params):
    def back(dz, i):
        da, d_weight, d_bias = one_layer_backward(dz, cache[f"a{i - 1}"], params[f"weight{i}"])
        below = {} if i == 1 else back(da * (cache[f"a{i - 1}"] > 0), i - 1)
        return {f"d_weight{i}": d_weight, f"d_bias{i}": d_bias, **below}

    return back((p - t) / p.size, depth(params))


def backward_by_samples(p, t, cache, params):
    total = {f"d_{name}": np.zeros(np.shape(array)) for name, array in params.items()}
    for n in range(p.shape[1]):
        dz = (p[:, n] - t[:, n]) / p.shape[1]
        for i in range(depth(params), 0, -1):
            total[f"d_weight{i}"] += np.outer(dz, cache[f"a{i - 1}"][:, n])
            total[f"d_bias{i}"][:, 0] += dz
            if i > 1:
                dz = (params[f"weight{i}"].T @ dz) * (cache[f"z{i - 1}"][:, n] > 0)
    return total


def draw_backward_pass(rng: np.random.Generator) -> Iterator[Case]:
    def case(n: int, sizes: tuple[int, ...], note: str) -> Case:
        x, params = rng.normal(size=(sizes[0], n)), network(rng, sizes)
        p, cache = columns.forward_pass(x, params)
        return Case({"p": p, "t": labels(rng, n), "cache": cache, "params": params}, note)

    n, d, m = sizes_of_a_layer(rng)
    yield case(n + 2, (d, m, 1), f"sizes {(d, m, 1)}, {n + 2} samples")
    yield case(m + 2, (n, d, m + 1, 1), f"sizes {(n, d, m + 1, 1)}, {m + 2} samples")
    yield case(1, (m, d, 1), f"sizes {(m, d, 1)}, a single sample")
    # Scores so large that probabilities are rounded to exactly 0 and 1; one label is wrong.
    while True:
        x, params = 300 * rng.normal(size=(d, 6)), network(rng, (d, 7, 1), 3.0)
        p, cache = columns.forward_pass(x, params)
        if (p == 1).sum() >= 2 and (p == 0).any():
            break
    t = (p > 0.5).astype(float)
    t[0, int(np.argmax(p))] = 0.0
    inputs = {"p": p, "t": t, "cache": cache, "params": params}
    yield Case(inputs, "probabilities that were rounded to exactly 0 and 1")


wrong = Mistakes(backward_pass)

wrong.swap(
    "loss and sigmoid in two steps",
    "dz = (p - t) / p.shape[1]",
    """
    dp = (-t / p + (1 - t) / (1 - p)) / p.shape[1]
    dz = dp * p * (1 - p)
""",
).says("""You differentiate the loss and the sigmoid one after the other. Where a probability has
    been rounded to 0 or 1 that divides 0 by 0, and one such note turns every weight into nan.""")

wrong.swap("not divided by the samples", " / p.shape[1]", "").says("""Your gradients belong to the
    *sum* of the losses: they are N times too large. The loss is a mean.""")

wrong.swap(
    "divided twice",
    "return grads",
    "return {name: grad / p.shape[1] for name, grad in grads.items()}",
).says("""You divide by N in every layer as well. The division belongs to the loss, happens once, at
    the start, and travels down with `dz`.""")

wrong.swap("sign turned", "(p - t)", "(t - p)").says("""Your gradients have the wrong sign: you
    begin with t − p. A step against them would go uphill.""")

wrong.swap("starts with 1", "(p - t) / p.shape[1]", "np.full(p.shape, 1 / p.shape[1])").says("""
    Your backward pass begins with ones. One is the derivative of the loss by itself; what arrives
    at the last layer is the derivative of the loss by its score.""")

wrong.swap(
    "the sigmoid's slope once more", "(p - t) / p.shape[1]", "(p - t) / p.shape[1] * p * (1 - p)"
).says("""You multiply (p − t)/N by the sigmoid's slope p(1 − p). It is in there already: it has
    cancelled the denominator of the loss.""")

wrong.swap("ReLU forgotten", 'da * (cache[f"z{i - 1}"] > 0)', "da").says("""
    Between two layers stands ReLU, and your gradient walks past it. Where `z` was negative nothing
    may come through.""")

wrong.swap("mask taken from the gradient", 'cache[f"z{i - 1}"] > 0', "da > 0").says("""
    Your mask asks where the *gradient* is positive. ReLU was open where `z` was positive, and a
    negative gradient passes there too.""")

wrong.swap(
    "multiplied by the activation", 'da * (cache[f"z{i - 1}"] > 0)', 'da * cache[f"a{i - 1}"]'
).says("""You multiply by the activation. ReLU's slope is 1 where `z` was positive, however large it
    was.""")

wrong.swap(
    "the sigmoid's slope in the hidden layers",
    'dz = da * (cache[f"z{i - 1}"] > 0)',
    """
    a = columns.sigmoid(cache[f"z{i - 1}"])
    dz = da * a * (1 - a)
""",
).says("Your hidden layers go back through a sigmoid. Forward they went through ReLU.")

wrong.swap("mask turned round", "> 0", "<= 0").says("""Your mask is turned round: it lets through
    what ReLU has blocked.""")

wrong.swap(
    "named like the parameters",
    "return grads",
    "return {name[2:]: grad for name, grad in grads.items()}",
).says("""The gradients are to be called `d_weight1`, `d_bias1` and so on, so that nobody
    takes them for the parameters.""")

wrong.swap(
    "uses up the cache",
    "return grads",
    """
    for i in range(1, len(params) // 2 + 1):
        del cache[f"z{i}"], cache[f"a{i}"]
    return grads
""",
).says("""Your code takes entries out of the cache. It belongs to the forward pass, and a
    second call finds it empty.""")


def reverses_a_default(p, t, cache, params, order=[]):
    layers = depth(params)
    if len(order) != layers:
        order[:] = range(1, layers + 1)
    order.reverse()
    grads, dz = {}, (p - t) / p.shape[1]
    for i in order:
        da, grads[f"d_weight{i}"], grads[f"d_bias{i}"] = one_layer_backward(
            dz, cache[f"a{i - 1}"], params[f"weight{i}"]
        )
        dz = da * (cache[f"z{i - 1}"] > 0) if i > 1 else da
    return grads


def second_call_differs(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
    for one in seen:
        if one.failure is not None and probes.SECOND in one.failure.during:
            return True
        if one.failure is None and one.unstable and not one.changed:
            return True
    return False


wrong.answer("a default that is reversed", reverses_a_default).says(
    """The first call and the second do not agree: something from the first one is still there. A
    list as a default argument is made once, when the function is defined, and `reverse()` turns
    that one list round at every call.""",
    recognise=second_call_differs,
)

wrong.swap("two layers only", "len(params) // 2", "2").says("""
    Your code is written out for two layers. With three of them it begins in the middle.""")

wrong.swap("starts with ones, undivided", "(p - t) / p.shape[1]", "np.ones(p.shape)").says("""
    Your backward pass begins with ones. One is the derivative of the loss by itself; what arrives
    at the last layer is the derivative of the loss by its score.""")

wrong.swap("the mask of the layer above", 'f"z{i - 1}"', 'f"z{i}"').says("""
    Your mask is made of the z of the layer that the gradient has passed already. `da` belongs to
    the activation below it: which z made that one?""")

wrong.swap("the layer's own output", 'f"a{i - 1}"', 'f"a{i}"').says("""You give each layer its own
    output as its input. What layer i was multiplied with is the activation of the layer below.""")

wrong.swap("z as the layer's input", 'f"a{i - 1}"', 'f"z{i - 1}" if i > 1 else "a0"').says("""
    You take the z of the layer below as the input of a layer. Forward it was given `a`, behind the
    activation.""")

wrong.swap(
    "first layer first", "range(len(params) // 2, 0, -1)", "range(1, len(params) // 2 + 1)"
).says("""You begin with layer 1. The gradient comes from the loss, so the last layer is the first
    to get it.""")

wrong.swap("first layer left out", "0, -1", "1, -1").says("""Layer 1 has no gradients: your loop
    ends one layer too early. What `range` is given as its end does not occur any more.""")

wrong.swap("last layer left out", "len(params) // 2", "len(params) // 2 - 1").says("""
    The gradient at the last layer's score meets the weights of the layer below. Layers count from
    1, so the last one has the number of layers as its name: begin there.""")

wrong.swap(
    "no gradients for the biases",
    "return grads",
    'return {name: grads[name] for name in grads if "weight" in name}',
).says("The biases have no gradients in your dictionary. They are parameters too.")

wrong.swap(
    "d_bias lost its axis",
    "return grads",
    'return {name: g.ravel() if "bias" in name else g for name, g in grads.items()}',
).says("Your `d_bias` has shape (M,). Subtracted from a bias of shape (M, 1) that gives (M, M).")

wrong.swap(
    "d_weight transposed",
    "return grads",
    'return {name: g.T if "weight" in name else g for name, g in grads.items()}',
).says("""Your `d_weight` has one row per input. `weight` has one row per unit, and so has its
    gradient.""")

wrong.swap(
    "subtracts in place",
    "dz = (p - t) / p.shape[1]",
    """
    p -= t
    dz = p / p.shape[1]
""",
).says("""`p -= t` writes into the caller's probabilities, which are the cache's last
    activation too. Make a new array.""")

for name, rules, message in (
    (
        "d_bias over axis 0",
        "w.T @ dz, dz @ a.T, dz.sum(axis=0, keepdims=True)",
        "You sum the bias's gradient over axis 0, the units. The samples lie along axis 1 here, and "
        "they share the bias.",
    ),
    (
        "d_bias not summed",
        "w.T @ dz, dz @ a.T, dz",
        "Your `d_bias` has one column per sample. All samples share one bias.",
    ),
    (
        "d_bias of everything",
        "w.T @ dz, dz @ a.T, dz.sum()",
        "You add up everything for `d_bias`. Each unit has a bias of its own.",
    ),
    (
        "d_bias as a row",
        "w.T @ dz, dz @ a.T, dz.sum(axis=1)[np.newaxis]",
        "The sums of `d_bias` are right and lie in a row, (1, M). The bias is a column.",
    ),
    (
        "weight not transposed",
        "w @ dz, dz @ a.T, dz.sum(axis=1, keepdims=True)",
        "`weight @ dz` multiplies (M, D) by (M, N): the inner sizes differ.",
    ),
    (
        "rules of the row convention",
        "dz @ w.T, a.T @ dz, dz.sum(axis=0)",
        "Those are the rules for one sample per row. Here the weights stand on the left, so the "
        "factors change places.",
    ),
    (
        "upstream dropped",
        "one_layer_backward(np.ones_like(dz), a, w)",
        "Your layers' gradients do not depend on the numbers in `dz`.",
    ),
):  # fmt: skip
    wrong.swap(name, "one_layer_backward", f"(lambda dz, a, w: ({rules}))").says(message)


EXERCISE = Exercise(
    id="ch07.backward_pass",
    title="The whole backward pass",
    kind="function",
    points=4,
    reference=backward_pass,
    accepted=(backward_recursive, backward_by_samples),
    mistakes=wrong.all,
    hints=(
        "One layer back you have written in chapter 4, as `columns_backward`. Write down, for two "
        "layers, what arrives at z2, at a1 and at z1, and in which order.",
        "Start with the fused gradient of sigmoid and loss. Each layer turns dz into da of the layer "
        "below; ReLU, whose z is in the cache, makes the next dz of it. Layer 1 is the last one, "
        "and nothing lies below it.",
        "The skeleton:\n    grads, dz = {}, …\n    for i in range(…, 0, -1):\n"
        '        grads[f"d_weight{i}"] = … @ …      # (M, N) · (N, D)\n'
        '        grads[f"d_bias{i}"] = dz.sum(…)    # (M, 1)\n'
        "        if i > 1:\n            dz = (… @ dz) * (… > 0)",
    ),
    probe=Probe(probes.backward_pass),
    draw=draw_backward_pass,
    outputs=tuple(
        Output(f"{kind}d_{name}{i}", shape, why)
        for kind in ("", "certain ")
        for i in (1, 2, 3)
        for name, shape, why in (
            ("weight", "(M, D)", f"the shape of weight{i}"),
            ("bias", "(M, 1)", f"the shape of bias{i}"),
        )
    ),
    remark="Three layers, a single sample, and probabilities of exactly 0 and 1: all finite.",
)
