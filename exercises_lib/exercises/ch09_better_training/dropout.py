"""ch09.Dropout: dropout."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from exercises_lib import nn
from exercises_lib.checking import Case, Exercise, Output, Probe
from exercises_lib.checking.serialize import is_number, same
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.probes import ch09 as probes


class Dropout:
    def __init__(self, rate):
        self.rate = rate

    def forward(self, x, train=True, rng=None):
        self.mask = np.ones_like(x)
        if train:
            self.mask = (rng.random(x.shape) >= self.rate) / (1 - self.rate)
        return x * self.mask

    def backward(self, dout):
        return dout * self.mask


class DropoutByChoice(Dropout):
    def forward(self, x, train=True, rng=None):
        self.factors = None
        if not train:
            return x
        keep = 1 - self.rate
        self.factors = rng.choice([0.0, 1 / keep], p=[self.rate, keep], size=x.shape)
        return self.factors * x

    def backward(self, dout):
        return dout if self.factors is None else self.factors * dout


class DropoutByBinomial(Dropout):
    def forward(self, x, train=True, rng=None):
        self.hidden = rng.binomial(1, 1 - self.rate, x.shape) if train else None
        return np.where(self.hidden, x / (1 - self.rate), 0.0) if train else x.copy()

    def backward(self, dout):
        if self.hidden is None:
            return dout.copy()
        return np.where(self.hidden, dout / (1 - self.rate), 0.0)


def draw_dropout(rng: np.random.Generator) -> Iterator[Case]:
    def case(rate: float, n: int, d: int, note: str, dtype: type = np.float64) -> Case:
        x, dout = (rng.uniform(0.5, 2, (n, d)) * rng.choice([-1, 1], (n, d)) for _ in range(2))
        return Case(
            {
                "rate": rate,
                "x": x.astype(dtype),
                "dout": dout.astype(dtype),
                "seed": int(rng.integers(1_000_000)),
            },
            note,
        )

    yield case(0.2, 60, 50, "rate 0.2, x of shape (60, 50)")
    yield case(0.4, 1, 3000, "rate 0.4, a batch of one")
    yield case(0.0, 3, 4, "rate 0: nothing is dropped")
    yield case(0.3, 50, 60, "rate 0.3, float32", np.float32)


def measured(inputs: Mapping[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    """Say by what a layer has multiplied what it was given, and which units it has dropped."""
    masks: list[Any] = []
    found: dict[str, Any] = {}
    for batch in ("", ", second batch"):
        if f"out{batch}" not in values:
            continue
        masks.append(quotient(values.pop(f"out{batch}"), inputs["x"]))
        found[f"factors{batch}"] = different(masks[-1])
        if f"dx{batch}" in values:
            back = quotient(values.pop(f"dx{batch}"), inputs["dout"])
            alike = np.array_equal(np.abs(back) < NOTHING, np.abs(masks[-1]) < NOTHING)
            said = found.get("units on the way back", "those of forward")
            found["units on the way back"] = said if alike else "others"
            found[f"factors on the way back{batch}"] = different(back)
    if len(masks) == 2:
        dropped = np.abs(masks[0]) < NOTHING
        together = (dropped == dropped[:1]).all() or (dropped == dropped[:, :1]).all()
        equally = len(set(dropped.sum(axis=1).tolist())) == 1
        units = "together" if together else "equally many in each sample" if equally else ""
        repeated = np.array_equal(*masks) and dropped.any()
        found |= {
            "mask": masks[0],
            "dropped share": round(float(dropped.mean()), 1),
            "units": units if 0 < dropped.mean() < 1 and units else "each for itself",
            "second batch": "the same units" if repeated else "other units",
        }
    return found | values


def quotient(got: Any, given: np.ndarray) -> np.ndarray:
    """Return by what each number was multiplied."""
    if got.shape != given.shape:
        raise ValueError("not of the shape of what came in")
    return np.asarray(got / given)


NOTHING = 1e-8
"""A factor below this one is 0."""


def different(factors: np.ndarray) -> np.ndarray:
    """Return the first few different factors, rounded so that float32 makes no difference."""
    return np.unique(np.round(factors, 4))[:6]


def expects(wanted: str, text: str) -> Callable[[Mapping[str, Any], Any, Any], str | None]:
    """Return a comparison of two words; other words than the expected one give this text."""

    def compare(inputs: Mapping[str, Any], got: Any, expected: Any) -> str | None:
        if isinstance(got, str) and got == expected:
            return None
        return text if expected == wanted else f"{got} instead of {expected}."

    return compare


def factors(name: str, method: str) -> Callable[[Mapping[str, Any], Any, Any], str | None]:
    """Return a comparison of the factors by which a method multiplies what it is given."""

    def compare(inputs: Mapping[str, Any], got: Any, expected: Any) -> str | None:
        if same(got, expected, rtol=1e-3, atol=1e-6):
            return None
        if not isinstance(got, np.ndarray):
            return f"The factors of `{method}` could not be found."
        listed = ", ".join(f"{number:.4g}" for number in got.ravel()[:6])
        wanted = " or ".join(f"{number:.4g}" for number in expected)
        return f"`{method}` multiplies the numbers of {name} by {listed}; expected {wanted}."

    return compare


def share(inputs: Mapping[str, Any], got: Any, expected: Any) -> str | None:
    if is_number(got) and got == expected:
        return None
    return f"The part of x that is dropped is {got!s:.20}, expected {expected} as the rate says."


wrong = Mistakes(Dropout)

wrong.swap("not rescaled", " / (1 - self.rate)", " * 1.0").says("""What stays is not scaled up. In training the next layer then gets less than in evaluation,
    where nothing is missing.""")

wrong.swap(
    "rescaled in evaluation",
    """
        self.mask = (rng.random(x.shape) >= self.rate) / (1 - self.rate)
    return x * self.mask""",
    """
        self.mask = 1.0 * (rng.random(x.shape) >= self.rate)
    out = x * self.mask
    return out if train else out * (1 - self.rate)""",
).says("""You scale down in evaluation in place of scaling up in training. That was the first form
    of dropout; the inverted form leaves evaluation alone.""")

wrong.swap("divided by the rate", "(1 - self.rate)", "self.rate").says("""
    You divide by the part that is dropped. To keep the mean, divide by the part that is left.""")

wrong.swap("keeps what it should drop", "(x.shape) >=", "(x.shape) <").says("""
    You keep the part `rate` of the units and drop the others: the comparison is the wrong way
    round.""")

wrong.swap(
    "rate read as the part to keep",
    "(rng.random(x.shape) >= self.rate) / (1 - self.rate)",
    "(rng.random(x.shape) < self.rate) / self.rate",
).says("""You read `rate` as the part that is kept, throughout. Here, as in PyTorch, it is the part
    that is dropped.""")

wrong.swap(
    "new mask on the way back",
    (
        "def forward(self, x, train=True, rng=None):",
        "def forward(self, x, train=True, rng=None):\n    self.train, self.rng = train, rng",
    ),
    (
        "def backward(self, dout):",
        """
        def backward(self, dout):
            if self.train:
                self.mask = (self.rng.random(dout.shape) >= self.rate) / (1 - self.rate)""",
    ),
).says("""`backward` draws a mask of its own. The gradient has to pass exactly the units that took
    part in the forward pass.""")

wrong.swap("no mask on the way back", "dout * self.mask", "dout").says("""`backward` hands `dout` on
    as it is. A unit that was switched off did not influence the loss, so it gets no gradient.""")

wrong.swap("gradient not rescaled", "dout * self.mask", "dout * (self.mask > 0)").says("""
    The right units are blocked on the way back, and the factor of the others is missing. Forward
    they were scaled up; the local derivative is that factor.""")

wrong.swap("gradient rescaled twice", "dout * self.mask", "dout * self.mask * self.mask").says("""
    On the way back the scale is applied twice.""")

wrong.swap(
    "scaled and not blocked on the way back", "dout * self.mask", "dout * self.mask.max()"
).says("""`backward` scales everything up and blocks nothing. A unit that was switched off did not
    influence the loss, so it gets no gradient.""")

wrong.swap(
    "blocked where the output is negative",
    ("return x * self.mask", "self.out = x * self.mask\nreturn self.out if train else x"),
    ("dout * self.mask", "dout * (self.out > 0)"),
).says("""`backward` asks where the output was positive. That is ReLU's rule; here a negative number
    that was kept has a gradient, too.""")

wrong.swap(
    "multiplied by the part that is left",
    "(rng.random(x.shape) >= self.rate) /",
    "(rng.random(x.shape) >= self.rate) *",
).says("""You multiply by the part that is left, so that still less arrives. What stays has to make
    up for what is gone.""")

wrong.swap(
    "scaled in evaluation too",
    "return x * self.mask",
    "return x * self.mask if train else x / (1 - self.rate)",
).says("""In evaluation all units take part and nothing is missing, so there is nothing to make up
    for.""")

wrong.swap("asks for rng instead of train", "if train:", "if rng is not None:").says("""
    Whether your layer drops depends on `rng`. It is `train` that decides: in evaluation nothing is
    dropped, even if somebody hands over a generator.""")

wrong.swap(
    "a fixed number in each sample",
    "self.mask = (rng.random(x.shape) >= self.rate) / (1 - self.rate)",
    """
    for row in self.mask:
        row[rng.permutation(len(row))[: round(self.rate * len(row))]] = 0
    self.mask /= 1 - self.rate
