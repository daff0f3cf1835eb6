"""The clinic: training runs with one hidden fault, and the tests by which it is found.

A patient is a small network that is trained by a program. Every program is the healthy one with at
most one thing changed (`FAULTS`). Its weights, its data and how bad the fault is are drawn from its
number. Tests are methods; they return arrays, and the patient writes down which were ordered.

There is nothing here but NumPy, and no program takes longer than a fraction of a second.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np

Array = np.ndarray

CLASSES, FEATURES, HIDDEN = 3, 6, (24, 24)
TRAINING, VALIDATION, FRESH = 160, 150, 1500
BATCH, EPOCHS, TEN_STEPS = 20, 40, 300
"""A run has 320 steps: 40 epochs of 8 batches. The run on ten samples has 300."""


@dataclass(frozen=True)
class Program:
    """What a patient's training does; the defaults are healthy.

    Args:
        rate: learning rate.
        sign: what the step is multiplied by; −1 goes uphill.
        shuffle: whether each epoch has an order of its own; the data lie class by class.
        zeroing: whether gradients are set to zero before each step.
        gain: what √(2 / D) is multiplied by for the first weights.
        first_bias: where the biases of the hidden units begin.
        column: what the first feature is multiplied by.
        averaged: how often the loss, and its gradient, is divided by the size of the batch.
        shift: how many samples further down a sample's label is taken from.
        leak: whether the validation samples are among those for training.
        bias_decay: strength of a weight decay of the biases.
        half_life: after how many steps the rate has halved.
    """

    rate: float = 0.2
    sign: float = 1.0
    shuffle: bool = True
    zeroing: bool = True
    gain: float = 1.0
    first_bias: float = 0.0
    column: float = 1.0
    averaged: int = 1
    shift: int = 0
    leak: bool = False
    bias_decay: float = 0.0
    half_life: float = np.inf


HEALTHY = "healthy"

FAULTS: Mapping[str, Mapping[str, Any]] = {
    HEALTHY: {},
    "rate too large": {"rate": (4.0, 8.0)},
    "rate too small": {"rate": (1e-5, 1e-4)},
    "wrong sign": {"sign": -1.0},
    "no shuffling": {"shuffle": False},
    "gradients not zeroed": {"zeroing": False},
    "dead ReLUs": {"first_bias": (-40.0, -20.0)},
    "zero start": {"gain": 0.0},
    "unscaled inputs": {"column": (300.0, 1000.0)},
    "labels off by one": {"shift": 1},
    "averaged twice": {"averaged": 2},
    "validation leak": {"leak": True},
    "biases decay": {"bias_decay": (2.0, 4.0)},
    "exploding gradients": {"gain": (12.0, 20.0)},
    "rate falls too fast": {"half_life": (4.0, 8.0)},
}
"""Name → what is changed in the healthy program; a pair is a range to draw from."""

FIRST_WARD = tuple(FAULTS)[:10]
"""What patients of chapter 7 may have."""
SECOND_WARD = (HEALTHY, *tuple(FAULTS)[10:])
"""What patients of chapter 9 may have."""


def program_of(fault: str, rng: np.random.Generator) -> Program:
    """Return the program with a fault, as bad as the generator draws it.

    Raises:
        ValueError: if there is no such fault; the message lists them.
    """
    if fault not in FAULTS:
        raise ValueError(f"There is no fault {fault!r}; there are {', '.join(FAULTS)}.")
    drawn = {
        # Between the ends of a range every factor is equally likely.
        name: np.sign(ends[0]) * np.exp(rng.uniform(*np.sort(np.log(np.abs(ends)))))
        if isinstance(ends, tuple)
        else ends
        for name, ends in FAULTS[fault].items()
    }
    return replace(Program(), **drawn)


def patient(number: int | None = None, *, ward: int = 1, fault: str | None = None) -> Patient:
    """Admit a patient.

    Args:
        number: the same number is the same patient; without it one is chosen.
        ward: 1 for the faults of chapter 7, 2 for those of chapter 9.
        fault: a name of `FAULTS`, to see what it looks like; the patient says what it has.

    Raises:
        ValueError: if there is no such number, ward or fault.
    """
    if number is None:
        number = int(np.random.default_rng().integers(1_000_000))
    if isinstance(number, bool) or not isinstance(number, int | np.integer) or number < 0:
        raise ValueError(f"A patient has a whole number from 0 on, for example 7, not {number!r}.")
    if ward not in (1, 2):
        raise ValueError(f"There are two wards, 1 and 2, and no ward {ward!r}.")
    if fault is None:
        return Patient(int(number), drawn_fault(int(number), ward), f"patient {number}")
    return Patient(int(number), fault, f"patient {number}: {fault}")


def drawn_fault(number: int, ward: int = 1) -> str:
    """Return what the patient of a number has."""
    names = FIRST_WARD if ward == 1 else SECOND_WARD
    return names[int(np.random.default_rng([7, ward, number]).integers(len(names)))]


class Patient:
    """A training run that has been made, and can be examined.

    Args:
        number: draws data, weights and how bad it is.
        fault: a name of `FAULTS`.
        title: how it is called.
    """

    def __init__(self, number: int, fault: str, title: str) -> None:
        # The same number with another fault has the same samples and first weights.
        self._program = program_of(fault, np.random.default_rng([15, number]))
        self._world = World(np.random.default_rng([14, number]))
        self.title = title
        self.ordered: list[str] = []
        """The tests that were ordered, in order."""

    def __repr__(self) -> str:
        count = len(self.ordered)
        return f"{self.title}, {count} {'test' if count == 1 else 'tests'} ordered"

    def loss_curve(self) -> Finding:
        """Order the loss of every step, as the program reports it: (320,)."""
        return self._order("loss_curve", self._run.losses)

    def accuracies(self) -> Finding:
        """Order accuracy on training and validation samples after each epoch: (40, 2)."""
        return self._order("accuracies", self._run.accuracies)

    def gradient_norms(self) -> Finding:
        """Order the length of the gradient that each layer's weights move by: (320, 3)."""
        return self._order("gradient_norms", self._run.gradients)

    def update_ratios(self) -> Finding:
        """Order, step by step, length of the update : length of the weights, a layer: (320, 3)."""
        return self._order("update_ratios", self._run.ratios)

    def parameter_norms(self) -> Finding:
        """Order the lengths of weights and biases, at the start and after each epoch: (41, 6).

        Columns 0 to 2 are the weights of the three layers, columns 3 to 5 their biases.
        """
        return self._order("parameter_norms", self._run.sizes)

    def dead_relus(self) -> Finding:
        """Order the share of each hidden layer's units that are 0 for every sample: (41, 2)."""
        return self._order("dead_relus", self._run.dead)

    def ten_samples(self) -> Finding:
        """Order a run of the same program on ten samples alone, and its loss: (300,)."""
        return self._order("ten_samples", self._ten.losses)

    def look(self, count: int = TRAINING) -> tuple[Array, Array]:
        """Look at samples as they come into the network in the first epoch.

        Args:
            count: how many, from 1 to 160.

        Returns:
            Their features, (count, 6), and the labels that they come with, (count,).

        Raises:
            ValueError: if there are not as many.
        """
        if not 1 <= count <= TRAINING:
            raise ValueError(f"There are 1 to {TRAINING} samples to look at, not {count!r}.")
        self.ordered.append("look")
        x, t = self._run.first
        return x[:count].copy(), t[:count].copy()

    def new_samples(self) -> float:
        """Order the accuracy on 1,500 samples that the program has never had."""
        self.ordered.append("new_samples")
        return self._run.fresh

    def _order(self, test: str, result: Array) -> Finding:
        self.ordered.append(test)
        finding = result.copy().view(Finding)
        finding.test, finding.whose = test, self.title
        return finding

    @cached_property
    def _run(self) -> Run:
        return Run(self._program, self._world, np.random.default_rng(self._world.seed))

    @cached_property
    def _ten(self) -> Run:
        rng = np.random.default_rng(self._world.seed)
        return Run(self._program, self._world, rng, only=10)


