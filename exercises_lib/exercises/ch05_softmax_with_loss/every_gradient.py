"""ch05.every_gradient: the whole backward pass of a two-layer network, value by value."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from exercises_lib.checking import Case, Exercise, Output, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.exercises.ch05_softmax_with_loss._network import (
    RULES,
    SHAPES,
    Rule,
    backward,
    draw_network,
    draw_networks,
    top,
)
from exercises_lib.probes.ch02 import stages


def every_gradient(v):
    return backward(v, RULES)


def in_plain_lines(v):
    y, e, inv, h, t = v["y"], v["e"], v["inv"], v["h"], v["t"]
    g = {"dlog_y": -t / t.shape[0]}
    g["dy"] = g["dlog_y"] * (1 / y)
    g["dinv"] = np.sum(g["dy"] * e, axis=1, keepdims=True)
    g["dS"] = g["dinv"] * -1 / v["S"] ** 2
    g["de"] = g["dS"] * np.ones_like(e)
    g["de"] = g["de"] + g["dy"] * inv
    g["ds"] = g["de"] * np.exp(v["s"])
    g["dm"] = -np.sum(g["ds"], axis=1).reshape(-1, 1)
    g["dz2"] = g["ds"].copy()
    g["dz2"][np.arange(len(t)), v["z2"].argmax(axis=1)] += g["dm"][:, 0]
    g["dW2"], g["db2"] = np.dot(h.T, g["dz2"]), np.sum(g["dz2"], 0)
    g["dh"] = np.einsum("nc,hc->nh", g["dz2"], v["W2"])
    g["dz1"] = np.where(h > 0, g["dh"], 0)
    g["dW1"], g["db1"] = np.dot(v["x"].T, g["dz1"]), np.sum(g["dz1"], 0)
    return g


def by_loops(v):
    """Sample by sample, the largest score looked up."""
    g = {name: np.zeros_like(v[name[1:]]) for name in ("dlog_y", "dy", "de", "ds", "dm", "dz2")}
    g |= {name: np.zeros_like(v["S"]) for name in ("dinv", "dS")}
    for n, (t, y, e, inv) in enumerate(zip(v["t"], v["y"], v["e"], v["inv"], strict=True)):
        g["dlog_y"][n] = t / -len(v["t"])
        g["dy"][n] = g["dlog_y"][n] / y
        g["dinv"][n] = g["dy"][n] @ e
        g["dS"][n] = g["dinv"][n] * -(inv**2)
        g["de"][n] = g["dS"][n] + g["dy"][n] * inv
        g["ds"][n] = g["de"][n] * e
        g["dm"][n] = sum(-g["ds"][n])
        g["dz2"][n] = g["ds"][n]
        g["dz2"][n, np.argmax(v["z2"][n])] += g["dm"][n, 0]
    last = ("dW2", "db2", "dh", "dz1", "dW1", "db1")
    return g | backward({**v, **g}, {name: RULES[name] for name in last})


def draw(rng: np.random.Generator) -> Iterator[Case]:
    yield from draw_networks(rng)
    note = "a network whose S is the sum plus 1, so that dm is not 0"
    yield Case({"v": draw_network(rng, 3, 2, 4, 5, extra=1)}, note)


def with_rules(**changed: Rule):
    return lambda v: backward(v, {**RULES, **changed})


wrong = Mistakes(every_gradient)

SLIPS: tuple[tuple[str, dict[str, Rule], str], ...] = (
    (
        "not divided by the batch",
        {"dlog_y": lambda v: -v.t},
        "The loss is a mean over the samples, so each of them has the share 1/N in it. That comes in "
        "at the very first step.",
    ),
    (
        "minus lost at the loss",
        {"dlog_y": lambda v: v.t / len(v.t)},
        "The loss is *minus* the mean of the logarithms. The sign is missing in the first step, and "
        "so in all of them.",
    ),
    (
        "logarithm not inverted",
        {"dy": lambda v: v.dlog_y * v.y},
        "The slope of the logarithm is one over its input. You multiply by y.",
    ),
    (
        "inv not summed",
        {"dinv": lambda v: v.dy * v.e},
        "`inv` is one number per sample and is used by all classes of its row. What comes back from "
        "them is added up.",
    ),
    (
        "inv times y",
        {"dinv": lambda v: (v.dy * v.y).sum(axis=1, keepdims=True)},
        "y = e · inv is a product: `inv` receives dy times the *other* factor.",
    ),
    (
        "minus lost at the reciprocal",
        {"dS": lambda v: v.dinv * v.inv**2},
        "The slope of 1/S is negative: a larger sum makes every probability smaller.",
    ),
    (
        "reciprocal not squared",
        {"dS": lambda v: -v.dinv * v.inv},
        "The slope of 1/S is minus one over the *square* of S.",
    ),
    (
        "only the direct path to e",
        {"de": lambda v: v.dy * v.inv},
        "Each e is used twice: in its own y, and in the sum S. The path through the sum is missing.",
    ),
    (
        "only the path through the sum",
        {"de": lambda v: v.dS + 0 * v.e},
        "Each e is used twice: in the sum S, and in its own y. The direct path is missing.",
    ),
    (
        "exponential by its input",
        {"ds": lambda v: v.de * v.s},
        "The slope of the exponential is its output e. You multiply by its input.",
    ),
    (
        "exponential passed through",
        {"ds": lambda v: v.de},
        "You pass through the exponential without multiplying by its slope.",
    ),
    (
        "maximum with the wrong sign",
        {"dm": lambda v: v.ds.sum(axis=1, keepdims=True)},
        "m is subtracted in s = z2 − m, so it receives the sum of ds with the sign turned. In the "
        "plain network that sum is 0 and no sign shows; with 1 added to S it does.",
    ),
    (
        "maximum set to 0",
        {"dm": lambda v: 0 * v.m},
        "You know that dm is 0, and write it down. It is 0 because of what the lines before it do; "
        "where 1 is added to S it is not. Compute it from ds.",
    ),
    (
        "nothing goes to the largest score",
        {"dz2": lambda v: v.ds},
        "z2 is used twice: in s, and in the maximum. What came back to m has to go on, to the "
        "largest score of its row. In the plain network that is 0, and your dz2 is (y − t)/N; where "
        "1 is added to S it is not.",
    ),
    (
        "maximum's share to every score",
        {"dz2": lambda v: v.ds + v.dm},
        "You send dm to all the scores of a row. The maximum routes: only the largest score moves "
        "it.",
    ),
    (
        "maximum's share sent to all",
        {"dm": lambda v: -v.ds, "dz2": lambda v: v.ds - v.ds},
        "m is one number per sample. What comes back from the classes of the row is added up, and "
        "then goes to the largest score alone.",
    ),
    (
        "only the maximum receives",
        {"dz2": lambda v: top(v.z2) * v.ds},
        "z2 is used twice: in s, entry by entry, and in the maximum. The gradient through s belongs "
        "to every score, not to the largest alone.",
    ),
    (
        "dW2 transposed",
        {"dW2": lambda v: v.dz2.T @ v.h},
        "Your dW2 has the right numbers, transposed. It has the shape of W2.",
    ),
    (
        "bias over axis 1",
        {"db2": lambda v: v.dz2.sum(axis=1), "db1": lambda v: v.dz1.sum(axis=1)},
        "Your bias gradients add up along a sample. Every sample adds the same b, so the samples "
        "are added up.",
    ),
    (
        "bias averaged",
        {"db2": lambda v: v.dz2.mean(axis=0), "db1": lambda v: v.dz1.mean(axis=0)},
        "Your bias gradients are means over the batch. The 1/N is in dz2 already.",
    ),
    (
        "mask from the gradient",
        {"dz1": lambda v: v.dh * (v.dh > 0)},
        "You stop negative gradients. ReLU is open where its *input* z1 was positive.",
    ),
    (
        "ReLU forgotten",
        {"dz1": lambda v: v.dh},
        "dh goes to dz1 unchanged. Where z1 was negative, ReLU is closed and nothing passes.",
    ),
    (
        "multiplied by h",
        {"dz1": lambda v: v.dh * v.h},
        "You multiply by ReLU's output. Its slope is 1 where it is open, whatever the output is.",
    ),
    (
        "dW1 from dh",
        {"dW1": lambda v: v.x.T @ v.dh, "db1": lambda v: v.dh.sum(axis=0)},
        "W1 and b1 act on z1, before ReLU. You use the gradient behind it.",
    ),
)

for name, changed, message in SLIPS:
    wrong.answer(name, with_rules(**changed)).says(message)

EXERCISE = Exercise(
    id="ch05.every_gradient",
    title="Every gradient of a network",
    kind="function",
    points=6,
    difficulty=3,
    reference=every_gradient,
    accepted=(in_plain_lines, by_loops),
    mistakes=wrong.all,
    partial=True,
    hints=(
        "Write the forward lines on paper and go through them from the last to the first. For each "
        "name on a right-hand side ask: how often is it used, and what comes back from each use?",
        "A value of shape (N, 1) that met one of shape (N, C) was copied along the row: its gradient "
        "is a sum over axis 1. e and z2 are used twice. The largest score of a row receives dm, the "
        "others do not.",
        "The first lines and their pattern:\n"
        "    dlog_y = -v['t'] / …\n"
        "    dy = dlog_y / …\n"
        "    dinv = (dy * …).sum(axis=…, keepdims=True)\n"
        "    dS = … * …\n"
        "    de = … + …            # two uses\n"
        "and so on: one line for each forward line, from the last to the first.",
    ),
    probe=Probe(stages, {"names": tuple(RULES)}),
    draw=draw,
    outputs=tuple(Output(name, shape, why) for name, (shape, why) in SHAPES.items()),
    remark="Fourteen gradients, and every one of them right. In the plain network dm is 0 in every "
    "row; with 1 added to S it was not, and yours was right there, too.",
)
