"""Probes of chapter 07: dictionaries, splits, trainings, tests of tests, and patients.

What is drawn at random is yielded as it came; whether it is as it should be is decided by the
judge.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from exercises_lib import probes
from exercises_lib.checking import MisfitError, Oracle
from exercises_lib.probes import Steps, name_of, need_class, need_function, unpack


def parameters(answer: Any, inputs: dict[str, Any]) -> Steps:
    """Draw first parameters twice from one generator.

    Args:
        answer: a function of ``(sizes, rng, std)`` that returns a dictionary.
        inputs: ``sizes``, ``std`` and ``seed`` of the generator.
    """
    need_function(answer)
    rng = np.random.default_rng(inputs["seed"])
    during = f"{name_of(answer)}(sizes, rng, std)"
    yield during
    params = _dictionary(answer(inputs["sizes"], rng, inputs["std"]), during)
    yield "names", sorted(str(name)[:40] for name in params)
    yield "biases", _named(params, "bias")
    yield f"{during} with the same generator once more"
    again = _dictionary(answer(inputs["sizes"], rng, inputs["std"]), during)
    yield "weights", [_named(params, "weight"), _named(again, "weight")]


def one_layer_forward(answer: Any, inputs: dict[str, Any]) -> Steps:
    """Run one layer forward; its activation is part of the outputs' names."""
    kind = inputs["activation"]
    yield from _renamed(probes.call(answer, inputs, returns=("a", "z")), f"{kind} ")


def forward_pass(answer: Any, inputs: dict[str, Any]) -> Steps:
    """Run a network forward, then another one, and look at the first one's cache again.

    Args:
        answer: a function of ``(x, params)`` that returns ``p`` and a dictionary.
        inputs: ``x``, ``params``, and ``other x``, ``other params`` of another network.
    """
    need_function(answer)
    during = f"{name_of(answer)}(x, params)"
    yield during
    found = [
        item[1]
        for item in unpack(answer(inputs["x"], inputs["params"]), ("p", "cache"), during)
        if isinstance(item, tuple)
    ]
    p, cache = found[0], _dictionary(found[1], during, "as its second value a dictionary")
    yield "p", p
    yield "cache", cache
    yield f"{during} of another network"
    answer(inputs["other x"], inputs["other params"])
    yield "cache", cache


def train_epoch(answer: Any, inputs: dict[str, Any]) -> Steps:
    """Train one epoch; certain probabilities give the outputs names of their own.

    Args:
        answer: a function of ``(x, t, params, lr)`` that returns loss and accuracy.
        inputs: its arguments.
    """
    need_function(answer)
    x, t = inputs["x"], inputs["t"]
    certain = np.abs(x) >= 800 if len(x) == 1 else np.zeros(x.shape, dtype=bool)
    kind = ""
    if certain.any():
        kind = "certain " if ((x > 0) == t)[certain].all() else "certain-and-wrong "
    during = f"{name_of(answer)}(x, t, params, lr)"
    yield during
    yield from _renamed(
        unpack(answer(x, t, inputs["params"], inputs["lr"]), ("loss", "accuracy"), during), kind
    )
    yield "params", dict(inputs["params"])


def backward_pass(answer: Any, inputs: dict[str, Any]) -> Steps:
    """Run a network back, twice from the same cache.

    Args:
        answer: a function of ``(p, t, cache, params)`` that returns a dictionary.
        inputs: its arguments.
    """
    need_function(answer)
    p = inputs["p"]
    kind = "certain " if ((p == 0) | (p == 1)).any() else ""
    during = f"{name_of(answer)}(p, t, cache, params)"
    for which in ("", SECOND):
        yield f"{during}{which}"
        grads = _dictionary(answer(p, inputs["t"], inputs["cache"], inputs["params"]), during)
        yield "names", sorted(str(name)[:40] for name in grads)
        for name, grad in grads.items():
            yield f"{kind}{str(name)[:40]}", grad


SECOND = ", called a second time"


def remembering(answer: Any, inputs: dict[str, Any]) -> Steps:
    """Run a network back twice with the default activations, then twice with a list of one's own.

    Args:
        answer: a function of ``(p, t, cache, params, activations=…)``.
        inputs: its arguments; ``own`` is the list.
    """
    need_function(answer)
    given = [inputs[name] for name in ("p", "t", "cache", "params")]
    own = list(inputs["own"])
    for kind, more in (("", ()), ("own list: ", (own,))):
        during = f"{name_of(answer)}(p, t, cache, params{', activations' if more else ''})"
        for which in ("", SECOND):
            yield f"{during}{which}"
            grads = _dictionary(answer(*given, *more), during)
            for name, grad in grads.items():
                yield f"{kind}{str(name)[:40]}", grad
    yield "the caller's list afterwards", own