""",
).says("""You drop the same number of units in every sample. Each entry is drawn for itself; how
    many are gone is then a matter of chance.""")

wrong.swap("normal numbers", "random", "standard_normal").says("""
    You compare normally distributed numbers with the rate. The probability that a number is below
    `rate` equals `rate` only if it is drawn evenly between 0 and 1.""")

wrong.swap(
    "scaled by what chance has left",
    "self.mask = (rng.random(x.shape) >= self.rate) / (1 - self.rate)",
    """
    kept = rng.random(x.shape) >= self.rate
    self.mask = kept / kept.mean()
""",
).says("""You divide by the part that happens to be left in this batch. The factor belongs to the
    probability and is the same for every batch.""")

wrong.swap("returns the mask", "return x * self.mask", "return self.mask").says("""
    `forward` returns the mask. The layer's output is `x` times the mask.""")

wrong.swap("active in evaluation", "if train:", "if True:").says("""`train` is ignored: the layer drops units in evaluation as well, and predictions become
    random.""")


class OldMaskAfterEvaluation(Dropout):
    def forward(self, x, train=True, rng=None):
        return super().forward(x, True, rng) if train else x


wrong.answer("old mask after an evaluation", OldMaskAfterEvaluation).says("""
    After an evaluation, `backward` still uses the mask of an earlier training batch. In evaluation
    the layer does nothing, there and back.""")

