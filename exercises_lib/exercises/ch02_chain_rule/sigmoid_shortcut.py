"""ch02.sigmoid_shortcut: a sigmoid neuron from its output."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from exercises_lib.checking import Case, Exercise, Output, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.exercises.ch02_chain_rule._shared import pick, sigma
from exercises_lib.probes import call


def sigmoid_shortcut(w, x, f, dout):
    dz = dout * f * (1 - f)
    dw = np.append(dz * x, dz)
    dx = dz * w[:-1]
    return dw, dx


def shortcut_by_loops(w, x, f, dout):
    dz = (f - f**2) * dout
    dw = np.zeros(len(w))
    dx = np.empty(len(x))
    for i in range(len(x)):
        dw[i] = x[i] * dz
        dx[i] = w[i] * dz
    dw[-1] = dz
    return dw, dx


def shortcut_gate_by_gate(w, x, f, dout):
    d = 1 / f
    e = d - 1
    dd = -dout / d**2
    dn = dd * e
    inputs = np.concatenate([x, [1]])
    return np.outer(-dn, inputs)[0], -(w * dn)[: len(x)]


def draw_shortcut(rng: np.random.Generator) -> Iterator[Case]:
    for size, note in ((2, ""), (5, "five inputs"), (1, "a single input")):
        yield neuron_case(rng, size, note)
    yield neuron_case(rng, 3, "float32", np.float32)
    case = dict(neuron_case(rng, 2).inputs)
    case["w"][-1] += 9
    case["f"] = sigma(case["w"][:-1] @ case["x"] + case["w"][-1])
    yield Case(case, "a neuron that is nearly saturated")


def neuron_case(
    rng: np.random.Generator, size: int, note: str = "", dtype: type = np.float64
) -> Case:
    x = rng.uniform(0.5, 1.5, size) * rng.choice([-1, 1], size)
    w = np.append(rng.uniform(1.6, 2.4, size) * rng.choice([-1, 1], size), 0.0)
    z = float(rng.choice([-1, 1]) * rng.uniform(0.5, 1.5))
    w[-1] = z - w[:-1] @ x  # so that z, and with it the slope, is neither 0 nor tiny
    inputs = {
        "w": w.astype(dtype),
        "x": x.astype(dtype),
        "f": sigma(z),
        "dout": pick(rng, 2.2, 3.5),
    }
    return Case(inputs, note)


wrong = Mistakes(sigmoid_shortcut)


def shortcut_with(
    slope=lambda f: f * (1 - f),
    dw=lambda w, x, dz: dz * np.append(x, 1.0),
    dx=lambda w, x, dz: dz * w[:-1],
    upstream=True,
):
    """Build the neuron's backward pass with some of its parts replaced."""

    def answer(w, x, f, dout):
        dz = slope(f) * (dout if upstream else 1.0)
        return dw(w, x, dz), dx(w, x, dz)

    return answer


wrong.answer("sigmoid twice", shortcut_with(slope=lambda f: sigma(f) * (1 - sigma(f)))).says("""
    You apply the sigmoid to f once more. f is already its output: σ(1 − σ) is made of that number
    as it is.""")

wrong.answer("factor 1 − f lost", shortcut_with(slope=lambda f: f)).says("""
    The slope of the sigmoid is not f: a factor is missing, the one that makes it small when f is
    near 1.""")

wrong.answer("factor f lost", shortcut_with(slope=lambda f: 1 - f)).says("""
    The slope of the sigmoid is not 1 − f: a factor is missing, the one that makes it small when f
    is near 0.""")

wrong.answer("slope with the wrong sign", shortcut_with(slope=lambda f: f * (f - 1))).says("""
    Your slope is negative. The sigmoid rises everywhere.""")

wrong.swap(
    "slope at the input",
    "dz = dout * f * (1 - f)",
    "z = w[:-1] @ x + w[-1]\nf = z\ndz = dout * f * (1 - f)",
).says("""You compute z and use z(1 − z). The slope of the sigmoid is written with its *output*, and
    that is given.""")

wrong.answer("slope of the tanh", shortcut_with(slope=lambda f: 1 - f**2)).says("""
    1 − f² is the slope of another curve, the tanh. This neuron has a sigmoid.""")

wrong.answer("sigmoid's slope forgotten", shortcut_with(slope=lambda f: 1.0)).says("""
    You go back through the weighted sum only. Between f and the sum stands the sigmoid, with a
    slope of its own.""")