def tester(answer: Any, inputs: dict[str, Any], *, oracle: Oracle) -> Steps:
    """Hand over an evaluation, and ask whether it tests the network that it is given.

    Args:
        answer: a function of ``(evaluate, x, t, params)``.
        inputs: its last three arguments.
        oracle: answers a call of the evaluation, from the arguments of its first call and its own.
    """
    need_function(answer)
    first: list[Any] = []

    def evaluate(params: Any, x: Any, t: Any) -> float:
        call = [{k: np.array(v) for k, v in params.items()}, np.array(x), np.array(t)]
        if not first:
            first.append(call)
        return float(oracle([first[0], call]))

    yield f"{name_of(answer)}(evaluate, x, t, params)"
    found = answer(evaluate, inputs["x"], inputs["t"], inputs["params"])
    if found is None:
        raise MisfitError("Your function returns None, expected True or False.")
    if np.size(found) != 1 or isinstance(found, str):
        raise MisfitError("Your function is to return True or False.")
    yield "decision", "honest" if bool(found) else "not honest"


def deep(answer: Any, inputs: dict[str, Any]) -> Steps:
    """Make a network, set its parameters in place, and ask for everything that it can tell.

    Args:
        answer: a class made from ``(sizes, rng, std)``.
        inputs: ``sizes``, ``seed``, ``std``, ``params``, and two batches ``x1, t1, x2, t2``.
    """
    need_class(answer, ("predict", "loss", "gradient"))
    yield f"{name_of(answer)}({inputs['sizes']}, rng, std)"
    made = answer(tuple(inputs["sizes"]), np.random.default_rng(inputs["seed"]), inputs["std"])
    params = getattr(made, "params", None)
    if not isinstance(params, dict) or not all(isinstance(p, np.ndarray) for p in params.values()):
        raise MisfitError("The network has no dictionary params with its parameters.")
    shapes = {str(name)[:40]: array.shape for name, array in params.items()}
    yield "shapes", {name: shapes[name] for name in sorted(shapes)}
    yield "start", {str(name)[:40]: array.copy() for name, array in params.items()}
    if shapes != {name: array.shape for name, array in inputs["params"].items()}:
        return  # what is wrong has been yielded
    for name, array in inputs["params"].items():
        params[name][...] = array
    yield "predict(x)"
    yield "scores", made.predict(inputs["x1"])
    yield "gradient(x2, t2)"
    grads = _dictionary(made.gradient(inputs["x2"], inputs["t2"]), "gradient(x2, t2)")
    for name in sorted(map(str, grads)):
        yield f"d{name}"[:40], np.array(grads[name])
    yield "loss(x, t)"
    yield "loss", made.loss(inputs["x1"], inputs["t1"])
    for array in params.values():
        array *= 1.5
    yield "predict(x), after the parameters were updated in place"
    yield "updated scores", made.predict(inputs["x1"])


# --- the clinic ---------------------------------------------------------------------------------

TESTS = (
    *("loss_curve", "accuracies", "gradient_norms", "update_ratios", "parameter_norms"),
    *("dead_relus", "ten_samples", "look", "new_samples"),
)


class _Patient:
    """A patient whose tests are answered by the judge: nothing of it is here."""

    def __init__(self, oracle: Oracle) -> None:
        self._oracle = oracle
        self.title = "a patient"
        self.ordered: list[str] = []

    def __getattr__(self, test: str) -> Any:
        if test.startswith("_") or test not in TESTS:
            raise AttributeError(f"a patient has no test {test!r}; there are {', '.join(TESTS)}")

        def order(*arguments: Any, **named: Any) -> Any:
            self.ordered.append(test)
            found = self._oracle(test, *arguments, *named.values())
            if test == "look":
                return tuple(found)
            return float(found) if test == "new_samples" else found

        return order


def rules(answer: Any, inputs: dict[str, Any], *, oracle: Oracle) -> Steps:
    """Show a fresh patient to a function, and ask what it has.

    Args:
        answer: a function of a patient that returns a name.
        inputs: none.
        oracle: answers a test, by its name.
    """
    need_function(answer)
    yield f"{name_of(answer)}(patient)"
    with np.errstate(all="ignore"):  # a sick run has numbers that are none
        found = answer(_Patient(oracle))
    if found is None:
        raise MisfitError("Your function returns None, expected the name of a fault.")
    yield "diagnosis", found.strip() if isinstance(found, str) else str(found)[:60]


