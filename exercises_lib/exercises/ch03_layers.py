"""Exercises of chapter 03: layers, layers in a row, what a layer must not do, and a test for it."""

from __future__ import annotations

import copy
import math
import re
from collections.abc import Callable, Iterator, Sequence
from functools import reduce

import numpy as np

from exercises_lib.checking import Case, Exercise, Field, Mistake, Observation, Output, Probe
from exercises_lib.checking.serialize import describe, same
from exercises_lib.nn import (
    AddLayer,
    MulLayer,
    Relu,
    Sequential,
    Sigmoid,
    Tanh,
    numerical_gradient,
    relative_error,
    sigmoid,
)
from exercises_lib.probes import ch03 as probes
from exercises_lib.probes import values

# --------------------------------------------------------------------------- helpers


def a_class(name, forward, backward):
    """Make a class of a student's name: an AttributeError quotes it, and is matched by its text."""
    return type(name, (), {"forward": forward, "backward": backward})


def fails_on_the_way_back(error: str) -> Callable[[Sequence[Case], Sequence[Observation]], bool]:
    """Recognise that `backward` raises an error of this type, whatever name stands in its text."""

    def when(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
        failures = [one.failure for one in seen if one.failure is not None]
        return any(f.type == error and f.during.startswith("backward(") for f in failures)

    return when


def asks_a_whole_array(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
    """Recognise that an array was used where Python wants one truth value."""
    failures = [one.failure for one in seen if one.failure is not None]
    return any(f.type == "ValueError" and "truth value of an array" in f.message for f in failures)


def far_ends_not_reached(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
    """Recognise a sigmoid that is right in the middle and still far from 0 at −800."""
    ends = False
    for case, one in zip(cases, seen, strict=False):
        x, out = case.inputs["x"], one.values.get("out")
        if not isinstance(out, np.ndarray) or out.shape != x.shape or out.dtype.kind != "f":
            return False
        middle = abs(x) < 4
        if not np.allclose(out[middle], sigmoid(x[middle]), rtol=1e-5):
            return False
        ends |= bool(np.any((out[x < -700] > 1e-7) & (out[x < -700] < 0.1)))
    return ends


def gives_a_list(name: str) -> Callable[[Sequence[Case], Sequence[Observation]], bool]:
    """Recognise that an output is a list where an array belongs."""

    def when(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
        return all(isinstance(one.values.get(name), list) for one in seen)

    return when


def nothing_stored(answer: type) -> tuple[Mistake, Mistake]:
    """The two ways in which `backward` misses what `forward` had, for any one-input layer."""
    forward, backward = answer.forward, answer.backward  # type: ignore[attr-defined]

    def with_a_free_name(self, dout):
        return dout * kept_by_forward  # noqa: F821

    return (
        Mistake(
            "names without self",
            a_class(answer.__name__, forward, with_a_free_name),
            "`backward` uses a name of `forward`. Such names are gone when a method ends; what "
            "shall last is stored with `self.` in front.",
            recognise=fails_on_the_way_back("NameError"),
        ),
        Mistake(
            "nothing stored",
            a_class(answer.__name__, lambda self, x: forward(answer(), x), backward),
            "`backward` asks for something with `self.` that `forward` has not stored under this "
            "name.",
            recognise=fails_on_the_way_back("AttributeError"),
        ),
    )


def like_x(*names: str) -> tuple[Output, ...]:
    """Say of each output that it has the shape of the layer's input."""
    return tuple(Output(name, "", "the shape of what went in") for name in names)


SHARED_MEMORY = (
    "Another object of your class went forward in between, and this one then used what *that* one "
    "stored. What a layer remembers has to belong to the object (`self`), not to the class and not "
    "to a global variable."
)

# --------------------------------------------------------------------------- MulLayer


def draw_gate(rng: np.random.Generator) -> Iterator[Case]:
    number = {"x": float(rng.uniform(50, 150)), "y": float(rng.uniform(2, 9))}
    yield Case({**number, "dout": float(rng.uniform(1.2, 1.9))}, "three plain numbers")
    yield Case(
        {key: rng.normal(size=(3, 4)) for key in ("x", "y", "dout")}, "arrays of shape (3, 4)"
    )
    one = {key: rng.normal(size=(1, 5)) for key in ("x", "y", "dout")}
    one["x"][0, 1] = one["y"][0, 3] = 0.0
    yield Case(one, "a batch of one, with a zero in x and a zero in y")
    small = {key: rng.normal(size=(2, 3)).astype(np.float32) for key in ("x", "y", "dout")}
    yield Case(small, "float32")


def mul_forward(self, x, y):
    self.x, self.y = x, y
    return x * y


def mul(backward, forward=mul_forward):
    return a_class("MulLayer", forward, backward)


def mul_forward_keeps_out(self, x, y):
    self.x, self.y = x, y
    self.out = x * y
    return self.out


def mul_forward_adds(self, x, y):
    self.x, self.y = x, y
    return x + y


def mul_forward_in_place(self, x, y):
    self.x, self.y = x, y
    x *= y
    return x


def mul_forward_dot(self, x, y):
    self.x, self.y = x, y
    return np.dot(x, y)


def mul_backward(self, dout):
    return dout * self.y, dout * self.x


def mul_backward_with_free_names(self, dout):
    return y * dout, x * dout  # noqa: F821


def mul_backward_in_place(self, dout):
    dx = dout
    dx *= self.y
    return dx, dout * self.x


def mul_backward_over_memory(self, dout):
    self.x, self.y = dout * self.y, dout * self.x
    return self.x, self.y


def mul_backward_line_by_line(self, dout):
    self.x = dout * self.y
    self.y = dout * self.x
    return self.x, self.y


class MulLayerWithoutSelf:
    def forward(x, y):
        return x * y

    def backward(dout):
        return dout, dout


class MulLayerWantsInputs:
    def __init__(self, x, y):
        self.x, self.y = x, y

    def forward(self):
        return self.x * self.y

    def backward(self, dout):
        return dout * self.y, dout * self.x


class MulLayerOfTheClass:
    def forward(self, x, y):
        MulLayerOfTheClass.x, MulLayerOfTheClass.y = x, y
        return x * y

    def backward(self, dout):
        return dout * self.y, dout * self.x


class MulLayerTuple:
    def forward(self, *factors):
        self.factors = factors
        return math.prod(factors[1:], start=factors[0])

    def backward(self, dout):
        x, y = self.factors
        return y * dout, x * dout


class MulLayerLocal:
    """Store the local derivatives, ready to be multiplied."""

    def forward(self, x, y):
        self.local = {"x": np.array(y), "y": np.array(x)}
        return np.multiply(x, y)

    def backward(self, dout):
        return [np.multiply(dout, self.local[name]) for name in ("x", "y")]


class MulLayerFirstBatch:
    def __init__(self):
        self.x = None

    def forward(self, x, y):
        if self.x is None:
            self.x, self.y = x, y
        return x * y

    def backward(self, dout):
        return dout * self.y, dout * self.x


MUL_LAYER = Exercise(
    id="ch03.MulLayer",
    title="The multiply layer",
    kind="class",
    points=3,
    reference=MulLayer,
    accepted=(MulLayerTuple, MulLayerLocal),
    mistakes=(
        Mistake(
            "not swapped",
            mul(lambda self, dout: (dout * self.x, dout * self.y)),
            "Each factor gets `dout` times *itself*. Ask how much the product changes when x grows "
            "by one: that is not x.",
        ),
        Mistake(
            "upstream dropped",
            mul(lambda self, dout: (self.y, self.x)),
            "These are the local derivatives alone. `dout`, what arrives from above, has no "
            "effect, so everything behind this layer is lost.",
        ),
        Mistake(
            "rule of addition",
            mul(lambda self, dout: (dout, dout)),
            "You pass `dout` on as it is. That is the rule for a sum; in a product the effect of "
            "one factor depends on the size of the other.",
        ),
        Mistake(
            "upstream added",
            mul(lambda self, dout: (dout + self.y, dout + self.x)),
            "You add `dout` to the local derivative. Along a path, derivatives multiply.",
        ),
        Mistake(
            "multiplied by the output",
            mul(lambda self, dout: (dout * self.out, dout * self.out), mul_forward_keeps_out),
            "You multiply `dout` by the product. The local derivative of x · y contains one of the "
            "two factors, not both.",
        ),
        Mistake(
            "divided by a factor",
            mul(
                lambda self, dout: (dout * self.out / self.x, dout * self.out / self.y),
                mul_forward_keeps_out,
            ),
            "Dividing the product by a factor gives the other one, unless that factor is 0: then "
            "it is 0/0. Nothing needs to be divided here.",
        ),
        Mistake(
            "forward adds",
            mul(mul_backward, mul_forward_adds),
            "`forward` gives the sum of its inputs, and this is the multiply layer.",
        ),
        Mistake(
            "forward changes x",
            mul(mul_backward, mul_forward_in_place),
            "`x *= y` writes the product into the caller's array, and into what you stored as well: "
            "it is the same array. Make a new one.",
        ),
        Mistake(
            "backward changes dout",
            mul(mul_backward_in_place),
            "`dx = dout` gives the caller's array a second name, and `*=` then overwrites it. "
            "Whoever sent `dout` still needs it, and so does your own second line.",
        ),
        Mistake("one memory for all", MulLayerOfTheClass, SHARED_MEMORY),
        Mistake(
            "gradients stored in place of the inputs",
            mul(mul_backward_line_by_line),
            "`backward` writes gradients into `self.x` and `self.y`. There the next line still needs "
            "the values, and so does a second `backward`. Give the gradients names of their own.",
        ),
        Mistake(
            "memory overwritten on the way back",
            mul(mul_backward_over_memory),
            "The first `backward` is right. But it overwrites what `forward` stored, so a second one "
            "finds gradients where it wants values.",
        ),
        Mistake(
            "matrix product",
            mul(mul_backward, mul_forward_dot),
            "`np.dot` and `@` are the product of matrices. This layer multiplies entry by entry, "
            "which is `*`.",
        ),
        Mistake(
            "self forgotten",
            MulLayerWithoutSelf,
            "The methods lack `self`. Python hands the object to each method as its first argument; "
            "the stub shows where it goes.",
        ),
        Mistake(
            "inputs wanted too early",
            MulLayerWantsInputs,
            "Your class asks for x and y when a layer is made. A layer is made once, empty; its inputs "
            "come with each call of `forward(x, y)`.",
        ),
        Mistake(
            "names without self",
            mul(mul_backward_with_free_names, lambda self, x, y: x * y),
            "`backward` uses a name of `forward`. Such names are gone when a method ends; what "
            "shall last is stored with `self.` in front.",
            recognise=fails_on_the_way_back("NameError"),
        ),
        Mistake(
            "nothing stored",
            mul(mul_backward, lambda self, x, y: x * y),
            "`backward` asks for something with `self.` that `forward` has not stored. A name without "
            "`self.` is forgotten when the method ends.",
            recognise=fails_on_the_way_back("AttributeError"),
        ),
        Mistake(
            "first batch kept",
            MulLayerFirstBatch,
            "Your layer stores the inputs of its *first* forward pass and keeps them for good. Each "
            "`forward` belongs to a new batch and has to store anew.",
        ),
    ),
    hints=(
        "When `backward` runs, x and y are gone. What does it need of them, and who could keep it?",
        "The product rule: ∂(x·y)/∂x = y and ∂(x·y)/∂y = x. Each is multiplied by what arrives from "
        "above.",
        "The skeleton:\n    def forward(self, x, y):\n        self.x = …\n        self.y = …\n"
        "        return …\n\n    def backward(self, dout):\n        dx = dout * …\n"
        "        dy = dout * …\n        return dx, dy",
    ),
    probe=Probe(probes.layer, {"forward": ("x", "y"), "gradients": ("dx", "dy")}),
    draw=draw_gate,
    outputs=like_x("out", "dx", "dy"),
    remark="Two objects of your class worked at the same time; each kept its own x and y.",
)
# --------------------------------------------------------------------------- AddLayer


def add(backward, forward=lambda self, x, y: x + y):
    return a_class("AddLayer", forward, backward)


def add_forward_in_place(self, x, y):
    x += y
    return x


def add_forward_keeps(self, x, y):
    self.x, self.y = x, y
    return x + y


def add_backward(self, dout):
    return dout, dout


class AddLayerFresh:
    def forward(self, x, y):
        return np.add(x, y)

    def backward(self, dout):
        return 1 * dout, 1 * dout


class AddLayerList:
    """Any number of summands."""

    def forward(self, *terms):
        self.count = len(terms)
        return sum(terms)

    def backward(self, dout):
        return [np.array(dout) for _ in range(self.count)]


ADD_LAYER = Exercise(
    id="ch03.AddLayer",
    title="The add layer",
    kind="class",
    points=3,
    reference=AddLayer,
    accepted=(AddLayerFresh, AddLayerList),
    mistakes=(
        Mistake(
            "shared out",
            add(lambda self, dout: (dout / 2, dout / 2)),
            "You split `dout` in two halves. A gradient is not a quantity to be divided up: when x "
            "rises by one the whole sum rises by one, whatever y does.",
        ),
        Mistake(
            "bare ones",
            add(lambda self, dout: (1.0, 1.0)),
            "The local derivatives are indeed 1, but `dout`, what arrives from above, is lost.",
        ),
        Mistake(
            "upstream dropped",
            add(lambda self, dout: (np.ones_like(dout), np.ones_like(dout))),
            "Ones of the right shape are the local derivatives alone. `dout`, what arrives from "
            "above, has no effect.",
        ),
        Mistake(
            "rule of multiplication",
            add(
                lambda self, dout: (dout * self.y, dout * self.x),
                add_forward_keeps,
            ),
            "You multiply by the other input: that is the rule for a product. How much a sum grows "
            "with x does not depend on y.",
        ),
        Mistake(
            "multiplied by the inputs",
            add(
                lambda self, dout: (dout * self.x, dout * self.y),
                add_forward_keeps,
            ),
            "You multiply `dout` by the inputs. How much a sum grows with x does not depend on how "
            "large x already is.",
        ),
        Mistake(
            "upstream added",
            add(lambda self, dout: (dout + 1, dout + 1)),
            "You add the local derivative to `dout`. Along a path, derivatives multiply.",
        ),
        Mistake(
            "inputs sent back",
            add(lambda self, dout: (self.x, self.y), add_forward_keeps),
            "You send the inputs back. Asked is how strongly the final result reacts to each of them, "
            "and `dout` has to be in that.",
        ),
        Mistake(
            "gradient added to the inputs",
            add(lambda self, dout: (dout + self.x, dout + self.y), add_forward_keeps),
            "You add `dout` to the values. A gradient goes back; the values of a sum play no part in it.",
        ),
        Mistake(
            "summed up",
            add(lambda self, dout: (np.sum(dout), np.sum(dout))),
            "You add up all entries of `dout`. The layer works entry by entry, and each entry of x has "
            "a gradient of its own.",
        ),
        Mistake(
            "rule of subtraction",
            add(lambda self, dout: (dout, -dout)),
            "The second gradient has a minus sign. That would be right for x − y.",
        ),
        Mistake(
            "forward multiplies",
            add(add_backward, lambda self, x, y: x * y),
            "`forward` gives the product of its inputs, and this is the add layer.",
        ),
        Mistake(
            "forward changes x",
            add(add_backward, add_forward_in_place),
            "`x += y` writes the sum into the caller's array. Another layer may have stored that "
            "very array for its own way back.",
        ),
        Mistake(
            "doubled",
            add(lambda self, dout: (2 * dout, 2 * dout)),
            "You send twice `dout` to each input. That would be right for x + x, where one input is "
            "used twice; here each of the two is used once.",
        ),
        Mistake(
            "shared out in proportion",
            add(
                lambda self, dout: (
                    dout * self.x / (self.x + self.y),
                    dout * self.y / (self.x + self.y),
                ),
                add_forward_keeps,
            ),
            "Each input gets `dout` in proportion to its share of the sum. A gradient is not a "
            "quantity to be divided up: it says how the result reacts when one input moves a little.",
        ),
    ),
    hints=(
        "Take 3 + 4. Raise the 3 by 0.1: by how much does the sum rise? Does the 4 matter?",
        "∂(x+y)/∂x = 1 and ∂(x+y)/∂y = 1, each multiplied by what arrives from above. So nothing of "
        "x and y has to be kept.",
        "The skeleton:\n    def forward(self, x, y):\n        return …\n\n"
        "    def backward(self, dout):\n        return …, …",
    ),
    probe=Probe(probes.layer, {"forward": ("x", "y"), "gradients": ("dx", "dy")}),
    draw=draw_gate,
    outputs=like_x("out", "dx", "dy"),
    remark="The sum keeps nothing of its inputs: its gradient is the same wherever they are.",
)

# --------------------------------------------------------------------------- Relu


def away_from_zero(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Draw numbers of both signs between 0.1 and 2.5 in size, the first positive, the second not."""
    signs = rng.choice([-1.0, 1.0], size=shape)
    signs.flat[0], signs.flat[1] = 1, -1
    return signs * rng.uniform(0.1, 2.5, size=shape)


def draw_relu(rng: np.random.Generator) -> Iterator[Case]:
    x, dout = away_from_zero(rng, 3, 4), away_from_zero(rng, 3, 4)[:, ::-1].copy()
    yield Case({"x": x, "dout": dout}, "a batch of 3 with 4 numbers each")
    x, dout = away_from_zero(rng, 1, 5), away_from_zero(rng, 1, 5)
    yield Case({"x": x, "dout": -dout}, "a batch of one")
    x = away_from_zero(rng, 2, 3)
    x[0, 2] = x[1, 1] = 0.0
    yield Case({"x": x, "dout": rng.normal(size=(2, 3))}, "with zeros in x")
    x = 1e3 * away_from_zero(rng, 6).astype(np.float32)
    yield Case(
        {"x": x, "dout": rng.normal(size=6).astype(np.float32)}, "large numbers, one axis, float32"
    )


def relu_forward(self, x):
    self.mask = x > 0
    self.out = np.maximum(x, 0)
    return self.out


def relu_backward(self, dout):
    return dout * self.mask


def relu(backward, forward=relu_forward):
    return a_class("Relu", forward, backward)


def relu_backward_in_place(self, dout):
    dout[~self.mask] = 0
    return dout


def relu_forward_in_place(self, x):
    self.mask = x > 0
    x[x < 0] = 0
    return x


def relu_forward_step(self, x):
    self.mask = x > 0
    return self.mask * 1.0


def relu_forward_abs(self, x):
    self.mask = x > 0
    return np.abs(x)


def relu_forward_np_max(self, x):
    self.mask = x > 0
    return np.max(x, 0)


def relu_forward_max(self, x):
    self.mask = x > 0
    return max(x, 0)


def relu_forward_keeps_x(self, x):
    self.x = x
    return np.maximum(x, 0)


def relu_forward_picks(self, x):
    self.mask = x > 0
    return x[self.mask]


def relu_forward_minimum(self, x):
    self.mask = x < 0
    return np.minimum(x, 0)


class ReluOfTheClass:
    def forward(self, x):
        ReluOfTheClass.mask = x > 0
        return np.maximum(x, 0)

    def backward(self, dout):
        return dout * self.mask


class ReluWhere:
    def forward(self, x):
        self.x = x.copy()
        return np.where(x >= 0, x, 0)

    def backward(self, dout):
        return np.where(self.x >= 0, dout, 0)


class ReluCopy:
    def forward(self, x):
        self.negative = x <= 0
        out = x.copy()
        out[self.negative] = 0
        return out

    def backward(self, dout):
        dx = dout.copy()
        dx[self.negative] = 0
        return dx


class ReluSigns:
    """The slope at 0 is ½ here, which is as good as any between 0 and 1."""

    def forward(self, x):
        self.slope = (1 + np.sign(x)) / 2
        return x * self.slope

    def backward(self, dout):
        return self.slope * dout


class ReluLoop:
    def forward(self, x):
        self.x = x
        return np.array([max(v, 0.0) for v in x.ravel()]).reshape(x.shape)

    def backward(self, dout):
        dx = np.zeros(dout.shape)
        for place in np.ndindex(dout.shape):
            if self.x[place] > 0:
                dx[place] = dout[place]
        return dx


def relu_forward_leaky(self, x):
    self.mask = x > 0
    return np.where(self.mask, x, 0.01 * x)


RELU_IN_PLACE = (
    "`backward` writes zeros into `dout` itself. That array belongs to the caller, who may send it "
    "down another branch as well."
)

RELU = Exercise(
    id="ch03.Relu",
    title="The ReLU layer",
    kind="class",
    points=3,
    reference=Relu,
    accepted=(ReluWhere, ReluCopy, ReluSigns, ReluLoop),
    mistakes=(
        Mistake(
            "mask from the gradient",
            relu(lambda self, dout: dout * (dout > 0)),
            "You look at the sign of `dout` to decide what passes. Whether the gate was open is a "
            "question about the *input* of the forward pass; a gradient may well be negative.",
        ),
        Mistake(
            "upstream dropped",
            relu(lambda self, dout: self.mask * 1.0),
            "Ones and zeros are the local derivatives alone: `dout`, what arrives from above, has "
            "no effect.",
        ),
        Mistake(
            "multiplied by the output",
            relu(lambda self, dout: dout * self.out),
            "You multiply `dout` by the output. Where ReLU is open its slope is 1, however large "
            "the output is.",
        ),
        Mistake(
            "mask inverted",
            relu(lambda self, dout: dout * ~self.mask),
            "The gradient passes where the input was negative and is stopped where it was positive: "
            "the wrong way round.",
        ),
        Mistake(
            "everything passes",
            relu(lambda self, dout: 1 * dout),
            "`dout` passes unchanged everywhere. Where the input was negative the output is 0 "
            "whatever x does, so x has no influence there.",
        ),
        Mistake("overwrites dout", relu(relu_backward_in_place), RELU_IN_PLACE),
        Mistake(
            "overwrites x",
            relu(relu_backward, relu_forward_in_place),
            "The array `x` is overwritten. Neither `out = x` nor `self.x = x` makes a copy: all these "
            "names mean the same array, and another layer may need the old numbers.",
        ),
        Mistake(
            "overwrites both",
            relu(relu_backward_in_place, relu_forward_in_place),
            "Both `x` and `dout` are overwritten. `out = x` and `dx = dout` make no copies: they give "
            "the caller's array a second name.",
        ),
        Mistake(
            "positive entries picked out",
            relu(lambda self, dout: dout[self.mask], relu_forward_picks),
            "`x[x > 0]` picks out the positive entries and drops the rest, so the shape is lost. The "
            "others stay in their places, as zeros.",
        ),
        Mistake(
            "minimum",
            relu(relu_backward, relu_forward_minimum),
            "That keeps the negative numbers and stops the positive ones: a ReLU upside down.",
        ),
        Mistake(
            "sign of the input",
            relu(
                lambda self, dout: dout * np.sign(self.x),
                relu_forward_keeps_x,
            ),
            "`np.sign` gives −1 where x is negative, so the gradient is turned round there. It has to "
            "be stopped.",
        ),
        Mistake(
            "two masks",
            relu(lambda self, dout: dout * self.mask * (dout > 0)),
            "You stop the negative entries of `dout` as well. Only the sign of the *input* decides; "
            "a gradient may well be negative.",
        ),
        Mistake(
            "step instead of ReLU",
            relu(relu_backward, relu_forward_step),
            "`forward` gives 1 where x is positive. That is the slope; the value there is x.",
        ),
        Mistake(
            "absolute value",
            relu(relu_backward, relu_forward_abs),
            "`np.abs` turns negative numbers positive. ReLU sets them to 0.",
        ),
        Mistake(
            "np.max for np.maximum",
            relu(relu_backward, relu_forward_np_max),
            "`np.max(x, 0)` looks for the largest number along axis 0. To compare two things entry "
            "by entry NumPy has another function, with a longer name.",
        ),
        Mistake(
            "Python's max",
            relu(relu_backward, relu_forward_max),
            "`max(x, 0)` and `if x > 0` ask once whether the whole array is larger than 0, and an "
            "array has no single answer. You need a comparison entry by entry.",
            recognise=asks_a_whole_array,
        ),
        *nothing_stored(relu(relu_backward)),
        Mistake("one memory for all", ReluOfTheClass, SHARED_MEMORY),
        Mistake(
            "leaky",
            relu(lambda self, dout: np.where(self.mask, dout, 0.01 * dout), relu_forward_leaky),
            "A little passes on the closed side: that is another layer, the leaky ReLU. Here nothing "
            "passes where x is negative.",
        ),
    ),
    hints=(
        "Draw the function. What is its slope on the left of 0, and on the right?",
        "The slope is 1 where x was positive and 0 where it was negative, so remember *where* x was "
        "positive. Then local derivative times `dout`, entry by entry, in a new array.",
        "The skeleton:\n    def forward(self, x):\n        self.mask = …        # True where x is positive\n"
        "        return np.maximum(…, …)\n\n    def backward(self, dout):\n        return dout * …",
    ),
    probe=Probe(probes.layer, {"kink": True}),
    draw=draw_relu,
    outputs=like_x("out", "dx"),
    remark="At exactly 0 ReLU has a corner; the check takes any slope from 0 to 1 there.",
)

# --------------------------------------------------------------------------- Sigmoid, Tanh


def draw_squash(rng: np.random.Generator) -> Iterator[Case]:
    x, dout = rng.normal(size=(3, 4)), rng.normal(size=(3, 4))
    yield Case({"x": x, "dout": dout}, "a batch of 3 with 4 numbers each")
    x, dout = rng.uniform(1, 3, size=(1, 5)), rng.normal(size=(1, 5))
    x[0, 1] *= -1
    yield Case({"x": x, "dout": dout}, "a batch of one")
    x = rng.normal(size=(2, 3)).astype(np.float32)
    x[1, :2] = -800.0, 800.0
    dout = rng.normal(size=(2, 3)).astype(np.float32)
    yield Case({"x": x, "dout": dout}, "float32, with 800 and -800 in x")
    x, dout = rng.normal(size=(2, 4)), rng.normal(size=(2, 4))
    x[0, :3] = 800.0, 0.0, -800.0
    yield Case({"x": x, "dout": dout}, "with 800 and -800 in x")


def sigmoid_forward(self, x):
    self.x = x
    self.out = sigmoid(x)
    return self.out


def sigmoid_backward(self, dout):
    return dout * self.out * (1 - self.out)


def a_sigmoid(backward, forward=sigmoid_forward):
    return a_class("Sigmoid", forward, backward)


def sigmoid_forward_naive(self, x):
    self.out = 1 / (1 + np.exp(-x))
    return self.out


def sigmoid_forward_flipped(self, x):
    self.out = sigmoid(-x)
    return self.out


def sigmoid_forward_flipped_naive(self, x):
    self.out = 1 / (1 + np.exp(x))
    return self.out


def sigmoid_forward_clipped(self, x):
    self.out = 1 / (1 + np.exp(-np.clip(x, -700, 700)))
    return self.out


def sigmoid_forward_math(self, x):
    self.out = 1 / (1 + math.exp(-x))
    return self.out


def sigmoid_forward_if(self, x):
    self.out = 1 / (1 + np.exp(-x)) if x >= 0 else np.exp(x) / (1 + np.exp(x))
    return self.out


def sigmoid_forward_one_sided(self, x):
    self.out = 1 / (1 + np.exp(-np.abs(x)))
    return self.out


class SigmoidOfTheClass:
    def forward(self, x):
        SigmoidOfTheClass.out = sigmoid(x)
        return self.out.copy()

    def backward(self, dout):
        return dout * self.out * (1 - self.out)


class SigmoidTanh:
    def forward(self, x):
        self.y = 0.5 * (1 + np.tanh(x / 2))
        return self.y

    def backward(self, dout):
        return (self.y - self.y**2) * dout


class SigmoidPieces:
    def forward(self, x):
        out = np.empty_like(x)
        right = x >= 0
        out[right] = 1 / (1 + np.exp(-x[right]))
        out[~right] = np.exp(x[~right]) / (1 + np.exp(x[~right]))
        self.local = out * (1 - out)
        return out

    def backward(self, dout):
        return dout * self.local


class SigmoidLogs:
    def forward(self, x):
        self.x = x.copy()
        return np.exp(-np.logaddexp(0, -x))

    def backward(self, dout):
        return dout * np.exp(-np.logaddexp(0, -self.x) - np.logaddexp(0, self.x))


def sigmoid_forward_narrow(self, x):
    self.out = sigmoid(np.clip(x, -10, 10))
    return self.out


SIGMOID = Exercise(
    id="ch03.Sigmoid",
    title="The sigmoid layer",
    kind="class",
    points=3,
    reference=Sigmoid,
    accepted=(SigmoidTanh, SigmoidPieces, SigmoidLogs),
    mistakes=(
        Mistake(
            "sigmoid twice",
            a_sigmoid(lambda self, dout: dout * sigmoid(self.out) * (1 - sigmoid(self.out))),
            "`backward` applies the sigmoid to the stored output once more. What you stored *is* σ(x).",
        ),
        Mistake(
            "one factor lost",
            a_sigmoid(lambda self, dout: dout * self.out),
            "You multiply `dout` by σ(x) only. The slope has a second factor, which makes it small "
            "on the right side too, where the curve is flat.",
        ),
        Mistake(
            "the other factor lost",
            a_sigmoid(lambda self, dout: dout * (1 - self.out)),
            "You multiply `dout` by 1 − σ(x) only. The slope has a second factor, which makes it "
            "small on the left side too, where the curve is flat.",
        ),
        Mistake(
            "upstream dropped",
            a_sigmoid(lambda self, dout: self.out * (1 - self.out)),
            "That is the local derivative alone: `dout`, what arrives from above, has no effect.",
        ),
        Mistake(
            "input in place of the output",
            a_sigmoid(lambda self, dout: dout * self.x * (1 - self.x)),
            "You use x(1 − x). The short formula for the slope is written with the *output*, σ(x).",
        ),
        Mistake(
            "rule of tanh",
            a_sigmoid(lambda self, dout: dout * (1 - self.out**2)),
            "1 − out² is the slope of tanh, whose output runs from −1 to 1. This one runs from 0 to 1.",
        ),
        Mistake(
            "sign lost",
            a_sigmoid(lambda self, dout: dout * self.out * (self.out - 1)),
            "The sign is wrong: σ rises everywhere, so its slope is positive.",
        ),
        Mistake(
            "forward flipped",
            a_sigmoid(sigmoid_backward, sigmoid_forward_flipped),
            "`forward` gives σ(−x): it falls where it should rise. Look at the sign in the exponent.",
        ),
        Mistake(
            "flipped and overflowing",
            a_sigmoid(sigmoid_backward, sigmoid_forward_flipped_naive),
            "1 / (1 + eˣ) falls from 1 to 0, and the sigmoid rises: look at the sign of the exponent. "
            "And the exponential overflows at one of the two ends.",
        ),
        Mistake(
            "overflow",
            a_sigmoid(sigmoid_backward, sigmoid_forward_naive),
            "`np.exp` of a large positive number is larger than any float. NumPy would only warn; "
            "this check counts it as an error. Note that `np.where` does not help by itself: it "
            "computes both of its branches everywhere before it chooses.",
        ),
        Mistake(
            "clipped for float64",
            a_sigmoid(sigmoid_backward, sigmoid_forward_clipped),
            "You clip x where float64 is still safe. In float32 the largest number is much smaller: "
            "there e⁸⁹ is too large already.",
        ),
        Mistake(
            "always the right half",
            a_sigmoid(sigmoid_backward, sigmoid_forward_one_sided),
            "No overflow any more, but with |x| the left half of the curve is the mirror image of the "
            "right one. For negative x another form of the fraction is needed.",
        ),
        Mistake(
            "math.exp",
            a_sigmoid(sigmoid_backward, sigmoid_forward_math),
            "`math.exp` takes a single number. For arrays NumPy has a function of the same name.",
        ),
        Mistake(
            "if for a whole array",
            a_sigmoid(sigmoid_backward, sigmoid_forward_if),
            "`if` asks once whether the whole array is positive, and an array has no single answer. "
            "The choice between the two forms is made entry by entry.",
            recognise=asks_a_whole_array,
        ),
        Mistake(
            "brackets missing",
            a_sigmoid(lambda self, dout: dout * self.out * 1 - self.out),
            "Brackets are missing: `a * 1 - b` is not a · (1 − b), the product comes first.",
        ),
        Mistake(
            "formula applied to dout",
            a_sigmoid(lambda self, dout: dout * (1 - dout)),
            "You put `dout` into the formula of the slope. The slope is made of the output, which "
            "`forward` knew; then it is multiplied by `dout`.",
        ),
        *nothing_stored(a_sigmoid(sigmoid_backward)),
        Mistake("one memory for all", SigmoidOfTheClass, SHARED_MEMORY),
        Mistake(
            "out squared",
            a_sigmoid(lambda self, dout: dout * self.out**2),
            "You multiply by out². That is 1 on the far right, where the curve is flat.",
        ),
        Mistake(
            "plus for minus",
            a_sigmoid(lambda self, dout: dout * self.out * (1 + self.out)),
            "out · (1 + out) is 2 on the far right, where the curve is flat. Look at the sign.",
        ),
        Mistake(
            "clipped too soon",
            a_sigmoid(sigmoid_backward, sigmoid_forward_narrow),
            "You limit x to a range in which the sigmoid is still visibly above 0 and below 1, so the "
            "far ends come out wrong.",
            recognise=far_ends_not_reached,
        ),
    ),
    hints=(
        "Forward first: for which x is the exponent in e⁻ˣ large and positive? Is there another way "
        "to write σ(x) for those? Then backward: what did forward have in its hands that it could keep?",
        "For x < 0 the same number is eˣ / (1 + eˣ); with e = exp(−|x|) both forms stay small. The "
        "slope is σ(x) · (1 − σ(x)), so keep the output.",
        "The skeleton:\n    def forward(self, x):\n        e = np.exp(-np.abs(x))\n"
        "        self.out = np.where(x >= 0, …, …) / (1 + e)\n        return …\n\n"
        "    def backward(self, dout):\n        return dout * … * (1 - …)",
    ),
    probe=Probe(probes.layer),
    draw=draw_squash,
    outputs=like_x("out", "dx"),
    remark="Among the inputs were 800 and −800, in float64 and in float32: no overflow, and a slope "
    "of 0 at both ends.",
)


def tanh_forward(self, x):
    self.x = x
    self.out = np.tanh(x)
    return self.out


def tanh_backward(self, dout):
    return dout * (1 - self.out**2)


def a_tanh(backward, forward=tanh_forward):
    return a_class("Tanh", forward, backward)


def tanh_forward_naive(self, x):
    up, down = np.exp(x), np.exp(-x)
    self.out = (up - down) / (up + down)
    return self.out


def tanh_forward_sigmoid(self, x):
    self.out = 2 * sigmoid(x) - 1
    return self.out


def tanh_forward_math(self, x):
    self.out = math.tanh(x)
    return self.out


class TanhOfTheClass:
    def forward(self, x):
        TanhOfTheClass.out = np.tanh(x)
        return self.out.copy()

    def backward(self, dout):
        return dout * (1 - self.out**2)


class TanhBySigmoid:
    def forward(self, x):
        self.s = sigmoid(2 * x)
        return 2 * self.s - 1

    def backward(self, dout):
        return 4 * self.s * (1 - self.s) * dout


class TanhTwoFactors:
    def forward(self, x):
        out = np.tanh(x)
        self.slope = (1 - out) * (1 + out)
        return out

    def backward(self, dout):
        return np.multiply(self.slope, dout)


TANH = Exercise(
    id="ch03.Tanh",
    title="The tanh layer",
    kind="class",
    points=3,
    reference=Tanh,
    accepted=(TanhBySigmoid, TanhTwoFactors),
    mistakes=(
        Mistake(
            "input in place of the output",
            a_tanh(lambda self, dout: dout * (1 - self.x**2)),
            "You use 1 − x², with the input. The slope is written with the *output*; at x = 3 yours "
            "is −8, and tanh never falls.",
        ),
        Mistake(
            "upstream dropped",
            a_tanh(lambda self, dout: 1 - self.out**2),
            "That is the local derivative alone: `dout`, what arrives from above, has no effect.",
        ),
        Mistake(
            "rule of the sigmoid",
            a_tanh(lambda self, dout: dout * self.out * (1 - self.out)),
            "out · (1 − out) is the slope of the sigmoid. At x = 0 it gives 0 here, where tanh is steepest.",
        ),
        Mistake(
            "square lost",
            a_tanh(lambda self, dout: dout * (1 - self.out)),
            "You use 1 − out without the square. On the far left out is −1 and yours is 2, though "
            "the curve is flat there.",
        ),
        Mistake(
            "one minus lost",
            a_tanh(lambda self, dout: dout * self.out**2),
            "You multiply by out². That is 0 in the middle, where tanh is steepest, and 1 at the "
            "ends, where it is flat.",
        ),
        Mistake(
            "tanh twice",
            a_tanh(lambda self, dout: dout * (1 - np.tanh(self.out) ** 2)),
            "`backward` applies tanh to the stored output once more. What you stored *is* tanh(x).",
        ),
        Mistake(
            "half the argument",
            a_tanh(tanh_backward, tanh_forward_sigmoid),
            "2σ(x) − 1 has the right shape, but it is tanh(x/2): stretched to twice the width.",
        ),
        Mistake(
            "overflow in exp",
            a_tanh(tanh_backward, tanh_forward_naive),
            "The formula with exponentials overflows for large |x|: ∞/∞ is not a number. NumPy has "
            "a function that is safe everywhere.",
        ),
        Mistake(
            "overflow in cosh",
            a_tanh(lambda self, dout: dout / np.cosh(self.x) ** 2),
            "1/cosh² is the right slope, but `np.cosh` of a large number is larger than any float. "
            "The output, which you have already, gives the slope without that.",
        ),
        Mistake(
            "brackets missing",
            a_tanh(lambda self, dout: dout * 1 - self.out**2),
            "Brackets are missing: `a * 1 - b` is not a · (1 − b), the product comes first.",
        ),
        Mistake(
            "multiplied by the output",
            a_tanh(lambda self, dout: dout * self.out),
            "You multiply `dout` by the output. At x = 0 that is 0, where tanh is steepest.",
        ),
        Mistake(
            "squared as a whole",
            a_tanh(lambda self, dout: dout * (1 - self.out) ** 2),
            "You square the whole bracket. On the far left out is −1 and yours is 4, though the curve "
            "is flat there.",
        ),
        Mistake(
            "plus for minus",
            a_tanh(lambda self, dout: dout * (1 + self.out**2)),
            "1 + out² is never below 1, and tanh is flat at both ends. Look at the sign.",
        ),
        Mistake(
            "one factor 2 lost",
            a_tanh(lambda self, dout: dout * (1 - self.out**2) / 2),
            "Half of the slope. If you go through the sigmoid, there are two factors 2: one is the "
            "height, the other comes from the inner 2x.",
        ),
        Mistake(
            "math.tanh",
            a_tanh(tanh_backward, tanh_forward_math),
            "`math.tanh` takes a single number. For arrays NumPy has a function of the same name.",
        ),
        *nothing_stored(a_tanh(tanh_backward)),
        Mistake("one memory for all", TanhOfTheClass, SHARED_MEMORY),
        Mistake(
            "everything passes",
            a_tanh(lambda self, dout: 1 * dout),
            "`dout` passes unchanged. tanh is steep in the middle and flat at both ends, and `dout` "
            "has to be multiplied by that slope.",
        ),
        Mistake(
            "sign of the slope",
            a_tanh(lambda self, dout: dout * (self.out**2 - 1)),
            "Your slope is negative everywhere, and tanh rises everywhere. Look at the order of the "
            "difference.",
        ),
        Mistake(
            "not moved down",
            a_tanh(tanh_backward, lambda self, x: tanh_forward(self, x) + 1),
            "Your outputs lie between 0 and 2: the sigmoid is stretched, but it is not moved down.",
        ),
    ),
    hints=(
        "Compare with your sigmoid layer: what is kept, and where is the slope largest?",
        "`np.tanh` is safe for every x. With t = tanh(x) the slope is 1 − t², times what arrives "
        "from above.",
        "The skeleton:\n    def forward(self, x):\n        self.out = …\n        return …\n\n"
        "    def backward(self, dout):\n        return dout * (1 - …)",
    ),
    probe=Probe(probes.layer),
    draw=draw_squash,
    outputs=like_x("out", "dx"),
    remark="The slope at 0 is 1 for tanh and ¼ for the sigmoid: tanh shrinks gradients less.",
)

# --------------------------------------------------------------------------- shop


def draw_shop(rng: np.random.Generator) -> Iterator[Case]:
    def purchase(apples: int, oranges: int) -> dict[str, float]:
        return {
            "apple_price": round(float(rng.uniform(60, 140)), 2),
            "apple_count": float(apples),
            "orange_price": round(float(rng.uniform(145, 220)), 2),
            "orange_count": float(oranges),
            "tax": round(float(rng.uniform(1.05, 1.35)), 3),
        }

    yield Case(purchase(int(rng.integers(2, 5)), int(rng.integers(5, 9))), "apples and oranges")
    yield Case(purchase(int(rng.integers(4, 9)), 0), "no oranges")
    yield Case(purchase(1, 1), "one of each")


NAMES = ("apple_price", "apple_count", "orange_price", "orange_count", "tax")


def shop(apple_price, apple_count, orange_price, orange_count, tax):
    apples, oranges, basket, taxed = MulLayer(), MulLayer(), AddLayer(), MulLayer()
    apple_sum = apples.forward(apple_price, apple_count)
    orange_sum = oranges.forward(orange_price, orange_count)
    total = taxed.forward(basket.forward(apple_sum, orange_sum), tax)
    d_basket, d_tax = taxed.backward(1.0)
    d_apple_sum, d_orange_sum = basket.backward(d_basket)
    d_apple_price, d_apple_count = apples.backward(d_apple_sum)
    d_orange_price, d_orange_count = oranges.backward(d_orange_sum)
    found = (d_apple_price, d_apple_count, d_orange_price, d_orange_count, d_tax)
    return total, dict(zip(NAMES, found, strict=True))


def shop_by_formulas(ap, an, op, on, tax):
    before = ap * an + op * on
    return before * tax, {
        "tax": before,
        "apple_price": an * tax,
        "apple_count": ap * tax,
        "orange_price": on * tax,
        "orange_count": op * tax,
    }


def shop_by_loops(*inputs):
    """Layers in a dictionary, the tax first."""
    mul = {name: MulLayer() for name in ("apple", "orange", "tax")}
    add_layer = AddLayer()
    parts = [mul["apple"].forward(*inputs[0:2]), mul["orange"].forward(*inputs[2:4])]
    total = mul["tax"].forward(inputs[4], add_layer.forward(*parts))
    gradients = {}
    gradients["tax"], upstream = mul["tax"].backward(1)
    for fruit, dout in zip(("apple", "orange"), add_layer.backward(upstream), strict=True):
        gradients[f"{fruit}_price"], gradients[f"{fruit}_count"] = mul[fruit].backward(dout)
    return total, gradients


def shop_with(*, share=False, swap=False, chain=True, tax_name=False, half=False, order=False):
    """A wrong shop: one slip in the reference."""

    def wrong(apple_price, apple_count, orange_price, orange_count, tax):
        apples = MulLayer()
        oranges, taxed = (apples, apples) if share else (MulLayer(), MulLayer())
        apple_sum = apples.forward(apple_price, apple_count)
        orange_sum = oranges.forward(orange_price, orange_count)
        total = taxed.forward(apple_sum + orange_sum, tax)
        d_basket, d_tax = taxed.backward(1.0)
        if tax_name:
            d_tax = total
        if not chain:
            d_basket = 1.0
        if half:
            d_basket = d_basket / 2
        d_apple = apples.backward(d_basket)
        d_orange = oranges.backward(d_basket)
        if swap:
            d_apple, d_orange = d_apple[::-1], d_orange[::-1]
        if order:
            d_apple, d_orange = d_orange, d_apple
        return total, dict(zip(NAMES, (*d_apple, *d_orange, d_tax), strict=True))

    return wrong


def shop_fruits_share(apple_price, apple_count, orange_price, orange_count, tax):
    fruit, basket, taxed = MulLayer(), AddLayer(), MulLayer()
    apple_sum = fruit.forward(apple_price, apple_count)
    orange_sum = fruit.forward(orange_price, orange_count)
    total = taxed.forward(basket.forward(apple_sum, orange_sum), tax)
    d_basket, d_tax = taxed.backward(1.0)
    d_apple, d_orange = (fruit.backward(dout) for dout in basket.backward(d_basket))
    return total, dict(zip(NAMES, (*d_apple, *d_orange, d_tax), strict=True))


def shop_begins_with_total(*inputs):
    total, gradients = shop(*inputs)
    return total, {name: total * gradient for name, gradient in gradients.items()}


def shop_takes_tax_for_basket(ap, an, op, on, tax):
    total, _ = shop(ap, an, op, on, tax)
    basket = ap * an + op * on
    found = (an * basket, ap * basket, on * basket, op * basket, tax)
    return total, dict(zip(NAMES, found, strict=True))


def shop_pools(ap, an, op, on, tax):
    _, gradients = shop(ap, an, op, on, tax)
    return (ap + op) * (an + on) * tax, gradients


def shop_without_tax(*inputs):
    _, gradients = shop(*inputs)
    return inputs[0] * inputs[1] + inputs[2] * inputs[3], gradients


def shop_adds_tax(*inputs):
    _, gradients = shop(*inputs)
    return inputs[0] * inputs[1] + inputs[2] * inputs[3] + inputs[4], gradients


def shop_tax_on_oranges(*inputs):
    _, gradients = shop(*inputs)
    return inputs[0] * inputs[1] + inputs[2] * inputs[3] * inputs[4], gradients


def shop_of_the_example(*inputs):
    return shop(100.0, 2.0, 150.0, 3.0, 1.1)


def shop_values_for_gradients(*inputs):
    total, gradients = shop(*inputs)
    return total, dict(zip(gradients, inputs, strict=True))


SHOP = Exercise(
    id="ch03.shop",
    title="The fruit shop from four layers",
    kind="function",
    points=3,
    reference=shop,
    accepted=(shop_by_formulas, shop_by_loops),
    mistakes=(
        Mistake(
            "one layer for all products",
            shop_with(share=True),
            "Your three products share one layer object. Its second `forward` overwrites what the "
            "first one stored, so all of them go back with the numbers of the last product.",
        ),
        Mistake(
            "one layer for both fruits",
            shop_fruits_share,
            "Apples and oranges share one layer object. When the oranges went forward, they overwrote "
            "what was stored of the apples.",
        ),
        Mistake(
            "begun with the total",
            shop_begins_with_total,
            "You begin the way back with the total. It begins with how fast the total changes with "
            "itself.",
        ),
        Mistake(
            "gradients of the last product exchanged",
            shop_takes_tax_for_basket,
            "You take the two gradients of the last product in the wrong order. `backward` gives them "
            "out in the order in which `forward` took the basket and the tax in.",
        ),
        Mistake(
            "prices and counts pooled",
            shop_pools,
            "Your total adds the prices, adds the counts, and multiplies then. Each fruit has a "
            "product of its own; the two products are added.",
        ),
        Mistake(
            "price and count swapped",
            shop_with(swap=True),
            "Price and count have changed places. `backward` returns the gradients in the order in "
            "which `forward` took its inputs.",
        ),
        Mistake(
            "apples and oranges swapped",
            shop_with(order=True),
            "The apples have the gradients of the oranges and the other way round. The add layer "
            "returns its two gradients in the order in which it took its two inputs.",
        ),
        Mistake(
            "upstream not passed on",
            shop_with(chain=False),
            "You start every layer with 1. Only the last one gets 1; each other layer gets what the "
            "layer behind it sent back, and here that contains the tax.",
        ),
        Mistake(
            "gradient halved at the sum",
            shop_with(half=True),
            "The gradient is halved at the sum. A sum passes the whole of it to both of its inputs.",
        ),
        Mistake(
            "total in place of the tax's gradient",
            shop_with(tax_name=True),
            "For the tax you give the total. If the tax rises by one, the total rises by the basket "
            "*before* tax.",
        ),
        Mistake(
            "total before tax",
            shop_without_tax,
            "Your total is the basket before tax; the last multiplication is missing.",
        ),
        Mistake(
            "tax added",
            shop_adds_tax,
            "You add the tax. It is a factor here: 1.1 stands for ten per cent on top.",
        ),
        Mistake(
            "tax on the oranges only",
            shop_tax_on_oranges,
            "Only the oranges are taxed in your total. First the sum, then the tax on all of it.",
        ),
        Mistake(
            "numbers of the example",
            shop_of_the_example,
            "Your function says the same for every shop. Compute with its arguments instead of the "
            "numbers in the picture.",
        ),
        Mistake(
            "values in place of gradients",
            shop_values_for_gradients,
            "These are the inputs themselves. A gradient says by how much the total rises when an "
            "input rises by one.",
        ),
    ),
    hints=(
        "Draw the graph: three products and one sum. Each of the four boxes is one object, made once.",
        "Forward in the order of the arrows. Backward in the opposite order, beginning with 1 at the "
        "total: what a layer returns is the `dout` of the layers before it.",
        "The skeleton:\n    basket = add.forward(apple_sum, orange_sum)\n"
        "    total = mul_tax.forward(basket, tax)\n    d_basket, d_tax = mul_tax.backward(…)\n"
        "    d_apple_sum, d_orange_sum = add.backward(…)\n    …",
    ),
    probe=Probe(probes.shop),
    draw=draw_shop,
    remark="With two kinds of fruit you wrote no new formula: you connected what was there.",
)

# --------------------------------------------------------------------------- Sequential

ROTATIONS = (
    [[0.8, -1.1, 0.3], [0.5, 0.9, -0.7], [-1.2, 0.4, 0.6]],
    [[1.3, 0.2, -0.5], [-0.4, 0.7, 1.1], [0.9, -0.8, 0.6]],
)


def matrices(rng: np.random.Generator, count: int) -> list[np.ndarray]:
    """Draw square matrices that do not commute."""
    return [np.array(ROTATIONS[k % 2]) + 0.1 * rng.normal(size=(3, 3)) for k in range(count)]


def draw_sequential(rng: np.random.Generator) -> Iterator[Case]:
    for count, rows, note in (
        (3, 4, "three layers"),
        (1, 2, "a single layer"),
        (4, 1, "four layers and a batch of one"),
    ):
        x, dout = rng.normal(size=(rows, 3)), rng.normal(size=(rows, 3))
        yield Case({"weights": matrices(rng, count), "x": x, "dout": dout}, note)


def right_order(method: str):
    def compare(inputs, got, expected) -> str | None:
        if got == expected and isinstance(got, list):
            return None
        if not isinstance(got, list) or not all(isinstance(place, int) for place in got):
            return f"the layers were called in an order that is {describe(got)}."
        if not got:
            return f"Your {method} calls no layer's {method}."
        shown = ", ".join(str(place) for place in got[:8])
        wanted = ", ".join(str(place) for place in expected) or "none"
        return (
            f"Your {method} calls the layers in the order {shown}; expected {wanted}. "
            "(They are numbered as in the list, from 0.)"
        )

    return compare


def same_layers(inputs, got, expected) -> str | None:
    if isinstance(got, list) and got == expected:
        return None
    return "Your code changes the list of layers it was given: afterwards it is in another order."


ORDERS = (
    Output("forward_order", compare=right_order("forward")),
    Output("backward_order", compare=right_order("backward")),
    Output("layers", compare=same_layers),
    Output("out", "", "the shape that the last layer gives"),
    Output("dx", "", "the shape of the network's input"),
)


def row_init(self, layers):
    self.layers = layers


def row_forward(self, x):
    for layer in self.layers:
        x = layer.forward(x)
    return x


def row_backward(self, dout):
    for layer in reversed(self.layers):
        dout = layer.backward(dout)
    return dout


def row(backward=row_backward, forward=row_forward):
    return type("Sequential", (), {"__init__": row_init, "forward": forward, "backward": backward})


def row_forward_each_x(self, x):
    out = x
    for layer in self.layers:
        out = layer.forward(x)
    return out


def row_forward_all(self, x):
    outputs = []
    for layer in self.layers:
        x = layer.forward(x)
        outputs.append(x)
    return outputs


def row_forward_reversed(self, x):
    for layer in self.layers[::-1]:
        x = layer.forward(x)
    return x


def row_forward_first(self, x):
    for layer in self.layers:
        return layer.forward(x)
    return x


def row_backward_not_reversed(self, dout):
    for layer in self.layers:
        dout = layer.backward(dout)
    return dout


def row_backward_not_chained(self, dout):
    dx = dout
    for layer in reversed(self.layers):
        dx = layer.backward(dout)
    return dx


def row_backward_lost(self, dout):
    for layer in reversed(self.layers):
        layer.backward(dout)
    return dout


def row_backward_skips_first(self, dout):
    for index in range(len(self.layers) - 1, 0, -1):
        dout = self.layers[index].backward(dout)
    return dout


def row_backward_no_return(self, dout):
    for layer in reversed(self.layers):
        dout = layer.backward(dout)


def row_backward_reverses_list(self, dout):
    self.layers.reverse()
    for layer in self.layers:
        dout = layer.backward(dout)
    return dout


def row_backward_calls_forward(self, dout):
    for layer in reversed(self.layers):
        dout = layer.forward(dout)
    return dout


def row_backward_over_none(self, dout):
    for layer in self.layers.reverse():
        dout = layer.backward(dout)
    return dout


def row_backward_beyond(self, dout):
    for index in range(len(self.layers), 0, -1):
        dout = self.layers[index].backward(dout)
    return dout


def row_backward_first(self, dout):
    for layer in reversed(self.layers):
        return layer.backward(dout)
    return dout


def row_backward_pops(self, dout):
    while self.layers:
        dout = self.layers.pop().backward(dout)
    return dout


def row_backward_skips_last(self, dout):
    for layer in self.layers[-2::-1]:
        dout = layer.backward(dout)
    return dout


def row_backward_all(self, dout):
    gradients = []
    for layer in reversed(self.layers):
        dout = layer.backward(dout)
        gradients.append(dout)
    return gradients


def row_backward_multiplies(self, dout):
    for layer in reversed(self.layers):
        dout = dout * layer.backward(dout)
    return dout


class SequentialIndex:
    def __init__(self, layers):
        self.layers = tuple(layers)

    def forward(self, x):
        for index in range(len(self.layers)):
            x = self.layers[index].forward(x)
        return x

    def backward(self, dout):
        index = len(self.layers) - 1
        while index >= 0:
            dout = self.layers[index].backward(dout)
            index -= 1
        return dout


class SequentialReduce:
    def __init__(self, layers):
        self.there, self.back = list(layers), list(layers)[::-1]

    def forward(self, x):
        return reduce(lambda value, layer: layer.forward(value), self.there, x)

    def backward(self, dout):
        return reduce(lambda value, layer: layer.backward(value), self.back, dout)


class SequentialRecursive:
    def __init__(self, layers):
        self.first, self.rest = None, None
        if layers:
            self.first, self.rest = layers[0], SequentialRecursive(layers[1:])

    def forward(self, x):
        return x if self.first is None else self.rest.forward(self.first.forward(x))

    def backward(self, dout):
        return dout if self.first is None else self.first.backward(self.rest.backward(dout))


def row_backward_from_one(self, dout):
    gradient = 1.0
    for layer in reversed(self.layers):
        gradient = layer.backward(gradient)
    return gradient * dout


def row_forward_calls(self, x):
    for layer in self.layers:
        x = layer(x)
    return x


def row_backward_minus_zero(self, dout):
    for place in range(len(self.layers)):
        dout = self.layers[-place].backward(dout)
    return dout


SEQUENTIAL = Exercise(
    id="ch03.Sequential",
    title="Layers in a row",
    kind="class",
    points=3,
    reference=Sequential,
    accepted=(SequentialIndex, SequentialReduce, SequentialRecursive),
    mistakes=(
        Mistake(
            "not reversed",
            row(row_backward_not_reversed),
            "`backward` visits the layers in the order of `forward`. The gradient arrives at the "
            "*end* of the row, so the last layer has to be asked first.",
        ),
        Mistake(
            "every layer gets the first dout",
            row(row_backward_not_chained),
            "Every layer gets the same `dout`. Only the last one gets yours; each other one gets "
            "what the layer behind it returned.",
        ),
        Mistake(
            "gradient thrown away",
            row(row_backward_lost),
            "You call `backward` on each layer and drop what it returns, so `dout` comes out as it "
            "went in.",
        ),
        Mistake(
            "first layer skipped",
            row(row_backward_skips_first),
            "`backward` stops before the layer with number 0. `range(…, 0, -1)` ends *before* its "
            "second number.",
        ),
        Mistake(
            "no return",
            row(row_backward_no_return),
            "`backward` goes through all layers and then returns nothing.",
        ),
        Mistake(
            "loop over None",
            row(row_backward_over_none),
            "`.reverse()` turns a list round where it stands and returns None, so there is nothing to "
            "loop over.",
        ),
        Mistake(
            "index too large",
            row(row_backward_beyond),
            "`range(n, 0, -1)` begins with n, and a list of n layers ends with number n − 1.",
        ),
        Mistake(
            "return inside the backward loop",
            row(row_backward_first),
            "The `return` stands inside the loop, so `backward` ends after the last layer of the row.",
        ),
        Mistake(
            "layers taken out",
            row(row_backward_pops),
            "`pop` takes the layers out of the list. After one way back the network is empty.",
        ),
        Mistake(
            "last layer skipped",
            row(row_backward_skips_last),
            "The order is right, but the walk begins at the last layer but one.",
        ),
        Mistake(
            "all gradients",
            row(row_backward_all),
            "`backward` returns a list with the gradient before each layer. Only one is asked for: that "
            "of the network's input.",
            recognise=gives_a_list("dx"),
        ),
        Mistake(
            "multiplied once more",
            row(row_backward_multiplies),
            "You multiply by `dout`, but each layer has done that already: what its `backward` returns "
            "is the whole gradient of its input.",
        ),
        Mistake(
            "list reversed in place",
            row(row_backward_reverses_list),
            "`.reverse()` turns the stored list itself round. The next `forward` then runs from the "
            "last layer to the first, and the next `backward` turns it round again.",
        ),
        Mistake(
            "forward in the backward pass",
            row(row_backward_calls_forward),
            "`backward` calls `forward` on the layers. That pushes the gradient through the "
            "functions instead of their derivatives, and overwrites what they remember.",
        ),
        Mistake(
            "every layer gets x",
            row(forward=row_forward_each_x),
            "Every layer gets the network's input. Only the first one does; each other one gets the "
            "output of the layer before it.",
        ),
        Mistake(
            "all outputs",
            row(forward=row_forward_all),
            "`forward` returns a list with every layer's output. Only the last one is asked for.",
        ),
        Mistake(
            "forward from the end",
            row(forward=row_forward_reversed),
            "`forward` begins with the last layer of the list. The input enters at the first one.",
        ),
        Mistake(
            "return inside the loop",
            row(forward=row_forward_first),
            "The `return` stands inside the loop, so `forward` ends after the first layer.",
        ),
        Mistake(
            "begun with 1",
            row(row_backward_from_one),
            "A plain number goes into the last layer's `backward`. What belongs there is `dout`, "
            "which has a shape.",
        ),
        Mistake(
            "layer called like a function",
            row(forward=row_forward_calls),
            "`layer(x)` calls the object itself. The layers of this course have methods: `forward` "
            "and `backward`.",
        ),
        Mistake(
            "counted from minus zero",
            row(row_backward_minus_zero),
            "`layers[-0]` is `layers[0]`, the first one. Counted from the end, the last item has the "
            "place −1.",
        ),
    ),
    hints=(
        "Follow one sample through three layers with your finger, then a gradient the other way. "
        "Which layer sees what?",
        "Forward: what a layer returns is the next one's input. Backward: the same with gradients, "
        "from the last layer to the first. `reversed(a_list)` walks a list from its end without "
        "changing it.",
        "The skeleton:\n    def forward(self, x):\n        for layer in self.layers:\n"
        "            x = …\n        return x\n\n    def backward(self, dout):\n"
        "        for layer in …:\n            dout = …\n        return dout",
    ),
    probe=Probe(probes.sequential),
    draw=draw_sequential,
    outputs=ORDERS,
    remark="The check's own layers wrote down when each was called.",
)

# --------------------------------------------------------------------------- relu_fix


def draw_relu_fix(rng: np.random.Generator) -> Iterator[Case]:
    for shape, note in (((3, 4), "a batch of 3"), ((1, 5), "a batch of one"), ((6,), "one axis")):
        dout = away_from_zero(rng, *shape)[..., ::-1].copy()
        yield Case({"x": away_from_zero(rng, *shape), "dout": dout}, note)


def relu_backward_copy_not_called(self, dout):
    dx = dout.copy
    dx[~self.mask] = 0
    return dx


RELU_FIX = Exercise(
    id="ch03.relu_fix",
    title="Mend the ReLU that overwrites dout",
    kind="debug",
    points=2,
    reference=Relu,
    accepted=(ReluCopy, ReluWhere, ReluLoop),
    mistakes=(
        Mistake(
            "still overwrites dout",
            relu(relu_backward_in_place),
            "`backward` still writes into the array it was given, as the given code does. `dx = dout` "
            "alone does not help: that is a second name for the same array, and `*=` writes in place too.",
        ),
        Mistake(
            "everything passes",
            relu(lambda self, dout: 1 * dout),
            "Without the line that sets entries to 0 nothing is overwritten, but now gradients pass "
            "where the input was negative.",
        ),
        Mistake(
            "upstream dropped",
            relu(lambda self, dout: self.mask * 1.0),
            "The caller's array is safe now, but `dout` no longer has any effect on the result.",
        ),
        Mistake(
            "mask inverted",
            relu(lambda self, dout: dout * ~self.mask),
            "You make a new array, but with the mask the wrong way round: what should be stopped passes.",
        ),
        Mistake(
            "open entries picked out",
            relu(lambda self, dout: dout[self.mask]),
            "You pick out the entries that pass and drop the others, so the shape is lost. The others "
            "stay in their places, as zeros.",
        ),
        Mistake(
            "overwrites x instead",
            relu(relu_backward, relu_forward_in_place),
            "`dout` is safe, but now the array `x` is written into. `self.x = x` and `out = x` make no "
            "copy.",
        ),
        Mistake(
            "mask from the gradient",
            relu(lambda self, dout: dout * (dout > 0)),
            "You make a new array, but you look at the sign of `dout`. What counts is the sign of the input.",
        ),
        Mistake(
            "multiplied by the output",
            relu(lambda self, dout: dout * self.out),
            "You make a new array, but you multiply `dout` by the output. Where the gate is open, "
            "`dout` passes as it is.",
        ),
        Mistake(
            "two masks",
            relu(lambda self, dout: dout * self.mask * (dout > 0)),
            "You make a new array, but you stop the negative entries of `dout` as well. Only the sign "
            "of the *input* decides.",
        ),
        Mistake(
            "Python's max",
            relu(relu_backward, relu_forward_max),
            "`max(x, 0)` and `if x > 0` ask once whether the whole array is larger than 0, and an "
            "array has no single answer. You need a comparison entry by entry.",
            recognise=asks_a_whole_array,
        ),
        *nothing_stored(relu(relu_backward)),
        Mistake(
            "sign of the input",
            relu(lambda self, dout: dout * np.sign(self.x), relu_forward_keeps_x),
            "You make a new array, but where x is negative the gradient is turned round. It has to be "
            "stopped.",
        ),
        Mistake(
            "copy not called",
            relu(relu_backward_copy_not_called),
            "Without brackets, `dout.copy` is the method itself and not a copy.",
        ),
    ),
    hints=(
        "Print `dout` before and after `backward`. To whom does that array belong?",
        "The result has to be a *new* array: either make a copy before you write, or use an operation "
        "that creates one, such as a product.",
        "The skeleton:\n    def backward(self, dout):\n        dx = …      # a new array\n        return dx",
    ),
    probe=Probe(probes.skip_block),
    draw=draw_relu_fix,
    outputs=like_x("out", "dx", "dout + dx"),
    remark="You were checked inside y = x + relu(x), where one dout serves two branches.",
)

# --------------------------------------------------------------------------- reverse_fix


def draw_reverse_fix(rng: np.random.Generator) -> Iterator[Case]:
    for count, rows, note in (
        (3, 2, "three layers"),
        (4, 1, "four layers and a batch of one"),
        (1, 2, "a single layer"),
    ):
        yield Case({"weights": matrices(rng, count), "dout": rng.normal(size=(rows, 3))}, note)


def back_through(layers, dout):
    for layer in layers[::-1]:
        dout = layer.backward(dout)
    return dout


def back_reversed(layers, dout):
    for layer in reversed(layers):
        dout = layer.backward(dout)
    return dout


def back_copy(layers, dout):
    order = list(layers)
    order.reverse()
    for layer in order:
        dout = layer.backward(dout)
    return dout


def back_pop(layers, dout):
    left = list(layers)
    while left:
        dout = left.pop().backward(dout)
    return dout


def back_as_given(layers, dout):
    order = list(layers).reverse()
    for layer in order:
        dout = layer.backward(dout)
    return dout


def back_in_place(layers, dout):
    layers.reverse()
    for layer in layers:
        dout = layer.backward(dout)
    return dout


def back_not_reversed(layers, dout):
    for layer in list(layers):
        dout = layer.backward(dout)
    return dout


def back_all_but_last(layers, dout):
    for layer in layers[:-1]:
        dout = layer.backward(dout)
    return dout


def back_from_last_but_one(layers, dout):
    for layer in layers[-2::-1]:
        dout = layer.backward(dout)
    return dout


def back_sorted(layers, dout):
    for layer in sorted(layers, reverse=True):
        dout = layer.backward(dout)
    return dout


def back_not_chained(layers, dout):
    dx = dout
    for layer in reversed(layers):
        dx = layer.backward(dout)
    return dx


def back_lost(layers, dout):
    for layer in reversed(layers):
        layer.backward(dout)
    return dout


def back_first_only(layers, dout):
    for layer in reversed(layers):
        return layer.backward(dout)
    return dout


def back_pops(layers, dout):
    while layers:
        dout = layers.pop().backward(dout)
    return dout


def back_from_one(layers, dout):
    gradient = 1.0
    for layer in reversed(layers):
        gradient = layer.backward(gradient)
    return gradient


def back_index_too_large(layers, dout):
    for place in range(len(layers), 0, -1):
        dout = layers[place].backward(dout)
    return dout


def back_all_but_first(layers, dout):
    for layer in layers[:0:-1]:
        dout = layer.backward(dout)
    return dout


def back_minus_zero(layers, dout):
    for place in range(len(layers)):
        dout = layers[-place].backward(dout)
    return dout


REVERSE_FIX = Exercise(
    id="ch03.reverse_fix",
    title="Mend the reversed list",
    kind="debug",
    points=2,
    reference=back_through,
    accepted=(back_reversed, back_copy, back_pop),
    mistakes=(
        Mistake(
            "still the given code",
            back_as_given,
            "The loop still runs over what `.reverse()` *returns*. That method turns a list round "
            "where it stands and returns None.",
        ),
        Mistake(
            "caller's list reversed",
            back_in_place,
            "The order is right this time, but you turned the caller's own list round. The network's "
            "next forward pass would run backwards.",
        ),
        Mistake(
            "not reversed",
            back_not_reversed,
            "No error any more, but the layers are now visited from first to last. The gradient "
            "arrives at the end of the row.",
        ),
        Mistake(
            "gradient thrown away",
            back_lost,
            "The order is right, but what each layer returns is dropped, so `dout` comes out as it "
            "went in.",
        ),
        Mistake(
            "return inside the loop",
            back_first_only,
            "The order is right, but the `return` stands inside the loop: only one layer gets its turn.",
        ),
        Mistake(
            "layers taken out",
            back_pops,
            "`pop` takes the layers out of the caller's list. After one call the network is empty.",
        ),
        Mistake(
            "[:-1] for [::-1]",
            back_all_but_last,
            "`layers[:-1]` is the list without its last item, in the old order. The slice that walks "
            "backwards has two colons.",
        ),
        Mistake(
            "last layer skipped",
            back_from_last_but_one,
            "The order is right, but the walk begins at the last layer but one.",
        ),
        Mistake(
            "sorted",
            back_sorted,
            "`sorted` compares the layers with each other, and layers have no larger and smaller. "
            "You want the order of the list, from its end.",
        ),
        Mistake(
            "every layer gets the first dout",
            back_not_chained,
            "The order is right, but every layer now gets the same `dout` instead of what the layer "
            "behind it returned.",
        ),
        Mistake(
            "begun with 1",
            back_from_one,
            "A plain number goes into the last layer's `backward`. What belongs there is `dout`, "
            "which has a shape.",
        ),
        Mistake(
            "index too large",
            back_index_too_large,
            "A list of three layers has the places 0, 1 and 2: there is no place `len(layers)`.",
        ),
        Mistake(
            "first layer skipped",
            back_all_but_first,
            "The order is right, but the walk ends before the first layer of the list.",
        ),
        Mistake(
            "counted from minus zero",
            back_minus_zero,
            "`layers[-0]` is `layers[0]`, the first one. Counted from the end, the last item has the "
            "place −1.",
        ),
    ),
    hints=(
        "Try `print([1, 2, 3].reverse())`. What does the loop run over?",
        "Python has two ways to walk a list from its end that leave the list as it is: a slice with "
        "a negative step, and a built-in function.",
        "The skeleton:\n    def back_through(layers, dout):\n        for layer in …:      # from the end\n"
        "            dout = …\n        return dout",
    ),
    probe=Probe(probes.back_through),
    draw=draw_reverse_fix,
    outputs=ORDERS,
    remark="Your function was called twice on the same list, and the list stayed as it was.",
)

# --------------------------------------------------------------------------- shared_layer_fix


class Scale:
    """Multiply by a fixed number: out = factor · x."""

    def __init__(self, factor):
        self.factor = factor

    def forward(self, x):
        return self.factor * x

    def backward(self, dout):
        return self.factor * dout


def draw_network(rng: np.random.Generator) -> Iterator[Case]:
    for shape, note in (
        ((3, 4), "a batch of 3"),
        ((1, 5), "a batch of one"),
        ((4, 2), "a batch of 4"),
    ):
        inputs = {"first": float(rng.uniform(0.6, 1.0)), "second": float(rng.uniform(1.3, 1.9))}
        arrays = {"x": rng.uniform(0.2, 1.6, size=shape), "dout": rng.normal(size=shape)}
        yield Case({**inputs, **arrays}, note)


def make_network(first, second):
    return Sequential([Scale(first), Tanh(), Scale(second), Tanh()])


def network_loop(first, second):
    layers = []
    for factor in (first, second):
        layers += [Scale(factor), Tanh()]
    return Sequential(layers)


def network_copies(first, second):
    tanh = Tanh()
    return Sequential([Scale(first), copy.copy(tanh), Scale(second), copy.copy(tanh)])


class NetworkOfFormulas:
    def __init__(self, first, second):
        self.first, self.second = first, second

    def forward(self, x):
        self.inner = np.tanh(self.first * x)
        self.outer = np.tanh(self.second * self.inner)
        return self.outer

    def backward(self, dout):
        d_inner = dout * (1 - self.outer**2) * self.second
        return d_inner * (1 - self.inner**2) * self.first


def network_as_given(first, second):
    tanh = Tanh()
    return Sequential([Scale(first), tanh, Scale(second), tanh])


OUTSIDE = (Tanh(), Tanh())


def network_outside(first, second):
    return Sequential([Scale(first), OUTSIDE[0], Scale(second), OUTSIDE[1]])


def network_first_outside(first, second):
    return Sequential([Scale(first), OUTSIDE[0], Scale(second), Tanh()])


def network_of_classes(first, second):
    return Sequential([Scale(first), Tanh, Scale(second), Tanh])


def network_first_scale_twice(first, second):
    scale = Scale(first)
    return Sequential([scale, Tanh(), scale, Tanh()])


def network_swapped(first, second):
    return Sequential([Scale(second), Tanh(), Scale(first), Tanh()])


def network_one_tanh(first, second):
    return Sequential([Scale(first), Scale(second), Tanh()])


def network_last_tanh_lost(first, second):
    return Sequential([Scale(first), Tanh(), Scale(second)])


def network_tanh_first(first, second):
    return Sequential([Tanh(), Scale(first), Tanh(), Scale(second)])


def network_one_scale(first, second):
    scale = Scale(first)
    scale.factor = second
    return Sequential([scale, Tanh(), scale, Tanh()])


def network_of_the_example(first, second):
    return Sequential([Scale(0.8), Tanh(), Scale(1.5), Tanh()])


def network_without_a_list(first, second):
    return Sequential(Scale(first), Tanh(), Scale(second), Tanh())


SHARED_LAYER_FIX = Exercise(
    id="ch03.shared_layer_fix",
    title="Mend the shared layer",
    kind="debug",
    points=2,
    reference=make_network,
    accepted=(network_loop, network_copies, NetworkOfFormulas),
    mistakes=(
        Mistake(
            "still one tanh object",
            network_as_given,
            "Both places of the row still hold the *same* tanh object; a second name for it "
            "(`b = a`) makes no second object. Its second `forward` overwrites what the first one "
            "stored.",
        ),
        Mistake(
            "tanh objects made outside",
            network_outside,
            "There are two tanh objects now, but they are made once, outside the function, so two "
            "networks share them: the second network's forward pass spoils the first one's memory.",
        ),
        Mistake(
            "one tanh made outside",
            network_first_outside,
            "One of the tanh objects is made once, outside the function or as a default argument, so "
            "two networks share it: the second network's forward pass spoils the first one's memory.",
        ),
        Mistake(
            "brackets after Tanh missing",
            network_of_classes,
            "Without brackets, `Tanh` is the class itself and not a layer. Calling it makes an object.",
        ),
        Mistake(
            "first factor twice",
            network_first_scale_twice,
            "Both scales multiply by the first factor. The second one has a factor of its own.",
        ),
        Mistake(
            "factors swapped",
            network_swapped,
            "Each tanh has its own object now, but the two factors have changed places.",
        ),
        Mistake(
            "inner tanh removed",
            network_one_tanh,
            "With one tanh nothing is shared, but that is another network: the tanh between the two "
            "scales is missing.",
        ),
        Mistake(
            "outer tanh removed",
            network_last_tanh_lost,
            "With one tanh nothing is shared, but that is another network: the tanh at the end is missing.",
        ),
        Mistake(
            "tanh before scale",
            network_tanh_first,
            "The order within the row has changed: first the scale, then the tanh.",
        ),
        Mistake(
            "one scale object",
            network_one_scale,
            "Now the two scales are one object, so both multiply by the factor that was set last.",
        ),
        Mistake(
            "numbers of the example",
            network_of_the_example,
            "The factors are always 0.8 and 1.5. Use the arguments, `first` and `second`.",
        ),
        Mistake(
            "layers without a list",
            network_without_a_list,
            "`nn.Sequential` takes *one* argument, a list of layers: square brackets are missing.",
        ),
    ),
    hints=(
        "How many tanh objects does the given code make? How many places of the row need a memory "
        "of their own?",
        "Every call of a class, such as `Tanh()`, makes a new object. An object in a list is not "
        "copied: the same name twice is the same object twice.",
        "The skeleton:\n    def make_network(first, second):\n"
        "        return nn.Sequential([Scale(first), …, Scale(second), …])",
    ),
    probe=Probe(probes.network),
    draw=draw_network,
    outputs=like_x("out", "dx"),
    remark="Two of your networks were run in turns; no layer of one touched the memory of another.",
)

# --------------------------------------------------------------------------- check_layer


def written_into(array, values):
    array[...] = values
    return array


def one_entry_off(dx):
    """Enlarge the largest entry, but for the first one, by 30 %: an error of 0.13 there."""
    dx.flat[1 + np.abs(dx.flat[1:]).argmax()] *= 1.3
    return dx


def first_row_only(dx):
    return np.concatenate([dx[:1], np.zeros_like(dx[1:])])


def zero_in_place(array, where):
    array[where] = 0
    return array


RIGHT: dict[str, tuple[str, Callable[..., np.ndarray]]] = {
    "tanh": ("tanh", lambda x, out, dout: dout * (1 - out**2)),
    "relu": ("relu", lambda x, out, dout: dout * (x > 0)),
    "x · W": ("x · W", lambda x, out, dout: dout @ probes.WIDE.T),
    "transpose": ("transpose", lambda x, out, dout: dout.T),
    "identity": ("identity", lambda x, out, dout: dout),
    "steep exponential": (
        "steep exponential",
        lambda x, out, dout: dout * probes.STEEP * out,
    ),
}
"""Right layers of the zoo: the name of their forward in the probe, and their backward."""

WRONG: dict[str, tuple[str, Callable[..., np.ndarray]]] = {
    "tanh, dout dropped": ("tanh", lambda x, out, dout: 1 - out**2),
    "relu, mask taken from dout": ("relu", lambda x, out, dout: dout * (dout > 0)),
    "sigmoid, one factor lost": ("sigmoid", lambda x, out, dout: dout * out),
    "x · W, W not transposed": ("x · square W", lambda x, out, dout: dout @ probes.SQUARE),
    "transpose, undone by reshape": (
        "transpose",
        lambda x, out, dout: dout.reshape(x.shape),
    ),
    "tanh, first sample only": (
        "tanh",
        lambda x, out, dout: first_row_only(dout * (1 - out**2)),
    ),
    "tanh, one entry wrong": (
        "tanh",
        lambda x, out, dout: one_entry_off(dout * (1 - out**2)),
    ),
    "tanh, every slope too small": (
        "tanh",
        lambda x, out, dout: dout * (1 - out**2) - 0.5 * np.abs(dout),
    ),
    "tiny slope, twice too large": ("tiny slope", lambda x, out, dout: 2e-4 * dout),
    "row sum, dx of shape (N, 1)": ("row sum", lambda x, out, dout: dout[:, None]),
    "relu that overwrites dout": ("relu", lambda x, out, dout: zero_in_place(dout, x <= 0)),
    "relu that overwrites x": ("relu in place", lambda x, out, dout: dout * (x > 0)),
    "square that makes x positive": ("square in place", lambda x, out, dout: dout * 2 * x),
    "identity that writes dx into x": (
        "identity",
        lambda x, out, dout: written_into(out, dout),
    ),
}
"""Wrong layers of the zoo."""

GROUPS = {
    "A": ("tanh", "row sum, dx of shape (N, 1)", "sigmoid, one factor lost"),
    "B": ("relu", "relu that overwrites dout", "x · W, W not transposed"),
    "C": (
        "x · W",
        "relu that overwrites x",
        "square that makes x positive",
        "identity that writes dx into x",
    ),
    "D": (
        "transpose",
        "transpose, undone by reshape",
        "tanh, dout dropped",
        "relu, mask taken from dout",
        "tanh, first sample only",
    ),
    "E": ("identity", "tiny slope, twice too large", "tanh, one entry wrong"),
    "F": ("steep exponential", "tanh, every slope too small"),
}
"""Layers that are judged as one output: those that one fault of a check shows itself in.

Faults that often come together show themselves in different groups, so that each is found.
"""


def walk_back(inputs, x, out, dout):
    """Go back through the layer of a case, as `probes.ch03.layer_checker` asks for it."""
    lent = (x, out, dout)
    _, backward = {**RIGHT, **WRONG}[inputs["layer"]]
    dx = backward(*lent)
    place = next((i for i, one in enumerate(lent) if one is dx), None)
    return (place, dx, *lent)


def draw_zoo(rng: np.random.Generator) -> Iterator[Case]:
    for name in rng.permutation([*RIGHT, *WRONG]).tolist():
        kind, forward = ("right", RIGHT[name][0]) if name in RIGHT else ("wrong", WRONG[name][0])
        x = away_from_zero(rng, 2, 3)
        if name == "steep exponential":
            x *= 0.005
        if name == "relu, mask taken from dout":  # so wide that some of a random dout is negative
            x = np.abs(away_from_zero(rng, 4, 5))
        if name == "tanh, one entry wrong":  # one among so many that a mean hides it
            x = away_from_zero(rng, 3, 6)
        group = next(letter for letter, names in GROUPS.items() if name in names)
        inputs = {"forward": forward, "x": x, "seed": int(rng.integers(2**31))}
        names = {what: f"{what}, group {group}" for what in ZOO_OUTPUTS}
        yield Case(inputs, f"a {kind} layer, {name}", hidden={"layer": name}, names=names)


def judge_error(inputs, got, expected) -> str | None:
    """Say what is wrong with a decision of the candidate's check."""
    if isinstance(got, str) and got == expected:
        return None
    right = expected == "accepts"
    kind, goal = ("right", "below 1e-4") if right else ("wrong", "above 1e-2 or inf")
    found = {
        "accepts": "returns less than 1e-4, so it accepts the layer",
        "rejects": "returns more than 1e-2, so it rejects the layer",
        "undecided": "returns something between 1e-4 and 1e-2, which decides nothing",
        "negative": "returns a negative number, which is no size of an error",
        "nan": "returns nan, which decides nothing: every comparison with it is False",
    }
    text = found.get(got) if isinstance(got, str) else None
    text = text or f"returns {describe(got)}, expected a number"
    return f"check_layer {text}. The layer is {kind}: expected {goal}."


def judge_memory(inputs, got, expected) -> str | None:
    """Say if a right layer remembered another x than the given one when backward was called."""
    if inputs["layer"] in WRONG or (isinstance(got, str) and got == expected):
        return None
    if got == "never":
        return "check_layer never calls the layer's backward."
    return "When check_layer calls backward, the layer has last gone forward with another x."


def judge_x(inputs, got, expected) -> str | None:
    """Say if the check changed x; a wrong layer may spoil it, and that is not the check's fault."""
    if inputs["layer"] in WRONG or same(got, inputs["x"]):
        return None
    return "check_layer changes x in place. The caller still needs x."


ZOO_OUTPUTS = {"decision": judge_error, "x at backward": judge_memory, "x afterwards": judge_x}


def check_layer(layer, x, rng, h=1e-5):
    given_x = x.copy()
    dout = rng.standard_normal(layer.forward(given_x).shape)
    given_dout = dout.copy()
    dx = np.array(layer.backward(given_dout))
    if dx.shape != x.shape or np.any(given_x != x) or np.any(given_dout != dout):
        return np.inf
    numeric = numerical_gradient(lambda z: np.sum(layer.forward(z) * dout), x.copy(), h)
    return relative_error(dx, numeric)


def check_layer_loops(layer, x, rng, h=1e-5):
    """Uniform dout with signs, own loops, an error relative to the largest entry."""
    kept = x.copy()
    out = np.array(layer.forward(kept))
    dout = rng.uniform(0.5, 1.5, size=out.shape) * rng.choice([-1, 1], size=out.shape)
    sent = dout.copy()
    dx = np.array(layer.backward(sent))
    if dx.shape != x.shape or not (np.array_equal(sent, dout) and np.array_equal(kept, x)):
        return float("inf")
    numeric = np.zeros(x.shape)
    for place in np.ndindex(x.shape):
        step = np.zeros(x.shape)
        step[place] = h
        difference = layer.forward(x + step) - layer.forward(x - step)
        numeric[place] = np.sum(difference / (2 * h) * dout)
    return np.abs(dx - numeric).max() / np.abs(numeric).max()


def check_layer_norms(layer, x, rng, h=1e-5):
    """The relative error of the whole array, by its length."""
    x_sent = np.array(x)
    shape = layer.forward(x_sent).shape
    dout = rng.normal(size=shape)
    layer.forward(x_sent)
    dout_sent = np.array(dout)
    dx = layer.backward(dout_sent) + 0.0
    if dx.shape != x.shape or (x_sent != x).any() or (dout_sent != dout).any():
        return np.inf
    numeric = numerical_gradient(lambda z: float((layer.forward(z) * dout).sum()), x + 0.0, h)
    return np.linalg.norm(dx - numeric) / (np.linalg.norm(dx) + np.linalg.norm(numeric))


def normal(rng, shape):
    return rng.standard_normal(shape)


def forward_difference(f, x, h):
    grad, at_x = np.zeros(x.shape), f(x.copy())
    for place in np.ndindex(x.shape):
        moved = x.copy()
        moved[place] += h
        grad[place] = (f(moved) - at_x) / h
    return grad


def half_step(f, x, h):
    return 2 * numerical_gradient(f, x, h)


def divided_by_zero(a, b):
    with np.errstate(all="ignore"):
        return float(np.max(np.abs(a - b) / (np.abs(a) + np.abs(b))))


def signed_error(a, b):
    return float(np.max((a - b) / np.maximum(np.abs(a) + np.abs(b), 1e-8)))


def mean_error(a, b):
    size = np.abs(a) + np.abs(b)
    return float(np.mean(np.abs(a - b) / np.where(size == 0, 1, size)))


def broadcast_error(a, b):
    return float(np.max(np.abs(a - b) / np.maximum(np.abs(a) + np.abs(b), 1e-8)))


def checker(
    *,
    upstream=normal,
    numeric=numerical_gradient,
    error=relative_error,
    look_at_x=True,
    look_at_dout=True,
    look_at_shape=True,
    project=True,
    fresh=False,
):
    """A wrong check: the reference with something left out or put wrongly."""

    def wrong(layer, x, rng, h=1e-5):
        given_x = x.copy()
        dout = upstream(rng, layer.forward(given_x).shape)
        given_dout = dout.copy()
        dx = np.array(layer.backward(given_dout))
        if look_at_shape and dx.shape != x.shape:
            return np.inf
        if look_at_x and np.any(given_x != x):
            return np.inf
        if look_at_dout and np.any(given_dout != dout):
            return np.inf
        weight = dout if project else 1.0

        def projected(z):
            return np.sum(layer.forward(z.copy() if fresh else z) * weight)

        found = numeric(projected, x.copy(), h)
        return error(dx, found)

    return wrong


def check_layer_shape_of_x(layer, x, rng, h=1e-5):
    given_x, dout = x.copy(), rng.standard_normal(x.shape)
    layer.forward(given_x)
    given_dout = dout.copy()
    dx = np.array(layer.backward(given_dout))
    if dx.shape != x.shape or np.any(given_x != x) or np.any(given_dout != dout):
        return np.inf
    numeric = numerical_gradient(lambda z: np.sum(layer.forward(z) * dout), x.copy(), h)
    return relative_error(dx, numeric)


def check_layer_early_look(layer, x, rng, h=1e-5):
    given_x = x.copy()
    dout = rng.standard_normal(layer.forward(given_x).shape)
    spoilt = np.any(given_x != x)
    given_dout = dout.copy()
    dx = np.array(layer.backward(given_dout))
    if dx.shape != x.shape or spoilt or np.any(given_dout != dout):
        return np.inf
    numeric = numerical_gradient(lambda z: np.sum(layer.forward(z) * dout), x.copy(), h)
    return relative_error(dx, numeric)


def check_layer_stale(layer, x, rng, h=1e-5):
    given_x = x.copy()
    dout = rng.standard_normal(layer.forward(given_x).shape)
    numeric = numerical_gradient(lambda z: np.sum(layer.forward(z) * dout), x.copy(), h)
    given_dout = dout.copy()
    dx = np.array(layer.backward(given_dout))
    if dx.shape != x.shape or np.any(given_x != x) or np.any(given_dout != dout):
        return np.inf
    return relative_error(dx, numeric)


def check_layer_not_restored(layer, x, rng, h=1e-5):
    def numeric(f, _, h):
        grad = np.zeros(x.shape)
        for place in np.ndindex(x.shape):
            x[place] += h
            above = f(x)
            x[place] -= 2 * h
            grad[place] = (above - f(x)) / (2 * h)
        return grad

    return checker(numeric=numeric)(layer, x, rng, h)


def check_layer_unmoved(layer, x, rng, h=1e-5):
    """The copy is moved, but the original goes forward."""

    def numeric(f, z, h):
        return numerical_gradient(lambda _: f(x), z, h)

    return checker(numeric=numeric)(layer, x, rng, h)


def check_layer_late_copy(layer, x, rng, h=1e-5):
    moved = x.copy()
    dout = rng.standard_normal(layer.forward(moved).shape)
    kept, given_dout = moved.copy(), dout.copy()
    dx = np.array(layer.backward(given_dout))
    if dx.shape != x.shape or np.any(moved != kept) or np.any(given_dout != dout):
        return np.inf
    numeric = numerical_gradient(lambda z: np.sum(layer.forward(z) * dout), kept, h)
    return relative_error(dx, numeric)


def check_layer_entry_by_entry(layer, x, rng, h=1e-5):
    dout = rng.standard_normal(layer.forward(x).shape)
    dx = layer.backward(dout.copy())
    slope = (layer.forward(x + h) - layer.forward(x - h)) / (2 * h)
    return relative_error(dx, slope * dout)


def asks_entry_by_entry(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
    """Recognise that dx is compared with something in the shape of the output of x · W."""
    return any(
        case.hidden["layer"] == "x · W"
        and one.failure is not None
        and one.failure.type == "ValueError"
        and re.search(r"\(2, ?3\).*\(2, ?4\)", one.failure.message) is not None
        for case, one in zip(cases, seen, strict=False)
    )


def check_layer_asserts(layer, x, rng, h=1e-5):
    given_x = x.copy()
    dout = rng.standard_normal(layer.forward(given_x).shape)
    given_dout = dout.copy()
    dx = np.array(layer.backward(given_dout))
    assert dx.shape == x.shape
    assert np.all(given_x == x) and np.all(given_dout == dout)
    numeric = numerical_gradient(lambda z: np.sum(layer.forward(z) * dout), x.copy(), h)
    return relative_error(dx, numeric)


def stops_by_assert(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
    """Recognise an assertion of the answer's own."""
    return any(one.failure is not None and one.failure.type == "AssertionError" for one in seen)


CHECK_LAYER = Exercise(
    id="ch03.check_layer",
    title="A gradient check for any layer",
    kind="function",
    points=3,
    reference=check_layer,
    accepted=(check_layer_loops, check_layer_norms),
    mistakes=(
        Mistake(
            "dout of ones",
            checker(upstream=lambda rng, shape: np.ones(shape)),
            "Your `dout` is all ones. Multiplying by 1 changes nothing, so a layer that forgets "
            "`dout`, or mixes up its entries, looks right.",
        ),
        Mistake(
            "dout of one number",
            checker(upstream=lambda rng, shape: np.full(shape, rng.standard_normal())),
            "A layer that mixes up the entries of `dout` looks right to your check. Either all entries "
            "of your `dout` are the same number, or you compare sums and lengths instead of entries.",
        ),
        Mistake(
            "dout never negative",
            checker(upstream=lambda rng, shape: rng.random(shape)),
            "Your `dout` has no negative numbers. A gradient has, and a layer that lets only positive "
            "ones through looks right to your check.",
        ),
        Mistake(
            "dout left out of the projection",
            checker(project=False),
            "`backward` gets your `dout`, but the number that you differentiate is the plain sum of "
            "the outputs. The two belong to different losses.",
        ),
        Mistake(
            "dout in the shape of x",
            check_layer_shape_of_x,
            "You draw `dout` in the shape of x. It belongs to the *output*, whose shape may differ.",
        ),
        Mistake(
            "forward difference",
            checker(numeric=forward_difference),
            "You step to one side only. That error shrinks with h and not with h², and for a layer "
            "that bends sharply it is too large to tell right from wrong.",
        ),
        Mistake(
            "factor 2 lost",
            checker(numeric=half_step),
            "f(x + h) − f(x − h) belongs to a step of 2h. Divided by h alone every gradient is "
            "twice too large, and right layers look wrong.",
        ),
        Mistake(
            "absolute error",
            checker(error=lambda a, b: float(np.abs(a - b).max())),
            "You return the difference itself. Where gradients are tiny it is tiny too, although the "
            "gradient may be twice what it should be. Compare it with the gradients' size.",
        ),
        Mistake(
            "0/0",
            checker(error=divided_by_zero),
            "Where both gradients are 0, as in a closed ReLU, your formula is 0/0. That is nan, and "
            "nan < 1e-4 is False.",
        ),
        Mistake(
            "signed difference",
            checker(error=signed_error),
            "You keep the sign of the difference. Where dx is too small the difference is negative, "
            "and the largest of negative numbers hides every error.",
        ),
        Mistake(
            "first entry only",
            checker(error=lambda a, b: relative_error(a.flat[0], b.flat[0])),
            "Your check is content when one entry is right, the first or the best. A layer can be right "
            "there and wrong everywhere else.",
        ),
        Mistake(
            "no look at dout",
            checker(look_at_dout=False),
            "A layer that overwrites `dout` passes your check. Its dx is right, but the caller's "
            "array is spoilt: keep a copy and compare afterwards.",
        ),
        Mistake(
            "no look at x",
            checker(look_at_x=False, fresh=True),
            "A layer that overwrites its input passes your check. Keep a copy of x and compare "
            "with it at the end.",
        ),
        Mistake(
            "x never compared",
            checker(look_at_x=False),
            "A layer that overwrites its input passes your check, unless your measurement stumbles "
            "over it. Keep a copy of x from before and compare with it at the end.",
        ),
        Mistake(
            "x looked at too early",
            check_layer_early_look,
            "A layer that writes into x on the way *back* passes your check. Compare x with its copy "
            "after `backward`.",
        ),
        Mistake(
            "mean error",
            checker(error=mean_error),
            "One wrong entry among many right ones disappears in your error. That is what a mean does: "
            "ask for the largest.",
        ),
        Mistake(
            "nothing compared",
            lambda layer, x, rng, h=1e-5: 0.0,
            "Your check says the same of every layer and never asks it to go back.",
        ),
        Mistake(
            "no look at the shape",
            checker(look_at_shape=False, error=broadcast_error),
            "A dx of shape (N, 1) passes your check: NumPy stretches it to (N, D) in the "
            "subtraction, without a word. Compare the shapes first.",
        ),
        Mistake(
            "shapes left to relative_error",
            checker(look_at_shape=False),
            "`relative_error` raises an error when the shapes differ. A dx of the wrong shape is a "
            "wrong layer, and your check should say so instead of stopping.",
        ),
        Mistake(
            "backward after other forward passes",
            check_layer_stale,
            "You call `backward` after the numerical gradient. By then the layer remembers the last "
            "shifted x and not yours.",
        ),
        Mistake(
            "x not put back",
            check_layer_not_restored,
            "You shift the entries of x and do not put them back, so each entry is measured at "
            "another place, and the caller's x is spoilt.",
        ),
        Mistake(
            "the copy is shifted",
            check_layer_unmoved,
            "Right layers are rejected, too. Does anything move in your measurement? If a copy is "
            "shifted and `forward` gets the original, the numerical gradient is 0.",
        ),
        Mistake(
            "True or False",
            lambda layer, x, rng, h=1e-5: bool(check_layer(layer, x, rng, h) < 1e-4),
            "You return the decision. Return the error itself: 1e-9 and 1e-5 both pass, and the "
            "difference tells you something.",
        ),
        Mistake(
            "x copied too late",
            check_layer_late_copy,
            "A layer that writes into x on the way *forward* passes your check: you copy x when it is "
            "changed already. The copy has to be made before `forward`.",
        ),
        Mistake(
            "slopes entry by entry",
            check_layer_entry_by_entry,
            "You compare dx with something in the shape of the *output*. An output may depend on many "
            "entries of x, or have another shape: move one entry of x at a time, and add up over the "
            "outputs.",
            recognise=asks_entry_by_entry,
        ),
        Mistake(
            "stops instead of answering",
            check_layer_asserts,
            "`assert` stops the program at the first fault. Your check should go on and say `np.inf`.",
            recognise=stops_by_assert,
        ),
    ),
    hints=(
        "A layer has many outputs and a gradient belongs to one number. Which number has exactly "
        "your `dout` as its gradient with respect to the outputs?",
        "That number is Σ out · dout. Draw `dout` in the shape of the output, call `backward` right "
        "after `forward`, and hand over copies so that you can see whether they were changed.",
        "The skeleton:\n    given_x = …           # a copy\n    out = layer.forward(given_x)\n    dout = rng.standard_normal(…)\n"
        "    given_dout = …\n    dx = np.array(…)      # a copy, in case the layer reuses its array\n"
        "    if …:                 # wrong shape, x changed, dout changed\n        return …\n"
        "    numeric = nn.numerical_gradient(lambda z: …, x.copy(), h)\n    return nn.relative_error(…, …)",
    ),
    probe=Probe(probes.layer_checker),
    draw=draw_zoo,
    outputs=(
        *(
            Output(f"{what}, group {group}", compare=judge)
            for group in GROUPS
            for what, judge in ZOO_OUTPUTS.items()
        ),
    ),
    remark=f"Your check accepted {len(RIGHT)} right layers and rejected {len(WRONG)} wrong ones.",
    oracle=walk_back,
    repeat=False,  # what is observed are decisions, and a second run decides the same
)

# --------------------------------------------------------------------------- which_test

TESTS = {
    "ones_square": "`dout` all ones, `x` of shape (4, 4)",
    "ones_rectangular": "`dout` all ones, `x` of shape (2, 3)",
    "random_rectangular": "`dout` random, `x` of shape (2, 3)",
    "random_and_copies": "the same, and `x` and `dout` are compared with copies made before",
}

BUGS = {
    "sigmoid": "`Sigmoid.backward` returns `self.out * (1 - self.out)`",
    "transpose": "a layer with `out = x.T` whose `backward` returns `dout`",
    "tanh": "`Tanh.backward` returns `dout * (1 - self.x**2)`",
    "relu": "`Relu.backward` is `dout[self.x <= 0] = 0; return dout`",
}

CAUGHT = {
    "sigmoid": "random_rectangular",
    "transpose": "ones_rectangular",
    "tanh": "ones_square",
    "relu": "random_and_copies",
}

WHY_NOT = {
    ("sigmoid", "ones_square"): (
        "The sigmoid's `backward` forgets `dout`. With ones it would have been multiplied by 1 anyway, "
        "so this test sees no difference."
    ),
    ("sigmoid", "ones_rectangular"): (
        "The sigmoid's result has the shape of x whether x is square or not, so another shape shows "
        "nothing. What would make a forgotten `dout` visible?"
    ),
    ("sigmoid", "random_and_copies"): (
        "That test catches the sigmoid, but an earlier one does too: nothing is overwritten here, so "
        "the copies are not needed."
    ),
    ("transpose", "ones_square"): (
        "For the transposed layer: a square array of ones is its own transpose. Neither the shape nor "
        "a value gives the bug away."
    ),
    ("transpose", "random_rectangular"): (
        "That test catches the transpose, but an earlier one does too. Look at the shape of what "
        "`backward` returns before you look at its values."
    ),
    ("transpose", "random_and_copies"): (
        "That test catches the transpose, but nothing is overwritten here; look for the first test "
        "in which the *shape* is wrong."
    ),
    ("tanh", "ones_rectangular"): (
        "That test catches the tanh, but an earlier one does too: a wrong formula for the slope does "
        "not depend on the shape."
    ),
    ("tanh", "random_rectangular"): (
        "That test catches the tanh, but an earlier one does too: the slope itself is wrong, so it "
        "shows even when `dout` is 1."
    ),
    ("tanh", "random_and_copies"): (
        "That test catches the tanh, but nothing is overwritten here. The slope itself is wrong: how "
        "simple may a test be to see that?"
    ),
    ("relu", "ones_square"): (
        "The numbers that this ReLU returns are right for every `dout`, ones too. What is wrong is "
        "what happens to the caller's array."
    ),
    ("relu", "ones_rectangular"): (
        "This ReLU's result has the right shape and the right numbers. What is wrong is what happens "
        "to the caller's array."
    ),
    ("relu", "random_rectangular"): (
        "This ReLU's result is right for a random `dout` as well; no comparison of results can find "
        "the fault. Who else sees `dout`?"
    ),
}

WHICH_TEST = Exercise(
    id="ch03.which_test",
    title="Which test catches which bug?",
    kind="choice",
    points=2,
    reference=CAUGHT,
    fields=tuple(Field(name, label, TESTS) for name, label in BUGS.items()),
    mistakes=tuple(
        Mistake(f"{bug}: {test}", {**CAUGHT, bug: test}, message)
        for (bug, test), message in WHY_NOT.items()
    ),
    hints=(
        "Go through the tests from the weakest to the strongest. For each ask: what would the right "
        "layer return here, and what does this one return?",
        "Three questions: does the result depend on `dout` at all? Does its shape depend on how x is "
        "shaped? Is the fault in the result, or in something else that the layer touches?",
        "Two of the four can be settled without numbers: one bug leaves every result right, and one "
        "gives a result of the wrong shape as soon as rows and columns are not equally many. "
        "Of the other two, one is wrong even when `dout` is 1.",
    ),
    probe=Probe(values, {"names": tuple(BUGS)}),
    remark="A weak test is not wrong, it is blind: it passes right layers and wrong ones alike.",
)

EXERCISES = (
    MUL_LAYER,
    ADD_LAYER,
    RELU,
    SIGMOID,
    TANH,
    SHOP,
    SEQUENTIAL,
    RELU_FIX,
    REVERSE_FIX,
    SHARED_LAYER_FIX,
    CHECK_LAYER,
    WHICH_TEST,
)