wrong.swap("same units for all samples", "shape", "shape[1]").says("""One mask serves the whole
    batch: all samples lose the same units. Every sample gets a draw of its own.""")

wrong.swap("whole samples", "x.shape", "(len(x), 1)").says("""You drop whole samples. Dropout
    switches off single units of each.""")

wrong.swap(
    "same mask every time", "rng.random(x.shape)", "np.random.default_rng(0).random(x.shape)"
).says("""Every batch loses the same units: the mask is not drawn anew from `rng`. Units that are
    always off are a smaller network, not dropout.""")


class GlobalGenerator(Dropout):
    def forward(self, x, train=True, rng=None):
        return super().forward(x, train, np.random)


wrong.answer("global generator", GlobalGenerator).says(
    """The mask does not come from `rng`, so nobody can repeat a run. Draw from the generator that
    you are given.""",
    recognise=lambda cases, seen: any(one.unstable for one in seen),
)

wrong.swap(
    "changes x",
    "return x * self.mask",
    """
        x *= self.mask
    return x
""",
).says("""You write the zeros into `x` itself. It is the output of the layer below, which may need
    it on its way back.""")

EXERCISE = Exercise(
    id="ch09.Dropout",
    title="Dropout",
    kind="class",
    points=3,
    reference=Dropout,
    accepted=(nn.Dropout, DropoutByChoice, DropoutByBinomial),
    mistakes=wrong.all,
    hints=(
        "Which two things must `forward` leave behind for `backward`, in training and in "
        "evaluation? One attribute can hold both.",
        "Draw a number from 0 to 1 for every entry; where it is below the rate, the entry is "
        "dropped. What is kept is divided by the part that is kept. `backward` multiplies by the "
        "same factors.",
        "The skeleton:\n    if train:\n        kept = rng.random(x.shape) …\n"
        "        self.mask = … / …\n    else:\n        self.mask = …\n    return …",
    ),
    probe=Probe(probes.dropout),
    draw=draw_dropout,
    reads=measured,
    outputs=(
        Output("mask", compare=lambda inputs, got, expected: None),
        Output(
            "units on the way back",
            compare=expects(
                "those of forward",
                "`backward` blocks other units than `forward` switched off.",
            ),
        ),
        Output(
            "units",
            compare=expects(
                "each for itself",
                "All samples lose the same units or equally many, or all units of a sample go "
                "together; each entry of x should be drawn for itself.",
            ),
        ),
        Output(
            "second batch",
            compare=expects(
                "other units", "The second forward pass drops exactly the units of the first one."
            ),
        ),
        *(
            Output(f"{name}{batch}", rtol=1e-3, compare=factors(*words))
            for name, words in (
                ("factors", ("x", "forward")),
                ("factors on the way back", ("dout", "backward")),
            )
            for batch in ("", ", second batch")
        ),
        Output("dropped share", compare=share),
    ),
    remark="The mean output is the same with and without dropout: that is what the factor is for.",
)
