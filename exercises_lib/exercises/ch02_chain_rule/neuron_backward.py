"""ch02.neuron_backward: a neuron, backward."""

from __future__ import annotations

from exercises_lib.checking import Exercise, Field, Output, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.exercises.ch02_chain_rule._neuron import W, X, neuron_forward
from exercises_lib.exercises.ch02_chain_rule._shared import Rule, follow
from exercises_lib.probes import values

NEURON_BACKWARD: dict[str, Rule] = {
    "df": lambda v: 1.0,
    "dd": lambda v: -v.df / v.d**2,
    "du": lambda v: v.dd,
    "dn": lambda v: v.du * v.u,
    "dz": lambda v: -v.dn,
    "ds": lambda v: v.dz,
    "dw2": lambda v: v.dz,
    "dp0": lambda v: v.ds,
    "dp1": lambda v: v.ds,
    "dw0": lambda v: v.dp0 * X[0],
    "dx0": lambda v: v.dp0 * W[0],
    "dw1": lambda v: v.dp1 * X[1],
    "dx1": lambda v: v.dp1 * W[1],
}


def neuron_backward(**changed: Rule) -> dict[str, float]:
    return follow(NEURON_BACKWARD, neuron_forward(), **changed)


def backward_label(name: str) -> str:
    of = name[1:] if len(name) == 2 else f"{name[1]}_{name[2]}"
    return rf"$\partial f/\partial {of}$"


wrong = Mistakes()

wrong.answer("minus lost at 1/d", neuron_backward(dd=lambda v: v.df / v.d**2)).says("""
    At the gate 1/d the minus is missing: a larger denominator makes f smaller. The wrong sign
    travels on to every gate before it.""")

wrong.answer("exponent not lowered at 1/d", neuron_backward(dd=lambda v: -v.df / v.d)).says("""
    The slope of 1/d is not −1/d. The power of d goes down by one when you differentiate.""")

wrong.answer("shift scaled", neuron_backward(du=lambda v: v.dd * (1 + v.u))).says("""
    At the gate 1 + u you multiply by its value. Adding a constant has slope 1.""")

wrong.answer("input used at exp", neuron_backward(dn=lambda v: v.du * v.n)).says("""
    At the exponential you multiply by its input n. Its slope is its output u.""")

wrong.answer("upstream dropped at exp", neuron_backward(dn=lambda v: v.u)).says("""
    u is the exponential's slope. What arrives there from above has to be multiplied in.""")

wrong.answer("exp passed through", neuron_backward(dn=lambda v: v.du)).says("""
    The exponential has a slope too: multiply by it on the way from u to n.""")

wrong.answer("minus lost at n = −z", neuron_backward(dz=lambda v: v.dn)).says("""
    On the way from n to z the sign changes: n falls when z rises.""")

wrong.answer(
    "shared out at the sums",
    neuron_backward(
        ds=lambda v: v.dz / 2,
        dw2=lambda v: v.dz / 2,
        dp0=lambda v: v.ds / 2,
        dp1=lambda v: v.ds / 2,
    ),
).says("You divide the gradient at the add gates. Each input of a sum gets all of it.")

wrong.answer(
    "shared out at one sum", neuron_backward(dp0=lambda v: v.ds / 2, dp1=lambda v: v.ds / 2)
).says("You divide the gradient at an add gate. Each input of a sum gets all of it.")

wrong.answer(
    "swapped at the sums",
    neuron_backward(
        ds=lambda v: v.dz * W[2],
        dw2=lambda v: v.dz * v.s,
        dp0=lambda v: v.dz * v.p1,
        dp1=lambda v: v.dz * v.p0,
    ),
).says("""At the add gates you multiply by the other input, as at a product. Adding has slope 1 for
    each input.""")

wrong.answer(
    "passed through at the products",
    neuron_backward(
        dw0=lambda v: v.dp0, dx0=lambda v: v.dp0, dw1=lambda v: v.dp1, dx1=lambda v: v.dp1
    ),
).says("You hand on unchanged what arrives at the multiply gates. That is what an add gate does.")

