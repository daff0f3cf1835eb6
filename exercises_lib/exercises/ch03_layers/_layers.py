"""What is drawn for layers, and the mistakes that any layer can have."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from exercises_lib.checking import Case, Mistake, Observation, Output


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


def away_from_zero(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Draw numbers of both signs between 0.1 and 2.5 in size, the first positive, the second not."""
    signs = rng.choice([-1.0, 1.0], size=shape)
    signs.flat[0], signs.flat[1] = 1, -1
    return signs * rng.uniform(0.1, 2.5, size=shape)


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