def one_epoch(answer: Any, inputs: dict[str, Any]) -> Steps:
    """Train two epochs with a gradient that notes what it is asked for.

    Args:
        answer: a function of ``(gradient, params, x, t, lr, batch, rng)``.
        inputs: ``params``, ``x``, ``t`` (each label occurs once), ``lr``, ``batch``, ``seed``.
    """
    need_function(answer)
    x, t, lr, batch = (inputs[name] for name in ("x", "t", "lr", "batch"))
    params, rng = inputs["params"], np.random.default_rng(inputs["seed"])
    before = {name: array.copy() for name, array in params.items()}
    seen: list[tuple[Any, Any]] = []
    total = {name: np.zeros_like(array) for name, array in before.items()}

    def gradient(rows: Any, labels: Any) -> dict[str, Any]:
        seen.append((np.array(rows), np.array(labels)))
        mean = rows.mean(axis=0)
        grads = {
            "W": np.outer(mean, np.arange(1, before["W"].shape[1] + 1)),
            "b": np.full(before["b"].shape, mean.sum()),
        }
        for name, grad in grads.items():
            total[name] += grad
        return grads

    orders = []
    for _ in range(2):
        yield f"{name_of(answer)}(gradient, params, x, t, lr, batch, rng)"
        answer(gradient, params, x, t, lr, batch, rng)
        if not seen:
            raise MisfitError("Your function never calls gradient(x, t).")
        rows = np.concatenate([one for one, _ in seen])
        labels = np.concatenate([np.ravel(one) for _, one in seen])
        places = (rows[:, None, :] == x[None, :, :]).all(axis=2).argmax(axis=1)
        next_ones = t[(places + 1) % len(t)]
        if np.array_equal(t[places], labels):
            yield "labels", "with their samples"
        elif np.array_equal(next_ones, labels):
            yield "labels", "those of the next sample"
        else:
            yield "labels", "elsewhere"
        yield "samples used", np.bincount(places, minlength=len(x)).tolist()
        yield "batch sizes", [len(one) for one, _ in seen]
        orders.append(places.tolist())
        seen.clear()
    if orders[0] == sorted(orders[0]):
        yield "order", "as it lies"
    else:
        yield "order", "the same in both epochs" if orders[0] == orders[1] else "anew"
    for name, array in before.items():
        yield f"what the steps leave unexplained in {name}", params[name] - array + lr * total[name]


def split(answer: Any, inputs: dict[str, Any]) -> Steps:
    """Divide samples twice with one generator.

    Args:
        answer: a function of ``(x, t, n_train, rng)``.
        inputs: ``x``, ``t``, ``n_train`` and ``seed`` of the generator.
    """
    need_function(answer)
    rng = np.random.default_rng(inputs["seed"])
    names = ("x_train", "t_train", "x_val", "t_val")
    during = f"{name_of(answer)}(x, t, n_train, rng)"
    both = []
    for which in ("", " with the same generator once more"):
        yield f"{during}{which}"
        result = answer(inputs["x"], inputs["t"], inputs["n_train"], rng)
        both.append([pair[1] for pair in unpack(result, names, during) if pair])
    yield "sets", both


def trained(answer: Any, inputs: dict[str, Any]) -> Steps:
    """Hand over notes to learn from, and take the parameters that were learnt.

    Args:
        answer: a function of ``(x_train, t_train, rng)`` that returns a dictionary.
        inputs: both arrays and ``seed`` of the generator.
    """
    need_function(answer)
    rng = np.random.default_rng(inputs["seed"])
    during = f"{name_of(answer)}(x_train, t_train, rng)"
    yield during
    yield "params", _dictionary(answer(inputs["x_train"], inputs["t_train"], rng), during)


def _dictionary(value: Any, during: str, wanted: str = "a dictionary") -> dict[Any, Any]:
    if value is None:
        raise MisfitError(f"{during} returns None, expected {wanted}. Did you forget the return?")
    if type(value) is not dict:
        raise MisfitError(f"{during} returns {type(value).__name__!r}, expected {wanted}.")
    return value


def _named(params: dict[Any, Any], start: str) -> dict[str, Any]:
    return {str(key)[:40]: value for key, value in params.items() if str(key).startswith(start)}


def _renamed(steps: Steps, kind: str) -> Steps:
    for step in steps:
        yield step if isinstance(step, str) else (kind + step[0], step[1])
