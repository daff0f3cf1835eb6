"""ch07.init_params: first parameters."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from exercises_lib.checking import Case, Exercise, Observation, Output, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.exercises.ch07_banknotes._shared import sizes_of_a_layer
from exercises_lib.probes import ch07 as probes


def init_params(sizes, rng, std=0.3):
    params = {}
    for i in range(1, len(sizes)):
        params[f"weight{i}"] = std * rng.standard_normal((sizes[i], sizes[i - 1]))
        params[f"bias{i}"] = np.zeros((sizes[i], 1))
    return params


def init_params_from_pairs(sizes, rng, std=0.3):
    layers = list(pairwise(sizes))
    weights = {f"weight{i}": rng.normal(0, std, (m, d)) for i, (d, m) in enumerate(layers, 1)}
    return weights | {f"bias{i}": np.zeros((m, 1)) for i, (_, m) in enumerate(layers, 1)}


def init_params_one_by_one(sizes, rng, std=0.3):
    params = {}
    for i, inputs in enumerate(sizes[:-1]):
        rows = [[std * rng.standard_normal() for _ in range(inputs)] for _ in range(sizes[i + 1])]
        params["weight" + str(i + 1)] = np.array(rows)
        params["bias" + str(i + 1)] = np.array([[0.0]] * sizes[i + 1])
    return params


def init_uniform(sizes, rng, std=0.3):
    """Uniform numbers of the same mean and spread, as some frameworks draw them."""
    limit = std * 3**0.5
    params = init_params(sizes, rng, std)
    return {
        name: rng.uniform(-limit, limit, p.shape) if name.startswith("w") else p
        for name, p in params.items()
    }


def draw_init_params(rng: np.random.Generator) -> Iterator[Case]:
    def case(sizes: tuple[int, ...], std: float, note: str) -> Case:
        return Case({"sizes": sizes, "std": std, "seed": int(rng.integers(2**31))}, note)

    n, d, m = sizes_of_a_layer(rng)
    yield case((4, 5, 1), 0.3, "sizes (4, 5, 1)")
    yield case((40, 30, 20), float(rng.uniform(0.02, 0.1)), "sizes (40, 30, 20), a small std")
    yield case((d, n, m, 1), 2.0, f"sizes {(d, n, m, 1)}, std 2")


def weight_list(got: Any) -> list[np.ndarray] | None:
    """Return all weights of both calls as arrays, or None if they are no numbers."""
    if not isinstance(got, list) or len(got) != 2:
        return None
    found = []
    for params in got:
        if not isinstance(params, dict) or not params:
            return None
        for value in params.values():
            if not isinstance(value, np.ndarray) or value.dtype.kind not in "iuf" or not value.size:
                return None
            found.append(value.astype(float))
    return found


def spread(got: Any) -> float:
    """Return the standard deviation of all weights around 0; NaN if there are none."""
    found = weight_list(got)
    if found is None:
        return float("nan")
    together = np.concatenate([weight.ravel() for weight in found])
    return float(np.sqrt(np.mean(together**2)))


def shapes_of(inputs: Mapping[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    """Read the shapes off the arrays of the first call."""
    if "weights" not in values:
        return values
    found = {**values["weights"][0], **values["biases"]}
    shapes = {name: np.shape(array) for name, array in found.items()}
    return {"names": values["names"], "shapes": shapes, **values}


def shapes_problem(inputs: Mapping[str, Any], got: Any, expected: Any) -> str | None:
    if not isinstance(got, dict):
        return "Your function does not return a dictionary of arrays."
    for name, shape in expected.items():
        if name not in got:
            return f"There is no {name} in your dictionary."
        if got[name] != shape:
            return f"{name} has shape {got[name]}, expected {shape}."
    more = [str(name) for name in got if name not in expected]
    return f"{more[0]} is an entry too many." if more else None


def weights_problem(inputs: Mapping[str, Any], got: Any, expected: Any) -> str | None:
    found = weight_list(got)
    if found is None:
        return "The weights are not arrays of numbers."
    if not all(np.isfinite(weight).all() for weight in found):
        return "Some weights are not finite numbers."
    together = np.concatenate([weight.ravel() for weight in found])
    if len(np.unique(together)) < len(together):
        return (
            "Some weights are equal to others. Each one is a draw of its own, in every unit, in "
            "every layer, and at the next call."
        )
    std = inputs["std"]
    if len(together) > 1000:
        real = spread(got)
        if not 0.85 * std < real < 1.15 * std:
            return f"The weights have a standard deviation of {real:.3g}, expected {std:.3g}."
        if abs(together.mean()) > 0.2 * std:
            return f"The mean of the weights is {together.mean():.3g}, expected about 0."
    return None


wrong = Mistakes(init_params)

wrong.swap("all weights zero", "std * rng.standard_normal(", "np.zeros(").says("""
    All weights are 0. Then the hidden units of a layer compute the same, receive the same gradient
    and stay copies of one another for ever.""")

wrong.swap("all weights equal", "std * rng.standard_normal(", "std * np.ones(").says("""
    All weights of a layer are the same number. Units that start alike receive the same gradient and
    stay alike.""")


def large_case(
    test: Callable[[np.ndarray, float], bool],
) -> Callable[[Sequence[Case], Sequence[Observation]], bool]:
    """Recognise a mistake by the many weights of the largest network, and by their std."""

    def when(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
        for case, one in zip(cases, seen):
            found = weight_list(one.values.get("weights"))
            if found is not None and sum(weight.size for weight in found) > 1000:
                together = np.concatenate([weight.ravel() for weight in found])
                return test(together, case.inputs["std"])
        return False

    return when


wrong.swap("std ignored", "std * rng.standard_normal(", "rng.standard_normal(").says(
    "The weights have a spread of 1, whatever `std` is.",
    recognise=large_case(lambda w, std: 0.85 < w.std() < 1.15),
)

wrong.swap("std squared", "std * rng", "std**2 * rng").says(
    """The weights are multiplied by the variance. NumPy's generators, and the factor in front of
    `standard_normal`, want the standard deviation.""",
    recognise=large_case(lambda w, std: 0.85 * std**2 < w.std() < 1.15 * std**2),
)

wrong.swap("only positive weights", "rng.standard_normal", "rng.random").says(
    """All weights are positive: `rng.random` draws between 0 and 1. A layer needs both signs to
    tell more from less.""",
    recognise=large_case(lambda w, std: bool((w >= 0).all() and len(np.unique(w)) > 10)),
)

wrong.swap(
    "a generator of its own", "rng.standard_normal", "np.random.default_rng(1).standard_normal"
).says(
    """The function makes its own generator from a fixed seed instead of using `rng`, so every layer
    and every call starts from the same numbers.""",
    recognise=large_case(
        lambda w, std: (
            len(np.unique(w)) > 10
            and np.array_equal(w[: len(w) // 2], w[len(w) // 2 :])
            and w.std() > 0.5 * std
        )
    ),
)

wrong.swap("the global generator", "rng.standard_normal", "np.random.standard_normal").says("""
    The weights come from NumPy's global generator and not from `rng`. The same seed should give the
    same network.""")

wrong.swap("weights transposed", "sizes[i], sizes[i - 1]", "sizes[i - 1], sizes[i]").says("""
    Your weights are (D, M), as in the row convention. Here a layer computes `weight @ a`, with one
    row of weights per unit.""")

wrong.swap("biases without a second axis", "(sizes[i], 1)", "sizes[i]").says("""
    Your biases have shape (M,). NumPy would lay them along the samples; a column of shape (M, 1)
    goes along the units.""")


def drawn_biases(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
    biases = seen[0].values.get("biases")
    return isinstance(biases, dict) and any(
        isinstance(bias, np.ndarray) and len(np.unique(bias)) > 1 for bias in biases.values()
    )


wrong.swap(
    "biases drawn at random",
    "np.zeros((sizes[i], 1))",
    "np.linspace(-1, 1, sizes[i] + 2)[1:-1, np.newaxis] + 0.1",
).says(
    """Your biases are random numbers. It is the weights that must differ from unit to unit; biases
    start at 0.""",
    recognise=drawn_biases,
)

wrong.swap(
    "counted from 0", ('f"weight{i}"', 'f"weight{i - 1}"'), ('f"bias{i}"', 'f"bias{i - 1}"')
).says("""Your names count from 0. Layer 0 is the input, and it has no parameters: the first are
    called `weight1` and `bias1`.""")

wrong.swap("last layer missing", "len(sizes)", "len(sizes) - 1").says("""The last layer has no
    parameters. A network with three sizes has two layers: one between each size and the next.""")

wrong.swap("other names", ('f"weight{i}"', 'f"W{i}"'), ('f"bias{i}"', 'f"b{i}"')).says("""
    The entries are to be called `weight1`, `bias1`, `weight2` and so on.""")

wrong.swap("always the default std", "std * rng", "0.3 * rng").says(
    """The weights always have a standard deviation of 0.3. That is only the default; the caller may
    pass another `std`.""",
    recognise=large_case(lambda w, std: 0.29 < w.std() < 0.31 and not 0.25 < std < 0.35),
)

wrong.swap("std taken as a limit", "std * rng.standard_normal(", "rng.uniform(-std, std, ").says(
    """Your numbers lie evenly between −std and std. That gives both signs, but a smaller standard
    deviation than `std`: no number is farther out than that.""",
    recognise=large_case(lambda w, std: 0.9 * std < np.abs(w).max() <= std and w.min() < 0),
)

wrong.swap(
    "units share their weights",
    "(sizes[i], sizes[i - 1])",
    "sizes[i - 1]) * np.ones((sizes[i], sizes[i - 1])",
).says(
    """One draw serves several units: their rows of weights are equal, and they will stay copies of
    one another. Draw as many numbers as the matrix has entries.""",
    recognise=large_case(
        lambda w, std: (
            10 < len(np.unique(w)) <= len(w) / 2
            and not np.array_equal(w[: len(w) // 2], w[len(w) // 2 :])
        )
    ),
)

wrong.swap("biases laid as a row", "(sizes[i], 1)", "(1, sizes[i])").says("""
    Your biases are rows, (1, M). There is one bias per unit, and units lie along axis 0.""")

wrong.swap("biases as single numbers", "np.zeros((sizes[i], 1))", "0.0").says("""
    Each bias of yours is a single number, the same for all units of the layer. Every unit has one
    of its own.""")

wrong.swap("biases of one", "np.zeros", "np.ones").says("""Your biases start at 1. Zero is what is
    asked for: it takes no side.""")

wrong.swap("two layers only", "len(sizes)", "3").says("""You make two layers, however many sizes
    there are. Let `len(sizes)` say how many.""")

wrong.swap(
    "a layer too many",
    "(1, len(sizes))",
    "(len(sizes))",
    '[f"weight{i}"] = std * rng.standard_normal((sizes[i], sizes[i - 1]))',
    '[f"weight{i + 1}"] = std * rng.standard_normal((sizes[i + 1], sizes[i]))',
    '[f"bias{i}"] = np.zeros((sizes[i], 1))',
    '[f"bias{i + 1}"] = np.zeros((sizes[i + 1], 1))',
).says("""Your loop makes a layer for every *size*. A layer leads from one size to the next, so
    there is one fewer of them.""")

wrong.swap("returns after the first layer", "len(sizes)", "2").says("""
    Only the first layer has parameters. Does your `return` stand inside the loop?""")


EXERCISE = Exercise(
    id="ch07.init_params",
    title="First parameters",
    kind="function",
    points=2,
    reference=init_params,
    accepted=(init_params_from_pairs, init_params_one_by_one, init_uniform),
    mistakes=wrong.all,
    hints=(
        "How many layers has a network of sizes (4, 5, 1)? Write down the shape of each of its "
        "parameters before you write code.",
        "Layer i leads from sizes[i - 1] to sizes[i], for i = 1, 2, … A weight matrix has one row "
        "per unit; `rng.standard_normal(shape)` draws with standard deviation 1.",
        "The skeleton:\n    params = {}\n    for i in range(1, …):\n"
        '        params[f"weight{i}"] = … * rng.standard_normal((…, …))\n'
        '        params[f"bias{i}"] = np.zeros((…, 1))\n    return …',
    ),
    probe=Probe(probes.parameters),
    draw=draw_init_params,
    reads=shapes_of,
    outputs=(
        Output("shapes", compare=shapes_problem),
        Output("weights", compare=weights_problem),
    ),
    remark="The same generator gave other weights at the next call, and the same seed the same ones.",
)
