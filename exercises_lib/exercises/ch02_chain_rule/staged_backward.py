"""ch02.staged_backward: eight stages backward."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace

import numpy as np

from exercises_lib.checking import Case, Exercise, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.exercises.ch02_chain_rule._shared import Rule, follow, pick, sigma
from exercises_lib.exercises.ch02_chain_rule._staged import draw_staged_forward, staged_forward
from exercises_lib.probes.ch02 import stages


def staged_backward(x, y, stages, df):
    sy, num, sx, s, den, inv = (stages[name] for name in ("sy", "num", "sx", "s", "den", "inv"))
    dnum = inv * df
    dinv = num * df
    dden = -dinv / den**2
    dsx, dq = dden, dden
    ds = 2 * s * dq
    dx, dy = ds, ds
    dx += sx * (1 - sx) * dsx
    dx += dnum
    dsy = dnum
    dy += sy * (1 - sy) * dsy
    return {
        "dnum": dnum, "dinv": dinv, "dden": dden, "dsx": dsx, "dq": dq,
        "ds": ds, "dsy": dsy, "dx": dx, "dy": dy,
    }  # fmt: skip


BACK_STAGES: dict[str, Rule] = {
    "dnum": lambda v: v.df * v.inv,
    "dinv": lambda v: v.df * v.num,
    "dden": lambda v: -v.dinv / v.den**2,
    "dsx": lambda v: v.dden,
    "dq": lambda v: v.dden,
    "ds": lambda v: 2 * v.s * v.dq,
    "dsy": lambda v: v.dnum,
    "dx": lambda v: v.ds + v.sx * (1 - v.sx) * v.dsx + v.dnum,
    "dy": lambda v: v.ds + v.sy * (1 - v.sy) * v.dsy,
}


def backward_with(**changed: Rule):
    return lambda x, y, stages, df: follow(
        BACK_STAGES, {**stages, "x": x, "y": y, "df": df}, **changed
    )


def staged_backward_recomputed(x, y, stages, df):
    v = SimpleNamespace(**staged_forward(x, y))
    slope = {"x": v.sx - v.sx**2, "y": v.sy - v.sy**2}
    dden = -df * v.num / v.den / v.den
    ds = dden * (v.s + v.s)
    return {
        "dy": df * v.inv * slope["y"] + ds,
        "dx": sum([df * v.inv, dden * slope["x"], ds]),
        "dsy": df / v.den, "dnum": df / v.den, "dinv": v.num * df,
        "ds": ds, "dq": dden, "dsx": dden, "dden": dden,
    }  # fmt: skip


def draw_staged_backward(rng: np.random.Generator) -> Iterator[Case]:
    for case in draw_staged_forward(rng):
        x, y = case.inputs["x"], case.inputs["y"]
        kept = {name: float(value) for name, value in staged_forward(x, y).items()}
        yield Case({"x": x, "y": y, "stages": kept, "df": pick(rng, 2.2, 3.5)}, case.note)


wrong = Mistakes(staged_backward)

wrong.answer(
    "overwritten where x and y are used again",
    backward_with(dx=lambda v: v.dnum, dy=lambda v: v.sy * (1 - v.sy) * v.dsy),
).says("""dx and dy hold the last contribution only: each line overwrites the one before. x is used
    three times and y twice, and all the uses count.""")

wrong.answer(
    "only the first use counted", backward_with(dx=lambda v: v.ds, dy=lambda v: v.ds)
).says("""dx and dy hold what comes through s only. x also acts through σ(x) and through the
    numerator, and y through σ(y).""")

wrong.answer("path through σ(x) forgotten", backward_with(dx=lambda v: v.ds + v.dnum)).says("""
    One of x's three paths is missing: the one through σ(x).""")

wrong.answer(
    "path through the numerator forgotten",
    backward_with(dx=lambda v: v.ds + v.sx * (1 - v.sx) * v.dsx),
).says("One of x's three paths is missing: the one through the numerator.")

wrong.answer(
    "path through s forgotten",
    backward_with(
        dx=lambda v: v.sx * (1 - v.sx) * v.dsx + v.dnum, dy=lambda v: v.sy * (1 - v.sy) * v.dsy
    ),
).says("One of the paths is missing, the one through s: x and y both act on it.")

wrong.answer(
    "sigmoids' slopes exchanged",
    backward_with(
        dx=lambda v: v.ds + v.sy * (1 - v.sy) * v.dsx + v.dnum,
        dy=lambda v: v.ds + v.sx * (1 - v.sx) * v.dsy,
    ),
).says("The slope of σ(x) is made of sx and that of σ(y) of sy. Yours are exchanged.")

wrong.answer(
    "multiply rule at a sum",
    backward_with(
        dsx=lambda v: v.dden * v.q, dq=lambda v: v.dden * v.sx, dsy=lambda v: v.dnum * v.x
    ),
).says("""At a sum you multiply by the other term, as a multiply gate does. Adding has slope 1 for
    each term.""")


def nothing_to_add_to(x, y, stages, df):
    v = SimpleNamespace(**backward_with()(x, y, stages, df))
    dx += v.ds  # noqa: F821
    return {**vars(v), "dx": dx}


wrong.answer("nothing to add to", nothing_to_add_to).says("""`+=` needs a number to add to, and dx
    has none yet. The first line that reaches a name gives it a value, the later ones add.""")

wrong.answer(
    "sigmoid's slope forgotten",
    backward_with(dx=lambda v: v.ds + v.dsx + v.dnum, dy=lambda v: v.ds + v.dsy),
).says("""dsx and dsy arrive at x and y undiminished. Between them stands the sigmoid, with its
    slope.""")