class World:
    """Where a patient's samples come from: six clouds, two on each of three rays.

    The class changes along each ray, so that a network without biases, which cannot tell points on
    a ray apart, fails.

    Args:
        rng: draws clouds and samples.
    """

    def __init__(self, rng: np.random.Generator) -> None:
        rays, _ = np.linalg.qr(rng.normal(size=(FEATURES, FEATURES)))
        self.rays = rays[:CLASSES]
        self.seed = int(rng.integers(2**31))
        self.training, self.validation, self.fresh = (
            self.draw(count, rng) for count in (TRAINING, VALIDATION, FRESH)
        )

    def draw(self, count: int, rng: np.random.Generator) -> tuple[Array, Array]:
        """Draw samples, class by class: features (count, 6), labels (count,)."""
        t = np.sort(np.arange(count) % CLASSES)
        near = rng.integers(2, size=count)  # on which of its two rays a sample lies
        ray, radius = (t + near) % CLASSES, np.where(near, 1.0, 3.2)
        x = radius[:, np.newaxis] * self.rays[ray] + 0.6 * rng.normal(size=(count, FEATURES))
        return x, t


class Run:
    """A training that is measured while it runs.

    Args:
        program: what it does.
        world: whose samples it gets.
        rng: draws the first weights and the order of the samples.
        only: trains on that many samples alone, for `TEN_STEPS` steps.
    """

    def __init__(
        self, program: Program, world: World, rng: np.random.Generator, only: int = 0
    ) -> None:
        self.program, self.rng = program, rng
        x, t = world.training
        if program.leak:
            own = rng.permutation(TRAINING)[: TRAINING - VALIDATION]
            pairs = zip(world.training, world.validation, strict=True)
            x, t = (np.concatenate([mine[own], theirs]) for mine, theirs in pairs)
        mixed = rng.permutation(len(x))
        if program.shuffle:
            x, t = x[mixed], t[mixed]
        if only:
            chosen = np.sort(mixed[:only])
            x, t = x[chosen], t[chosen]
        self.x, self.t = self._scaled(x), np.roll(t, -program.shift)
        self.first = self.x, self.t
        self.params = self._first_params()
        self.sums = {name: np.zeros_like(p) for name, p in self.params.items()}
        self.steps = 0
        with np.errstate(all="ignore"):
            if only:
                self._train_only()
            else:
                self._train(world)

    def _scaled(self, x: Array) -> Array:
        return x * np.where(np.arange(FEATURES) == 0, self.program.column, 1.0)

    def _first_params(self) -> dict[str, Array]:
        params = {}
        for k, (d, m) in enumerate(pairwise((FEATURES, *HIDDEN, CLASSES)), start=1):
            # Small scores at first: every class has about the same probability.
            std = self.program.gain * np.sqrt(2 / d) * (1.0 if m != CLASSES else 0.4)
            params[f"W{k}"] = std * self.rng.standard_normal((d, m))
            params[f"b{k}"] = np.zeros(m) + (self.program.first_bias if m != CLASSES else 0.0)
        return params

    def _train_only(self) -> None:
        steps = [self._step(self.x, self.t) for _ in range(TEN_STEPS)]
        self.losses = np.array([loss for loss, _, _ in steps])

    def _train(self, world: World) -> None:
        sizes, dead, accuracies, steps = [self._sizes()], [self._dead()], [], []
        for epoch in range(EPOCHS):
            if epoch and self.program.shuffle:
                order = self.rng.permutation(len(self.x))
                self.x, self.t = self.x[order], self.t[order]
            for start in range(0, TRAINING, BATCH):
                batch = slice(start, start + BATCH)
                steps.append(self._step(self.x[batch], self.t[batch]))
            sizes.append(self._sizes())
            dead.append(self._dead())
            val = self._accuracy(self._scaled(world.validation[0]), world.validation[1])
            accuracies.append((self._accuracy(self.x, self.t), val))
        losses, gradients, ratios = zip(*steps, strict=True)
        self.losses, self.gradients = np.array(losses), np.array(gradients)
        self.ratios, self.sizes = np.array(ratios), np.array(sizes)
        self.dead, self.accuracies = np.array(dead), np.array(accuracies)
        self.fresh = self._accuracy(self._scaled(world.fresh[0]), world.fresh[1])

    def _step(self, x: Array, t: Array) -> tuple[float, list[float], list[float]]:
        """Take one step; return the loss, and a layer each: gradient, and update : weights."""
        p, rate = self.program, self.program.rate * 0.5 ** (self.steps / self.program.half_life)
        self.steps += 1
        loss, grads = self._loss_and_gradient(x, t)
        for name, g in grads.items():
            self.sums[name] = g if p.zeroing else self.sums[name] + g
        updates = {name: p.sign * rate * g for name, g in self.sums.items()}
        for name in self.params:
            if name[0] == "b":
                updates[name] = updates[name] + rate * p.bias_decay * self.params[name]
        layers = range(1, len(self.params) // 2 + 1)
        norms = [float(np.linalg.norm(self.sums[f"W{k}"])) for k in layers]
        ratios = [float(_norm(updates[f"W{k}"]) / _norm(self.params[f"W{k}"])) for k in layers]
        for name in self.params:
            self.params[name] = self.params[name] - updates[name]
        return loss, norms, ratios

    def _forward(self, x: Array) -> list[Array]:
        """Return the input, what each hidden layer gives, and the scores."""
        outputs = [x]
        last = len(self.params) // 2
        for k in range(1, last + 1):
            z = outputs[-1] @ self.params[f"W{k}"] + self.params[f"b{k}"]
            outputs.append(np.maximum(z, 0) if k < last else z)
        return outputs

    def _loss_and_gradient(self, x: Array, t: Array) -> tuple[float, dict[str, Array]]:
        *outputs, scores = self._forward(x)
        n = len(x)
        share = float(n) ** -self.program.averaged
        shifted = scores - scores.max(axis=1, keepdims=True)
        logs = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
        loss = -float(share * logs[np.arange(n), t].sum())
        d = np.exp(logs)
        d[np.arange(n), t] -= 1
        d *= share
        grads = {}
        for k in range(len(outputs), 0, -1):
            grads[f"W{k}"], grads[f"b{k}"] = outputs[k - 1].T @ d, d.sum(axis=0)
            d = (d @ self.params[f"W{k}"].T) * (outputs[k - 1] > 0)
        return loss, grads

    def _accuracy(self, x: Array, t: Array) -> float:
        return float(np.mean(self._forward(x)[-1].argmax(axis=1) == t))

    def _dead(self) -> list[float]:
        hidden = self._forward(self.x)[1:-1]
        return [float(np.mean(~(one > 0).any(axis=0))) for one in hidden]

    def _sizes(self) -> list[float]:
        layers = range(1, len(self.params) // 2 + 1)
        return [float(_norm(self.params[f"{kind}{k}"])) for kind in "Wb" for k in layers]


def _norm(array: Array) -> Any:
    return np.linalg.norm(array)


LAYERS = ("layer 1", "layer 2", "layer 3")
PICTURES: Mapping[str, tuple[str, tuple[str, ...], str, int]] = {
    "loss_curve": ("loss", (), "step", 1),
    "accuracies": ("accuracy", ("training", "validation"), "epoch", 1),
    "gradient_norms": ("length of the gradients", LAYERS, "step", 1),
    "update_ratios": ("update : weights", LAYERS, "step", 1),
    "parameter_norms": (
        "length of the parameters",
        ("W1", "W2", "W3", "b1", "b2", "b3"),
        "epoch",
        0,
    ),
    "dead_relus": ("share of dead units", LAYERS[:2], "epoch", 0),
    "ten_samples": ("loss on ten samples", (), "step", 1),
}
"""Test → title, names of the curves, what the axis counts and where it begins."""


class Finding(Array):
    """What a test has found: an array that a notebook shows as a picture.

    What is computed from it, slices too, is a finding no more.
    """

    test: str = ""
    whose: str = ""

    def __array_finalize__(self, source: Any) -> None:
        self.test = self.whose = ""

    def __getitem__(self, key: Any) -> Any:
        return np.asarray(self)[key]

    def __array_wrap__(self, found: Any, *more: Any) -> Any:
        return np.asarray(found)[()]

    def __repr__(self) -> str:
        if not self.test:
            return repr(np.asarray(self))
        ends = [", ".join(f"{v:.2g}" for v in np.atleast_1d(row)) for row in (self[0], self[-1])]
        return f"{self.whose}, {PICTURES[self.test][0]}: first {ends[0]}; last {ends[1]}"

    def _repr_html_(self) -> str | None:
        if not self.test:
            return None
        from exercises_lib.figures.finding import finding_svg

        title, names, along, first = PICTURES[self.test]
        return finding_svg(
            self, title=f"{self.whose}: {title}", names=names, along=along, first=first
        )


TESTS = (*PICTURES, "look", "new_samples")
"""What can be ordered."""


def measure(patient: Patient) -> dict[str, float]:
    """Order everything, and sum each test up in a number or two, for a table.

    Returns:
        ``first loss``, ``last loss`` (of 8 steps), ``first update`` and ``last update`` (of the
        first layer, beside its weights), ``growth`` of its gradient (steps 11 to 16 beside 1 to 3),
        ``ten samples`` (last loss), ``dead`` (smallest share of a layer at the start), ``weights``
        and ``biases`` (the longest, at the start and at the end), ``largest input``, ``blocks`` of
        equal labels, and the accuracies ``training``, ``validation`` and ``new``.
    """
    loss, ratios = np.asarray(patient.loss_curve()), np.asarray(patient.update_ratios())[:, 0]
    length, norms = np.asarray(patient.gradient_norms())[:, 0], patient.parameter_norms()
    x, t = patient.look()
    training, validation = patient.accuracies()[-1]
    with np.errstate(all="ignore"):
        found = {
            "first loss": loss[0],
            "last loss": loss[-8:].mean(),
            "first update": ratios[0],
            "last update": ratios[-1],
            "growth": np.median(length[10:16]) / np.median(length[:3]),
            "ten samples": patient.ten_samples()[-1],
            "dead": patient.dead_relus()[0].min(),
            "weights": norms[0, :3].max(),
            "biases": norms[-1, 3:].max(),
            "largest input": np.abs(x).max(),
            "blocks": 1 + np.count_nonzero(np.diff(t)),
            "training": training,
            "validation": validation,
            "new": patient.new_samples(),
        }
    return {name: float(value) for name, value in found.items()}
