"""ch10.reach_autograd: the digits, learnt by your engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from exercises_lib import nn
from exercises_lib.checking import Case, Exercise, Observation, Output, Probe
from exercises_lib.data import load_digits
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.exercises.ch10_autograd._tensor import Tensor
from exercises_lib.exercises.drawn_anew import (
    ACTIVATIONS,
    draw_anew,
    fresh_digits,
    layers_of,
    read_rightly,
    scores_of,
)
from exercises_lib.probes import ch10 as probes


def cross_entropy(scores, t):
    """Record softmax with loss as a single node."""
    last = nn.SoftmaxWithLoss()
    return type(scores)(last.forward(scores.data, t), (scores,), (last.backward,))


def relu(z):
    keep = z.data > 0
    return type(z)(z.data * keep, (z,), (lambda g: g * keep,))


def training(
    epochs: int = 60,
    rate: float = 0.5,
    weights: Callable[[np.random.Generator, tuple[int, int]], Any] = lambda rng, shape: rng.normal(
        0, 0.1, shape
    ),
    clear: bool = True,
    shuffled: bool = False,
    engine: Callable[..., Any] = nn.Tensor,
) -> Callable[..., Any]:
    """Make a training function, right or wrong."""

    def train_digits(x, t, rng):
        arrays = (weights(rng, (64, 50)), np.zeros(50), weights(rng, (50, 10)), np.zeros(10))
        params = [engine(array) for array in arrays]
        W1, b1, W2, b2 = params

        def scores(x):
            return relu(engine(x) @ W1 + b1) @ W2 + b2

        for _ in range(epochs):
            for xs, ts in nn.minibatches(x, t, 50, rng):
                labels = t[rng.permutation(len(xs))] if shuffled else ts
                loss = cross_entropy(scores(xs), labels)
                for p in params:
                    if clear:
                        p.grad = None
                loss.backward()
                for p in params:
                    p.data = p.data - rate * p.grad
        return params, scores

    return train_digits


def train_by_squares(x, t, rng):
    """Another loss, another start, another engine: still 97 %."""
    params = [
        Tensor(array)
        for array in (
            rng.normal(0, nn.he(64), (64, 60)),
            np.full(60, 0.01),
            rng.normal(0, nn.he(60), (60, 10)),
            np.full(10, 0.1),
        )
    ]

    def scores(x):
        h = Tensor(x) @ params[0] + params[1]
        return h * (h.data > 0) @ params[2] + params[3]

    targets = np.eye(10)[t]
    for _ in range(100):
        for xs, ts in nn.minibatches(x, targets, 40, rng):
            off = scores(xs) + -ts
            loss = (off * off).mean()
            loss.backward()
            for p in params:
                p.data -= 0.5 * p.grad
                p.grad = None
    return params, scores


WANTED = 0.93

SLOPES: Mapping[str, Callable[[Any], Any]] = {
    "ReLU": lambda a: a > 0,
    "tanh": lambda a: 1 - a**2,
    "sigmoid": lambda a: a * (1 - a),
}
"""The slope of each activation, by what it gives."""

NAMES = ("W1", "b1", "W2", "b2")


def network_of(inputs: Mapping[str, Any], got: Any) -> tuple[list[tuple[Any, Any]], str] | str:
    """Find out which network an answer has trained.

    Args:
        inputs: of the case.
        got: ``params``, and the ``scores`` for the pictures ``x``.

    Returns:
        Its two layers and its activation; or what is wrong, as a sentence.
    """
    if not isinstance(got, dict) or not {"params", "scores", "gradients"} <= got.keys():
        return "The network could not be read."
    params, told = got["params"], got["scores"]
    if not isinstance(params, (list, tuple)) or len(params) != len(NAMES):
        return "params is no list of four tensors, W1, b1, W2, b2."
    layers = layers_of(dict(zip(NAMES, params, strict=True)))
    if isinstance(layers, str):
        return layers
    if not isinstance(told, np.ndarray) or told.shape != inputs["c"].shape:
        return "scores(x) gives no scores of shape (N, 10)."
    for activation in ACTIVATIONS:
        if np.allclose(told, scores_of(layers, inputs["x"], activation), rtol=1e-6, atol=1e-8):
            return layers, activation
    return (
        "The scores are not those of a network with one hidden layer, ReLU, tanh or sigmoid, made "
        "of params."
    )


def accuracy_of(inputs: Mapping[str, Any], got: Any) -> float | None:
    """Return the share of the digits drawn anew that a network reads, or None if it is none."""
    network = network_of(inputs, got)
    if isinstance(network, str):
        return None
    return read_rightly(scores_of(network[0], inputs["x_new"], network[1]), inputs["t_new"])


def judge_network(inputs: Mapping[str, Any], got: Any, expected: Any) -> str | None:
    network = network_of(inputs, got)
    if isinstance(network, str):
        return network
    reached = accuracy_of(inputs, got)
    assert reached is not None
    if reached < WANTED:
        return (
            f"{reached:.1%} of the digits that were drawn anew are right; at least {WANTED:.0%} "
            "are asked for."
        )
    for name, told, right in zip(NAMES, got["gradients"], gradients_of(inputs, *network)):
        if not isinstance(told, np.ndarray) or told.size != right.size:
            return f"The gradient of {name} is no array of its shape."
        far = np.abs(told.reshape(right.shape) - right).max()
        if not far <= 1e-6 * (1 + np.abs(right).max()):
            return (
                f"The gradient of {name} that your engine gives for (scores(x) * c).sum() is not "
                f"the right one: they differ by up to {far:.2g}."
            )
    return None


def gradients_of(
    inputs: Mapping[str, Any], layers: Sequence[tuple[Any, Any]], activation: str
) -> tuple[Any, ...]:
    """Return the gradients of Σ scores(x) · c with respect to W1, b1, W2 and b2."""
    (W1, b1), (W2, _) = layers
    x, c = inputs["x"], inputs["c"]
    h = ACTIVATIONS[activation](x @ W1 + b1)
    dz = (c @ W2.T) * SLOPES[activation](h)
    return x.T @ dz, dz.sum(axis=0), h.T @ c, c.sum(axis=0)


def draw_digits(rng: np.random.Generator) -> Iterator[Case]:
    digits = load_digits()
    yield Case(
        {
            "x_train": digits.x_train,
            "t_train": digits.t_train,
            "seed": int(rng.integers(1_000_000)),
            "x": draw_anew(digits.x_train[rng.choice(len(digits.x_train), 6)], rng),
            "c": rng.normal(size=(6, 10)),
        },
        hidden=fresh_digits(rng),
    )


wrong = Mistakes()


def trained(told: Callable[[float | None, Mapping[str, Any]], bool]) -> Any:
    """Recognise a training by its accuracy and by what its parameters look like."""

    def when(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
        if not seen or not isinstance(seen[0].values.get("parameters"), dict):
            return False
        facts = seen[0].values["parameters"]
        if not {"finite", "all moved", "units alike", "gradient left"} <= facts.keys():
            return False
        inputs = {**cases[0].inputs, **cases[0].hidden}
        reached = accuracy_of(inputs, seen[0].values.get("network"))
        return (reached is None or reached < WANTED) and bool(told(reached, facts))

    return when


wrong.answer("no longer numbers", training(epochs=20, rate=-0.5)).says(
    """Some parameters are infinite or not a number: the steps go uphill, or the rate is far too
    large.""",
    recognise=trained(lambda reached, facts: not facts["finite"]),
)

wrong.answer(
    "all hidden units alike", training(epochs=3, weights=lambda rng, shape: np.zeros(shape))
).says(
    """All columns of the first weight matrix are the same. Units that begin alike receive the same
    gradients and stay alike for ever; they have to start at random.""",
    recognise=trained(lambda reached, facts: facts["finite"] and facts["units alike"]),
)

wrong.answer("parameters never moved", training(epochs=0)).says(
    """At least one parameter is still exactly zero everywhere: it was never updated. Does the step
    reach the `data` of every tensor in `params`?""",
    recognise=trained(
        lambda reached, facts: (
            facts["finite"] and not facts["all moved"] and not facts["units alike"]
        )
    ),
)


def sound(facts: Mapping[str, Any]) -> bool:
    return bool(facts["finite"] and facts["all moved"] and not facts["units alike"])


wrong.answer("gradients pile up", training(epochs=20, clear=False)).says(
    """The gradients that are left after your training are far larger than those of one batch: they
    were never cleared between the steps.""",
    recognise=trained(
        lambda reached, facts: sound(facts) and reached is not None and facts["gradient left"] > 1
    ),
)

wrong.answer("hardly better than guessing", training(epochs=5, shuffled=True)).says(
    """The network has trained and still guesses. Look whether the labels of a batch belong to its
    digits, and whether the rate is so large that the hidden units die.""",
    recognise=trained(
        lambda reached, facts: (
            sound(facts) and reached is not None and reached < 0.5 and facts["gradient left"] <= 1
        )
    ),
)

wrong.answer("stopped too early", training(epochs=2)).says(
    """The network is learning and has not come far enough: more epochs, a larger rate, or better
    first weights. (Is there a ReLU between the two products?)""",
    recognise=trained(
        lambda reached, facts: (
            sound(facts) and reached is not None and reached >= 0.5 and facts["gradient left"] <= 1
        )
    ),
)


def train_without_the_engine(x, t, rng):
    net = nn.TwoLayerNet(64, 50, 10, rng, std=0.1)
    for _ in range(60):
        for xs, ts in nn.minibatches(x, t, 50, rng):
            grads = net.gradient(xs, ts)
            for name, param in net.params.items():
                param -= 0.5 * grads[name]
    params = [nn.Tensor(param) for param in net.params.values()]
    return params, lambda x: nn.Tensor(net.predict(x))


def without_reaction(seen: Sequence[Observation]) -> bool:
    network: Any = seen[0].values.get("network") if seen else None
    gradients = network.get("gradients") if isinstance(network, dict) else None
    return isinstance(gradients, list) and not any(map(np.any, gradients))


wrong.answer("not trained by the engine", train_without_the_engine).says(
    """The scores are not computed from the tensors in `params`, so `backward` cannot have been what
    trained them. `scores` has to compute with the tensors themselves.""",
    recognise=lambda cases, seen: without_reaction(seen),
)


def train_params_as_arrays(x, t, rng):
    params, scores = training(epochs=1)(x, t, rng)
    return [param.data for param in params], scores


def stopped_at(words: str, seen: Sequence[Observation]) -> bool:
    return bool(seen) and seen[0].failure is not None and seen[0].failure.message.startswith(words)


wrong.answer("arrays instead of tensors", train_params_as_arrays).says(
    "`params` holds bare arrays. Return the tensors, whose `grad` belongs to them.",
    recognise=lambda cases, seen: stopped_at("params[0] is an array", seen),
)


def train_scores_as_array(x, t, rng):
    params, scores = training(epochs=1)(x, t, rng)
    return params, lambda x: scores(x).data


wrong.answer("scores as an array", train_scores_as_array).says(
    """`scores` takes the numbers out of the tensor and returns them alone. With them goes the way
    back.""",
    recognise=lambda cases, seen: stopped_at("scores(x) is an array", seen),
)


EXERCISE = Exercise(
    id="ch10.reach_autograd",
    title="The digits, learnt by your engine",
    kind="target",
    points=5,
    reference=training(),
    accepted=(training(epochs=60, engine=Tensor), train_by_squares),
    mistakes=wrong.all,
    hints=(
        "You have every part. Which tensors are the parameters, and which lines of the loop in the "
        "exercise before are the same here?",
        "Four tensors; scores by two products and a `relu` between; in every step a batch, the loss, "
        "cleared gradients, `backward`, and a step downhill. Begin the weights with small random "
        "numbers, std 0.1, and try the rate 0.5 and some dozens of epochs.",
        "The skeleton:\n"
        "    params = [Tensor(…), …]      # W1, b1, W2, b2\n"
        "    def scores(x):\n"
        "        return relu(Tensor(x) @ … + …) @ … + …\n"
        "    for _ in range(…):\n"
        "        for xs, ts in nn.minibatches(x, t, …, rng):\n"
        "            … loss, clear, backward, step\n"
        "    return …, scores",
    ),
    probe=Probe(probes.digits),
    draw=draw_digits,
    outputs=(
        Output("parameters", compare=lambda inputs, got, expected: None),
        Output("network", compare=judge_network),
    ),
    remark="Your own engine has learnt to read. From the first plus sign to the last gradient, there "
    "is nothing left in it that you have not written or could not write.",
    seconds=60.0,
    repeat=False,
)