wrong.answer(
    "sigmoid twice",
    backward_with(
        dx=lambda v: v.ds + sigma(v.sx) * (1 - sigma(v.sx)) * v.dsx + v.dnum,
        dy=lambda v: v.ds + sigma(v.sy) * (1 - sigma(v.sy)) * v.dsy,
    ),
).says("In the sigmoid's slope you apply the sigmoid to sx and sy. They are its outputs already.")

wrong.answer("path through σ(y) forgotten", backward_with(dy=lambda v: v.ds)).says("""
    One of y's two paths is missing: the one through σ(y).""")

wrong.answer(
    "sigmoid's slope at its input",
    backward_with(
        dx=lambda v: v.ds + v.x * (1 - v.x) * v.dsx + v.dnum,
        dy=lambda v: v.ds + v.y * (1 - v.y) * v.dsy,
    ),
).says("""You use x(1 − x). The slope of the sigmoid is written with its *output*, and that is among
    the stages.""")

wrong.answer(
    "sigmoid's slope one line too early",
    backward_with(
        dsx=lambda v: v.sx * (1 - v.sx) * v.dden,
        dsy=lambda v: v.sy * (1 - v.sy) * v.dnum,
        dx=lambda v: v.ds + v.dsx + v.dnum,
        dy=lambda v: v.ds + v.dsy,
    ),
).says("""Your dsx and dsy contain the slope of the sigmoid. They are gradients of its *output*; the
    slope comes in one line later, on the way to x and y.""")

wrong.answer("square lost at 1/den", backward_with(dden=lambda v: -v.dinv / v.den)).says("""
    The slope of 1/den is not −1/den: when you differentiate, the power goes down by one more.""")

wrong.answer(
    "slope of 1/den at its output", backward_with(dden=lambda v: -v.dinv / v.inv**2)
).says("""Your slope of 1/den grows with den: you divide by inv², or multiply by den². The larger
    the denominator, the flatter the curve.""")

wrong.answer("num lost on the way to den", backward_with(dden=lambda v: -v.df / v.den**2)).says("""
    Your dden has df in it, but not num. What arrives at the gate 1/den is dinv.""")

wrong.answer(
    "half of the sigmoid's slope",
    backward_with(
        dx=lambda v: v.ds + (1 - v.sx) * v.dsx + v.dnum, dy=lambda v: v.ds + (1 - v.sy) * v.dsy
    ),
).says("The slope of the sigmoid is not 1 − σ: a factor is missing.")

wrong.answer("upstream dropped at the square", backward_with(ds=lambda v: 2 * v.s)).says("""
    ds holds the slope of the square alone; dq has to be multiplied in.""")

wrong.answer("square differentiated to 2", backward_with(ds=lambda v: 2 * v.dq)).says("""
    The slope of s² is not 2: it depends on where s stands.""")

wrong.answer("minus lost at 1/den", backward_with(dden=lambda v: v.dinv / v.den**2)).says("""
    The slope of 1/den is negative. The lost minus spreads to everything below the fraction
    line.""")

wrong.answer("upstream dropped at 1/den", backward_with(dden=lambda v: -1 / v.den**2)).says("""
    dden holds the local derivative alone; dinv has to be multiplied in.""")

wrong.answer(
    "square differentiated at its output", backward_with(ds=lambda v: 2 * v.q * v.dq)
).says("The slope of s² is taken at s, the gate's input, not at q.")

wrong.answer("the 2 of the square lost", backward_with(ds=lambda v: v.s * v.dq)).says("""
    The slope of s² is not s: the exponent comes down as a factor.""")

wrong.answer(
    "product not swapped", backward_with(dnum=lambda v: v.num * v.df, dinv=lambda v: v.inv * v.df)
).says("""f = num · inv is a multiply gate, and it swaps: num's gradient contains inv, and the other
    way round.""")

wrong.answer("df dropped", backward_with(dnum=lambda v: v.inv, dinv=lambda v: v.num)).says("""
    df does not appear in your answer. In the example it is 1, but f may stand inside something
    larger.""")


def staged_backward_in_place(x, y, stages, df):
    stages.update(backward_with()(x, y, stages, df))
    return stages


wrong.answer("gradients written into the stages", staged_backward_in_place).says("""
    You write the gradients into the dictionary that you were given. It belongs to the caller: make
    a new one.""")

EXERCISE = Exercise(
    id="ch02.staged_backward",
    title="Eight stages backward",
    kind="function",
    points=3,
    difficulty=2,
    reference=staged_backward,
    accepted=(staged_backward_recomputed, backward_with()),
    mistakes=wrong.all,
    hints=(
        "Go through the table of stages from its last row to the first. Every line of the forward pass "
        "gets one line in the backward pass, or one for each thing that it uses.",
        "f = num · inv swaps; 1/den and s² have their slopes; sums pass on. x appears in three "
        "lines and y in two: the first time write =, afterwards +=.",
        "The frame, with the lines that decide left open:\n"
        "    dnum = …                 # f = num · inv\n"
        "    dinv = …\n"
        "    dden = …                 # inv = 1/den\n"
        "    …\n"
        "    dx = ds                  # s = x + y\n"
        "    dy = ds\n"
        "    dx += …                  # sx = σ(x)\n"
        "    dx += …                  # num = x + sy\n"
        "    dy += …",
    ),
    probe=Probe(stages, {"names": tuple(BACK_STAGES)}),
    draw=draw_staged_backward,
    remark="You differentiated a formula that nobody wants to differentiate on paper, and no line "
    "was harder than a gate.",
)