wrong.answer("upstream dropped", shortcut_with(upstream=False)).says("""
    dout does not appear in your answer. The neuron may stand in the middle of a network; what
    arrives from above has to be multiplied in.""")

wrong.answer("no gradient for the bias", shortcut_with(dw=lambda w, x, dz: dz * x)).says("""
    The last entry of w is the bias. It is a parameter like the others and needs its entry in
    dw.""")

wrong.answer(
    "bias gradient times the bias", shortcut_with(dw=lambda w, x, dz: dz * np.append(x, w[-1]))
).says("The bias is added, not multiplied by anything: its gradient does not depend on its value.")

wrong.answer("bias first", shortcut_with(dw=lambda w, x, dz: np.append(dz, dz * x))).says("""
    The gradient of the bias stands first. In w the bias is the last entry, and dw has the order of
    w.""")

wrong.answer(
    "bias gradient is one", shortcut_with(dw=lambda w, x, dz: np.append(dz * x, 1.0))
).says("1 is how fast z rises with the bias. What arrives at z has to be multiplied in.")

wrong.answer(
    "bias gets what arrives at f",
    lambda w, x, f, dout: (np.append(x * f * (1 - f) * dout, dout), w[:-1] * f * (1 - f) * dout),
).says("""The bias gets dout as it is. It acts on z, and between z and the output stands the
    sigmoid.""")

wrong.answer("first weight left out", shortcut_with(dx=lambda w, x, dz: dz * w[1:])).says("""
    `w[1:]` leaves out the first entry. The bias is the last one.""")

wrong.swap("dx before dw", "return dw, dx", "return (dw, dx)[::-1]").says("""
    You return dx first. Asked are dw, dx, in this order.""")

wrong.answer(
    "brackets missing",
    lambda w, x, f, dout: (
        np.append(x * (f * 1 - f * dout), f * 1 - f * dout),
        w[:-1] * (f * 1 - f * dout),
    ),
).says("`f * 1 - f * …` is not f · (1 − f) · …: without brackets the products come first.")

wrong.answer(
    "always two inputs",
    lambda w, x, f, dout: (
        np.array([x[0], x[1], 1.0]) * f * (1 - f) * dout,
        np.array([w[0], w[1]]) * f * (1 - f) * dout,
    ),
).says("""Your code is made for two inputs. A neuron can have any number of them: let NumPy multiply
    whole arrays.""")

wrong.answer(
    "bias gradient is zero", shortcut_with(dw=lambda w, x, dz: dz * np.append(x, 0.0))
).says("""The bias has no x to go with it, but that does not make its gradient 0: it acts on z as
    directly as anything can.""")

wrong.answer("bias counted as a weight of x", shortcut_with(dx=lambda w, x, dz: dz * w)).says("""
    dx has one entry too many: the bias is not a weight of any input.""")

wrong.answer(
    "weights and inputs not swapped",
    shortcut_with(dw=lambda w, x, dz: dz * np.append(w[:-1], 1.0), dx=lambda w, x, dz: dz * x),
).says("""The multiply gate swaps: the gradient of a weight has its input in it, and the gradient of
    an input has its weight.""")

wrong.answer("summed up", shortcut_with(dx=lambda w, x, dz: np.sum(dz * w[:-1]))).says("""
    You add the inputs' gradients up to one number. Each input has a gradient of its own.""")

EXERCISE = Exercise(
    id="ch02.sigmoid_shortcut",
    title="A sigmoid neuron from its output",
    kind="function",
    points=3,
    difficulty=2,
    reference=sigmoid_shortcut,
    accepted=(shortcut_by_loops, shortcut_gate_by_gate),
    mistakes=wrong.all,
    hints=(
        "Two steps: from f back to the weighted sum z, then from z to every weight and input.",
        "dz is dout times the sigmoid's slope, and that is made of f alone. Then the product gates "
        "swap, and the bias receives dz itself.",
        "Three lines, with the shapes (D+1,) and (D,):\n"
        "    dz = dout * …\n"
        "    dw = np.append(…, …)     # the weights, then the bias\n"
        "    dx = dz * w[…]           # without the bias",
    ),
    probe=Probe(call, {"returns": ("dw", "dx")}),
    draw=draw_shortcut,
    outputs=(
        Output("dw", "(D+1,)", "one number per weight, and one for the bias"),
        Output("dx", "(D,)", "one number per input"),
    ),
    remark="The last case was nearly saturated: with f close to 1 the slope is close to 0, and "
    "hardly anything gets through.",
)
