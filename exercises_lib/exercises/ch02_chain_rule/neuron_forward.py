"""ch02.neuron_forward: a neuron, forward."""

from __future__ import annotations

import math

from exercises_lib.checking import Exercise, Field, Output, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.exercises.ch02_chain_rule._neuron import neuron_forward
from exercises_lib.probes import values

NEURON_LABELS = {
    "p0": "$p_0 = w_0 x_0$",
    "p1": "$p_1 = w_1 x_1$",
    "s": "$s = p_0 + p_1$",
    "z": "$z = s + w_2$",
    "n": "$n = -z$",
    "u": "$u = e^{n}$",
    "d": "$d = 1 + u$",
    "f": "$f = 1/d$",
}

wrong = Mistakes()

wrong.answer("bias left out", neuron_forward(z=lambda v: v.s)).says("""
    You leave out w₂. It is added to the sum as it is, without an x to go with it.""")

wrong.answer("bias counted positive", neuron_forward(z=lambda v: v.s + 3)).says("""
    The bias w₂ is −3, so it pulls the sum down.""")

wrong.answer("sign of a product lost", neuron_forward(p1=lambda v: -6.0)).says("""
    Look at w₁ x₁ again: both factors are negative.""")

wrong.answer("not negated", neuron_forward(n=lambda v: v.z)).says("""
    The exponent is −z, not z. Without the minus you compute 1 − σ(z).""")

wrong.answer("negative exponential", neuron_forward(u=lambda v: -math.exp(v.n))).says("""
    Your u is negative. A negative exponent makes a power small, never negative.""")

wrong.answer("subtracted from 1", neuron_forward(d=lambda v: 1 - v.u)).says("""
    You subtract u from 1. The gate d adds.""")

wrong.answer("second product subtracted", neuron_forward(s=lambda v: v.p0 - v.p1)).says("""
    You subtract p₁. The gate s adds the two products up.""")

wrong.answer("power of ten", neuron_forward(u=lambda v: 10**v.n)).says("""
    That is 10 to the power of n. The base is e = 2.718…; on many calculators its key is called eˣ
    and 10ˣ stands beside it.""")

wrong.answer(
    "rounded too far", neuron_forward(u=lambda v: 0.4, d=lambda v: 1.4, f=lambda v: 0.7)
).says("""The gates are right, but a single digit is not enough: what comes after would be off by
    some per cent. Keep three digits.""")

wrong.answer("e times n", neuron_forward(u=lambda v: math.e * v.n)).says("""
    You multiply e by n. Here n is the exponent: `math.exp(n)`.""")

wrong.answer("products subtracted", neuron_forward(s=lambda v: v.p1 - v.p0)).says("""
    p₀ is −2. Adding it makes the sum smaller than p₁.""")

wrong.answer("the 1 left out", neuron_forward(d=lambda v: v.u)).says("""
    The denominator is 1 + u, not u alone.""")

wrong.answer("not inverted", neuron_forward(f=lambda v: v.d)).says("""
    The last gate is 1/d. A sigmoid's output lies between 0 and 1.""")

EXERCISE = Exercise(
    id="ch02.neuron_forward",
    title="A neuron, forward",
    kind="number",
    points=1,
    difficulty=1,
    reference=neuron_forward(),
    mistakes=wrong.all,
    hints=(
        "Go from the inputs to the right; every gate needs only what stands directly before it.",
        "The two products, their sum, plus the bias: that gives z. Then change the sign, take the "
        "exponential, add 1, invert.",
        "Let Python do the arithmetic:\n"
        "    import math\n"
        "    p0 = 2 * (-1)\n"
        "    p1 = …\n"
        "    z = p0 + p1 + …\n"
        "    u = math.exp(…)",
    ),
    probe=Probe(values, {"names": tuple(NEURON_LABELS)}),
    outputs=tuple(Output(name, rtol=1e-2) for name in NEURON_LABELS),  # 0.37 for u is fine
    fields=tuple(Field(name, label) for name, label in NEURON_LABELS.items()),
    remark="Every gate was something you could do in your head or with one key of a calculator. "
    "The backward pass will need no more than that either.",
)