wrong.answer(
    "rounded to two digits", {name: round(value, 2) for name, value in neuron_backward().items()}
).says("""The gates may be right, but two digits behind the point are not enough here: they leave an
    error of up to two per cent. Keep three significant digits.""")

wrong.answer("bias gradient times the bias", neuron_backward(dw2=lambda v: v.dz * W[2])).says("""
    w₂ is added, not multiplied: its gradient does not depend on its value.""")

wrong.answer(
    "not swapped",
    neuron_backward(
        dw0=lambda v: v.dp0 * W[0],
        dx0=lambda v: v.dp0 * X[0],
        dw1=lambda v: v.dp1 * W[1],
        dx1=lambda v: v.dp1 * X[1],
    ),
).says("""At the multiply gates each input is multiplied by itself. It is the other factor that
    counts: w's gradient has x in it, and x's gradient has w.""")

wrong.answer("no gradient for the bias", neuron_backward(dw2=lambda v: 0.0)).says("""
    w₂ has no x to go with it, but it is no constant: raise it, and z rises by as much.""")

wrong.answer("local derivative for the bias", neuron_backward(dw2=lambda v: 1.0)).says("""
    1 is how fast z rises with w₂. What arrives at z has to be multiplied in.""")

wrong.answer("sign of w0's gradient", {**neuron_backward(), "dw0": -neuron_backward()["dw0"]}).says(
    "What w₀ receives is multiplied by x₀, and x₀ is −1."
)

wrong.answer("sign of w1's gradient", {**neuron_backward(), "dw1": -neuron_backward()["dw1"]}).says(
    "What w₁ receives is multiplied by x₁, and x₁ is −2."
)

wrong.answer("sign of x0's gradient", {**neuron_backward(), "dx0": -neuron_backward()["dx0"]}).says(
    "What x₀ receives is multiplied by w₀, and w₀ is positive."
)

wrong.answer("sign of w2's gradient", {**neuron_backward(), "dw2": -neuron_backward()["dw2"]}).says(
    "w₂ receives what arrives at z, with its sign. That w₂ itself is negative plays no part."
)

wrong.answer("sign of x1's gradient", {**neuron_backward(), "dx1": -neuron_backward()["dx1"]}).says(
    "What x₁ receives is multiplied by w₁, and w₁ is −3."
)

wrong.answer(
    "upstream dropped at the products",
    neuron_backward(dw0=lambda v: X[0], dx0=lambda v: W[0], dw1=lambda v: X[1], dx1=lambda v: W[1]),
).says("""At the multiply gates you have written the local derivatives alone. They still have to be
    multiplied by what arrives from above.""")

EXERCISE = Exercise(
    id="ch02.neuron_backward",
    title="A neuron, backward",
    kind="number",
    points=2,
    difficulty=2,
    reference=neuron_backward(),
    mistakes=wrong.all,
    hints=(
        "Begin at the right end with ∂f/∂f = 1. At each gate you need two numbers: what arrives "
        "from above, and the gate's own slope at its forward value.",
        "In order: 1/d has slope −1/d², adding 1 has slope 1, the exponential has its output as "
        "slope, the negation −1, each sum 1, and each product swaps.",
        "With the forward values at hand:\n"
        "    df = 1\n"
        "    dd = df * (-1 / d ** 2)\n"
        "    du = dd * …\n"
        "    dn = du * …\n"
        "    dz = dn * …\n"
        "and then ds and dw2 from dz, dp0 and dp1 from ds, and the four inputs from those.",
    ),
    probe=Probe(values, {"names": tuple(NEURON_BACKWARD)}),
    outputs=tuple(Output(name, rtol=3e-3) for name in NEURON_BACKWARD),
    fields=tuple(Field(name, backward_label(name)) for name in NEURON_BACKWARD),
    remark="Thirteen derivatives from one walk back, and each of them took one local slope and one "
    "multiplication.",
)
