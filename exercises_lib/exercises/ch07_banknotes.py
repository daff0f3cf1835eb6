"""Exercises of chapter 07: a classifier from functions and dictionaries, one sample per column."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from exercises_lib import nn
from exercises_lib.checking import Case, Exercise, Mistake, Observation, Output, Probe
from exercises_lib.checking.serialize import describe, is_number
from exercises_lib.data import load_banknotes, simulated_banknotes
from exercises_lib.nn import columns, sigmoid
from exercises_lib.probes import call
from exercises_lib.probes import ch07 as probes


def sizes_of_a_layer(rng: np.random.Generator) -> tuple[int, int, int]:
    """Draw N, D and M from 2 to 6, all different."""
    n, d, m = rng.choice(np.arange(2, 7), size=3, replace=False).tolist()
    return n, d, m


def network(
    rng: np.random.Generator, sizes: Sequence[int], std: float = 0.8
) -> dict[str, np.ndarray]:
    """Draw parameters with biases that are not zero."""
    params = columns.init_params(sizes, rng, std)
    return {name: p + 0.3 * rng.normal(size=p.shape) for name, p in params.items()}


def labels(rng: np.random.Generator, n: int) -> np.ndarray:
    """Draw labels of shape (1, n), both classes among them if n allows it."""
    t = (np.arange(n) % 2 + rng.integers(2)) % 2
    return rng.permutation(t)[np.newaxis].astype(float)


def depth(params: Mapping[str, Any]) -> int:
    return len(params) // 2


# --- first parameters -----------------------------------------------------------------------


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


def every_weight(make):
    """Return a wrong init_params whose weights are make(rng, shape, std)."""

    def answer(sizes, rng, std=0.3):
        params = init_params(sizes, np.random.default_rng(0), std)
        for name in params:
            if name.startswith("weight"):
                params[name] = make(rng, params[name].shape, std)
        return params

    return answer


def init_one_too_many(sizes, rng, std=0.3):
    params = {}
    for i in range(len(sizes)):
        params[f"weight{i + 1}"] = std * rng.standard_normal((sizes[i + 1], sizes[i]))
        params[f"bias{i + 1}"] = np.zeros((sizes[i + 1], 1))
    return params


def changed(answer, change):
    """Return an init_params whose entries are change(name, array)."""

    def other(sizes, rng, std=0.3):
        return dict(change(name, p) for name, p in answer(sizes, rng, std).items())

    return other


def counted_from_zero(name, p):
    return f"{name[:-1]}{int(name[-1]) - 1}", p


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


def drawn_biases(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
    biases = seen[0].values.get("biases")
    return isinstance(biases, dict) and any(
        isinstance(bias, np.ndarray) and len(np.unique(bias)) > 1 for bias in biases.values()
    )


INIT_PARAMS = Exercise(
    id="ch07.init_params",
    title="First parameters",
    kind="function",
    points=2,
    reference=init_params,
    accepted=(init_params_from_pairs, init_params_one_by_one, init_uniform),
    mistakes=(
        Mistake(
            "all weights zero",
            every_weight(lambda rng, shape, std: np.zeros(shape)),
            "All weights are 0. Then the hidden units of a layer compute the same, receive the same "
            "gradient and stay copies of one another for ever.",
        ),
        Mistake(
            "all weights equal",
            every_weight(lambda rng, shape, std: np.full(shape, std)),
            "All weights of a layer are the same number. Units that start alike receive the same "
            "gradient and stay alike.",
        ),
        Mistake(
            "std ignored",
            every_weight(lambda rng, shape, std: rng.standard_normal(shape)),
            "The weights have a spread of 1, whatever `std` is.",
            recognise=large_case(lambda w, std: 0.85 < w.std() < 1.15),
        ),
        Mistake(
            "std squared",
            every_weight(lambda rng, shape, std: std**2 * rng.standard_normal(shape)),
            "The weights are multiplied by the variance. NumPy's generators, and the factor in "
            "front of `standard_normal`, want the standard deviation.",
            recognise=large_case(lambda w, std: 0.85 * std**2 < w.std() < 1.15 * std**2),
        ),
        Mistake(
            "only positive weights",
            every_weight(lambda rng, shape, std: std * rng.random(shape)),
            "All weights are positive: `rng.random` draws between 0 and 1. A layer needs both signs "
            "to tell more from less.",
            recognise=large_case(lambda w, std: bool((w >= 0).all() and len(np.unique(w)) > 10)),
        ),
        Mistake(
            "a generator of its own",
            every_weight(
                lambda rng, shape, std: std * np.random.default_rng(1).standard_normal(shape)
            ),
            "The function makes its own generator from a fixed seed instead of using `rng`, so "
            "every layer and every call starts from the same numbers.",
            recognise=large_case(
                lambda w, std: (
                    len(np.unique(w)) > 10
                    and np.array_equal(w[: len(w) // 2], w[len(w) // 2 :])
                    and w.std() > 0.5 * std
                )
            ),
        ),
        Mistake(
            "the global generator",
            every_weight(lambda rng, shape, std: std * np.random.standard_normal(shape)),
            "The weights come from NumPy's global generator and not from `rng`. The same seed "
            "should give the same network.",
        ),
        Mistake(
            "weights transposed",
            changed(init_params, lambda name, p: (name, p.T if name.startswith("w") else p)),
            "Your weights are (D, M), as in the row convention. Here a layer computes "
            "`weight @ a`, with one row of weights per unit.",
        ),
        Mistake(
            "biases without a second axis",
            changed(init_params, lambda name, p: (name, p[:, 0] if name.startswith("b") else p)),
            "Your biases have shape (M,). NumPy would lay them along the samples; a column of shape "
            "(M, 1) goes along the units.",
        ),
        Mistake(
            "biases drawn at random",
            changed(
                init_params,
                lambda name, p: (
                    name,
                    np.linspace(-1, 1, p.size + 2)[1:-1].reshape(p.shape) + 0.1
                    if name.startswith("b")
                    else p,
                ),
            ),
            "Your biases are random numbers. It is the weights that must differ from unit to unit; "
            "biases start at 0.",
            recognise=drawn_biases,
        ),
        Mistake(
            "counted from 0",
            changed(init_params, counted_from_zero),
            "Your names count from 0. Layer 0 is the input, and it has no parameters: the first are "
            "called `weight1` and `bias1`.",
        ),
        Mistake(
            "last layer missing",
            lambda sizes, rng, std=0.3: init_params(sizes[:-1], rng, std),
            "The last layer has no parameters. A network with three sizes has two layers: one "
            "between each size and the next.",
        ),
        Mistake(
            "other names",
            changed(init_params, lambda name, p: (name[0].upper().replace("B", "b") + name[-1], p)),
            "The entries are to be called `weight1`, `bias1`, `weight2` and so on.",
        ),
        Mistake(
            "always the default std",
            every_weight(lambda rng, shape, std: 0.3 * rng.standard_normal(shape)),
            "The weights always have a standard deviation of 0.3. That is only the default; the caller "
            "may pass another `std`.",
            recognise=large_case(lambda w, std: 0.29 < w.std() < 0.31 and not 0.25 < std < 0.35),
        ),
        Mistake(
            "std taken as a limit",
            every_weight(lambda rng, shape, std: rng.uniform(-std, std, shape)),
            "Your numbers lie evenly between −std and std. That gives both signs, but a smaller standard "
            "deviation than `std`: no number is farther out than that.",
            recognise=large_case(lambda w, std: 0.9 * std < np.abs(w).max() <= std and w.min() < 0),
        ),
        Mistake(
            "units share their weights",
            every_weight(
                lambda rng, shape, std: std * rng.standard_normal(shape[1]) * np.ones(shape)
            ),
            "One draw serves several units: their rows of weights are equal, and they will stay "
            "copies of one another. Draw as many numbers as the matrix has entries.",
            recognise=large_case(
                lambda w, std: (
                    10 < len(np.unique(w)) <= len(w) / 2
                    and not np.array_equal(w[: len(w) // 2], w[len(w) // 2 :])
                )
            ),
        ),
        Mistake(
            "biases laid as a row",
            changed(init_params, lambda name, p: (name, p.T if name.startswith("b") else p)),
            "Your biases are rows, (1, M). There is one bias per unit, and units lie along axis 0.",
        ),
        Mistake(
            "biases as single numbers",
            changed(init_params, lambda name, p: (name, 0.0 if name.startswith("b") else p)),
            "Each bias of yours is a single number, the same for all units of the layer. Every unit has one of "
            "its own.",
        ),
        Mistake(
            "biases of one",
            changed(init_params, lambda name, p: (name, p + 1 if name.startswith("b") else p)),
            "Your biases start at 1. Zero is what is asked for: it takes no side.",
        ),
        Mistake(
            "two layers only",
            lambda sizes, rng, std=0.3: init_params(sizes[:3], rng, std),
            "You make two layers, however many sizes there are. Let `len(sizes)` say how many.",
        ),
        Mistake(
            "a layer too many",
            init_one_too_many,
            "Your loop makes a layer for every *size*. A layer leads from one size to the next, so there is one "
            "fewer of them.",
        ),
        Mistake(
            "returns after the first layer",
            lambda sizes, rng, std=0.3: init_params(sizes[:2], rng, std),
            "Only the first layer has parameters. Does your `return` stand inside the loop?",
        ),
    ),
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
    outputs=(
        Output("shapes", compare=shapes_problem),
        Output("weights", compare=weights_problem),
    ),
    remark="The same generator gave other weights at the next call, and the same seed the same ones.",
)


# --- one layer forward ----------------------------------------------------------------------


def one_layer_forward(a_prev, weight, bias, activation):
    z = weight @ a_prev + bias
    a = np.maximum(z, 0) if activation == "relu" else sigmoid(z)
    return a, z


def layer_by_entries(a_prev, weight, bias, activation):
    z = np.zeros((len(weight), a_prev.shape[1]))
    for m in range(z.shape[0]):
        for n in range(z.shape[1]):
            z[m, n] = sum(weight[m, d] * a_prev[d, n] for d in range(len(a_prev))) + bias[m, 0]
    return z * (z > 0) if activation == "relu" else 0.5 * (1 + np.tanh(z / 2)), z


def layer_from_a_table(a_prev, weight, bias, activation):
    rules = {"relu": lambda z: np.where(z < 0, 0, z), "sigmoid": lambda z: 1 / (1 + np.exp(-z))}
    z = np.einsum("md,dn->mn", weight, a_prev) + bias
    return rules[activation](z), z


def layer_with(relu=lambda z: np.maximum(z, 0), squash=sigmoid, score=None):
    """Return a one_layer_forward with other activations, or with another way to z."""

    def answer(a_prev, weight, bias, activation):
        z = weight @ a_prev + bias if score is None else score(a_prev, weight, bias)
        return (relu(z) if activation == "relu" else squash(z)), z

    return answer


def draw_layer(rng: np.random.Generator) -> Iterator[Case]:
    def case(n: int, d: int, m: int, kind: str, note: str, dtype: type = np.float64) -> Case:
        shapes = {"a_prev": (d, n), "weight": (m, d), "bias": (m, 1)}
        arrays: dict[str, Any] = {
            name: rng.normal(size=shape).astype(dtype) for name, shape in shapes.items()
        }
        # At least one unit is negative and one positive, whatever was drawn.
        arrays["bias"][0] = 9 if kind == "sigmoid" else -9
        return Case({**arrays, "activation": kind}, f'{note}, activation "{kind}"')

    n, d, m = sizes_of_a_layer(rng)
    yield case(n, d, m, "relu", f"D = {d}, N = {n}, M = {m}")
    yield case(d, m, n, "sigmoid", f"D = {m}, N = {d}, M = {n}")
    yield case(1, m, d, "relu", "a batch of one")
    yield case(m, n, 1, "sigmoid", "a single unit")
    yield case(m, d, n, "relu", "float32", np.float32)


ONE_LAYER_FORWARD = Exercise(
    id="ch07.one_layer_forward",
    title="One layer forward",
    kind="function",
    points=2,
    reference=one_layer_forward,
    accepted=(layer_by_entries, layer_from_a_table),
    mistakes=(
        Mistake(
            "order swapped",
            lambda a_prev, weight, bias, activation: one_layer_forward(
                a_prev, weight, bias, activation
            )[::-1],
            "`a` and `z` have changed places: the function returns `a, z`.",
        ),
        Mistake(
            "ReLU for every activation",
            lambda a_prev, weight, bias, activation: one_layer_forward(
                a_prev, weight, bias, "relu"
            ),
            "Your layer applies ReLU where the sigmoid is asked for.",
        ),
        Mistake(
            "sigmoid for every activation",
            lambda a_prev, weight, bias, activation: one_layer_forward(
                a_prev, weight, bias, "sigmoid"
            ),
            "Your layer applies the sigmoid where ReLU is asked for.",
        ),
        Mistake(
            "no activation",
            lambda a_prev, weight, bias, activation: (weight @ a_prev + bias,) * 2,
            "Your `a` is `z`: the activation is missing. Without it two layers are no more than one.",
        ),
        Mistake(
            "the activation in place of z",
            lambda a_prev, weight, bias, activation: (
                (one_layer_forward(a_prev, weight, bias, activation)[0],) * 2
            ),
            "What you return as `z` is `a`. The way back needs to know where `z` was negative, and "
            "that cannot be seen any more.",
        ),
        Mistake(
            "bias forgotten",
            lambda a_prev, weight, bias, activation: one_layer_forward(
                a_prev, weight, 0 * bias, activation
            ),
            "The bias is missing.",
        ),
        Mistake(
            "bias flattened",
            lambda a_prev, weight, bias, activation: one_layer_forward(
                a_prev, weight, bias.ravel(), activation
            ),
            "A flat bias is laid along the samples. Its shape (M, 1) puts one number beside each "
            "unit.",
        ),
        Mistake(
            "row convention",
            lambda a_prev, weight, bias, activation: one_layer_forward(
                weight, a_prev, bias, activation
            ),
            "`a_prev @ weight` is the order for samples in rows. Here the weights stand on the left.",
        ),
        Mistake(
            "weight transposed",
            lambda a_prev, weight, bias, activation: one_layer_forward(
                a_prev, weight.T, bias, activation
            ),
            "`weight` has one row per unit already and needs no transpose.",
        ),
        Mistake(
            "activation before the layer",
            lambda a_prev, weight, bias, activation: (
                weight @ (np.maximum(a_prev, 0) if activation == "relu" else sigmoid(a_prev))
                + bias,
                weight @ a_prev + bias,
            ),
            "You apply the activation to what comes in. It belongs at the end, on `z`.",
        ),
        Mistake(
            "activations exchanged",
            layer_with(sigmoid, lambda z: np.maximum(z, 0)),
            'Your two branches have changed places: "relu" gives the sigmoid, and "sigmoid" gives ReLU.',
        ),
        Mistake(
            "bias as a row",
            layer_with(score=lambda a, w, b: w @ a + b.T),
            "You lay the bias along axis 1, where the samples are. It is a column already: one number "
            "beside each unit.",
        ),
        Mistake(
            "computed in rows",
            layer_with(score=lambda a, w, b: a.T @ w.T + b.T),
            "You compute in the row convention, so each sample becomes a row of your result. Here a sample "
            "is a column, on the way in and on the way out.",
        ),
        Mistake(
            "elementwise product",
            layer_with(score=lambda a, w, b: w * a + b),
            "`*` multiplies entry by entry. A layer needs the matrix product.",
        ),
        Mistake(
            "minimum instead of maximum",
            layer_with(lambda z: np.minimum(z, 0)),
            "Your ReLU keeps the negative numbers and drops the positive ones.",
        ),
        Mistake(
            "ReLU's slope",
            layer_with(lambda z: (z > 0).astype(float)),
            "Your ReLU gives 0 or 1. That is its slope, which the way back needs; forward it hands on `z` "
            "itself where that is positive.",
        ),
        Mistake(
            "Python's max",
            layer_with(lambda z: max(0, z)),
            "Python's `max` compares two things as wholes and cannot compare arrays. Which function of NumPy "
            "does it entry by entry?",
        ),
        Mistake(
            "maximum of a whole column",
            layer_with(lambda z: np.max(z, 0)),
            "`np.max(z, 0)` is the largest entry along axis 0, not the larger of z and 0.",
        ),
        Mistake(
            "exponent without minus",
            layer_with(squash=lambda z: 1 / (1 + np.exp(z))),
            "Your sigmoid falls where it should rise: it gives the probability of the other class.",
        ),
        Mistake(
            "the sigmoid's slope",
            layer_with(squash=lambda z: sigmoid(z) * (1 - sigmoid(z))),
            "You return the sigmoid's slope. That belongs to the way back.",
        ),
        Mistake(
            "the string is called",
            lambda a_prev, weight, bias, activation: activation(weight @ a_prev + bias),
            '`activation` is a name, "relu" or "sigmoid". Your code has to choose what to do by it.',
        ),
    ),
    hints=(
        "Write the shapes below the names: weight (M, D), a_prev (D, N), bias (M, 1).",
        "z is the product plus the bias, which broadcasts along the samples. Then one of two "
        "functions, chosen by the name; `nn.sigmoid` is safe for every z.",
        "The skeleton:\n    z = … @ … + …\n"
        '    if activation == "relu":\n        a = …\n    else:\n        a = …\n    return …, …',
    ),
    probe=Probe(probes.one_layer_forward),
    draw=draw_layer,
    outputs=tuple(
        Output(f"{kind} {name}", "(M, N)", "one row per unit, one column per sample")
        for kind in ("relu", "sigmoid")
        for name in ("a", "z")
    ),
    remark="`z` is handed out too: ReLU's way back asks where it was positive.",
)


# --- the whole way forward ------------------------------------------------------------------


def forward_pass(x, params):
    layers = len(params) // 2
    a, cache = x, {"a0": x}
    for i in range(1, layers + 1):
        kind = "sigmoid" if i == layers else "relu"
        a, z = one_layer_forward(a, params[f"weight{i}"], params[f"bias{i}"], kind)
        cache[f"z{i}"], cache[f"a{i}"] = z, a
    return a, cache


def forward_by_while(x, params):
    cache, i = {"a0": x}, 1
    while f"weight{i}" in params:
        z = params[f"weight{i}"] @ cache[f"a{i - 1}"] + params[f"bias{i}"]
        last = f"weight{i + 1}" not in params
        cache.update({f"z{i}": z, f"a{i}": sigmoid(z) if last else np.maximum(z, 0)})
        i += 1
    return cache[f"a{i - 1}"], cache


def forward_recursive(x, params, i=1):
    a, z = one_layer_forward(
        x,
        params[f"weight{i}"],
        params[f"bias{i}"],
        "relu" if f"weight{i + 1}" in params else "sigmoid",
    )
    mine = {f"a{i - 1}": x, f"z{i}": z, f"a{i}": a}
    if f"weight{i + 1}" not in params:
        return a, mine
    p, rest = forward_recursive(a, params, i + 1)
    return p, mine | rest


def forward_with(kind_of_layer):
    """Return a forward_pass whose layer i of `layers` has the activation kind_of_layer(i, layers)."""

    def answer(x, params):
        layers = len(params) // 2
        a, cache = x, {"a0": x}
        for i in range(1, layers + 1):
            z = params[f"weight{i}"] @ a + params[f"bias{i}"]
            kind = kind_of_layer(i, layers)
            a = {"relu": np.maximum(z, 0), "sigmoid": sigmoid(z), "none": z}[kind]
            cache[f"z{i}"], cache[f"a{i}"] = z, a
        return a, cache

    return answer


def forward_with_shared_cache(x, params, cache={}):
    p, made = forward_pass(x, params)
    cache.clear()
    cache.update(made)
    return p, cache


def forward_without_input(x, params):
    p, cache = forward_pass(x, params)
    del cache["a0"]
    return p, cache


def forward_without_z(x, params):
    p, cache = forward_pass(x, params)
    return p, {name: value for name, value in cache.items() if name[0] == "a"}


def forward_shifted_names(x, params):
    p, cache = forward_pass(x, params)
    shifted = {f"a{i - 1}": cache[f"a{i}"] for i in range(1, depth(params) + 1)}
    return p, {**cache, **shifted}


def forward_always_from_x(x, params):
    layers, cache = len(params) // 2, {"a0": x}
    for i in range(1, layers + 1):
        kind = "sigmoid" if i == layers else "relu"
        a, z = one_layer_forward(x, params[f"weight{i}"], params[f"bias{i}"], kind)
        cache[f"z{i}"], cache[f"a{i}"] = z, a
    return a, cache


def forward_counting_entries(x, params):
    a, cache = x, {"a0": x}
    for i in range(1, len(params) + 1):
        kind = "sigmoid" if i == len(params) else "relu"
        a, z = one_layer_forward(a, params[f"weight{i}"], params[f"bias{i}"], kind)
        cache[f"z{i}"], cache[f"a{i}"] = z, a
    return a, cache


def forward_through(first, last, layer=one_layer_forward, counted=0):
    """Return a forward_pass through the layers from first to last(layers)."""

    def answer(x, params):
        layers = len(params) // 2
        a, cache = x, {"a0": x}
        for i in range(first, last(layers) + 1):
            kind = "sigmoid" if i == layers else "relu"
            a, z = layer(a, params[f"weight{i}"], params[f"bias{i}"], kind)
            cache[f"z{i - counted}"], cache[f"a{i - counted}"] = z, a
        return a, cache

    return answer


def forward_two_layers(x, params):
    cache = {"a0": x}
    for i, kind in ((1, "relu"), (2, "sigmoid")):
        a, z = one_layer_forward(cache[f"a{i - 1}"], params[f"weight{i}"], params[f"bias{i}"], kind)
        cache[f"z{i}"], cache[f"a{i}"] = z, a
    return cache["a2"], cache


def forward_returning_early(x, params):
    kind = "sigmoid" if depth(params) == 1 else "relu"
    a, z = one_layer_forward(x, params["weight1"], params["bias1"], kind)
    return a, {"a0": x, "z1": z, "a1": a}


def forward_exchanged(x, params):
    p, cache = forward_pass(x, params)
    other = {"a": "z", "z": "a"}
    return p, {
        (name if name == "a0" else other[name[0]] + name[1:]): value
        for name, value in cache.items()
    }


def forward_from_z(x, params):
    layers, given, cache = len(params) // 2, x, {"a0": x}
    for i in range(1, layers + 1):
        kind = "sigmoid" if i == layers else "relu"
        a, z = one_layer_forward(given, params[f"weight{i}"], params[f"bias{i}"], kind)
        cache[f"z{i}"], cache[f"a{i}"] = z, a
        given = z
    return a, cache


def forward_without_last_a(x, params):
    p, cache = forward_pass(x, params)
    del cache[f"a{depth(params)}"]
    return p, cache


def cache_of_another_call(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
    return any("cache" in one.unstable and not one.changed for one in seen)


def draw_forward(rng: np.random.Generator) -> Iterator[Case]:
    def case(n: int, sizes: tuple[int, ...], note: str) -> Case:
        x, params = rng.normal(size=(sizes[0], n)), network(rng, sizes)
        other_x, other = rng.normal(size=(3, n + 1)), network(rng, (3, 2, 1))
        return Case({"x": x, "params": params, "other x": other_x, "other params": other}, note)

    n, d, m = sizes_of_a_layer(rng)
    yield case(n, (d, m, 1), f"sizes {(d, m, 1)}, {n} samples")
    yield case(m, (n, d, m + 1, 1), f"sizes {(n, d, m + 1, 1)}, {m} samples")
    yield case(1, (m, 1), f"a single layer, sizes {(m, 1)}, a single sample")


FORWARD_PASS = Exercise(
    id="ch07.forward_pass",
    title="The whole way forward",
    kind="function",
    points=3,
    reference=forward_pass,
    accepted=(forward_by_while, forward_recursive),
    mistakes=(
        Mistake(
            "sigmoid in every layer",
            forward_with(lambda i, layers: "sigmoid"),
            "All your layers use the sigmoid. Only the last one has to give a probability; the "
            "hidden ones use ReLU.",
        ),
        Mistake(
            "ReLU in every layer",
            forward_with(lambda i, layers: "relu"),
            "Your last layer uses ReLU too. A probability has to lie between 0 and 1.",
        ),
        Mistake(
            "no activation at the end",
            forward_with(lambda i, layers: "none" if i == layers else "relu"),
            "Your last layer gives the score `z` itself. The sigmoid makes a probability of it.",
        ),
        Mistake(
            "sigmoid in layer 2",
            forward_with(lambda i, layers: "sigmoid" if i == 2 else "relu"),
            "Your code takes layer 2 for the last one. How many layers there are follows from the "
            "number of parameters.",
        ),
        Mistake(
            "sigmoid first, ReLU last",
            forward_with(lambda i, layers: "sigmoid" if i == 1 else "relu"),
            "The activations stand in the reverse order: hidden layers use ReLU, the last one the "
            "sigmoid.",
        ),
        Mistake(
            "input not in the cache",
            forward_without_input,
            "The cache lacks `a0`, the input. The first layer's weight gradient is made of it.",
        ),
        Mistake(
            "z not in the cache",
            forward_without_z,
            "The cache holds the activations alone. ReLU's way back asks where `z` was positive.",
        ),
        Mistake(
            "names shifted by one",
            forward_shifted_names,
            "Your `a0` is the first layer's output. `a0` is the input, and `a1` comes from layer 1.",
        ),
        Mistake(
            "every layer gets x",
            forward_always_from_x,
            "You hand `x` to every layer. A layer gets what the layer before it gave.",
        ),
        Mistake(
            "one cache for all calls",
            forward_with_shared_cache,
            "All your calls share one cache: the next call overwrites what the last one returned. A "
            "default argument such as `cache={}` is made once, when the function is defined. Make "
            "the dictionary inside the function.",
            recognise=cache_of_another_call,
        ),
        Mistake(
            "a layer per entry",
            forward_counting_entries,
            "You count entries of the dictionary, and each layer has two of them.",
        ),
        Mistake(
            "only p",
            lambda x, params: forward_pass(x, params)[0],
            "You return the probabilities alone. The cache has to come out too, for the way back.",
        ),
        Mistake(
            "two layers only",
            forward_two_layers,
            "Your code is written out for two layers. How many there are follows from the number of "
            "parameters.",
        ),
        Mistake(
            "last layer left out",
            forward_through(1, lambda layers: layers - 1),
            "Your loop ends one layer too early: what `range` is given as its end does not occur any more.",
        ),
        Mistake(
            "returns after the first layer",
            forward_returning_early,
            "You stop after the first layer. Does your `return` stand inside the loop?",
        ),
        Mistake(
            "a and z in the other order",
            forward_through(
                1, lambda layers: layers, lambda *given: one_layer_forward(*given)[::-1]
            ),
            "`one_layer_forward` returns `a, z`, and you take them for `z, a`. So the next layer is given "
            "scores, and the cache has the two under each other's name.",
        ),
        Mistake(
            "a and z exchanged in the cache",
            forward_exchanged,
            "In your cache each `z` stands under the name of its `a`, and the other way round.",
        ),
        Mistake(
            "the next layer gets z",
            forward_from_z,
            "You hand `z` to the next layer. What goes on is `a`, behind the activation.",
        ),
        Mistake(
            "arguments exchanged",
            forward_through(
                1, lambda layers: layers, lambda a, w, b, kind: one_layer_forward(w, a, b, kind)
            ),
            "`one_layer_forward` takes what comes in first, and then the weights.",
        ),
        Mistake(
            "counted from 0",
            forward_through(1, lambda layers: layers, counted=1),
            "You count the results of the layers from 0. `a0` is the input; the first layer gives `z1` "
            "and `a1`.",
        ),
        Mistake(
            "last a not in the cache",
            forward_without_last_a,
            "The cache lacks the last activation. It is `p`, and it belongs there under its own name too.",
        ),
        Mistake(
            "cache and p exchanged",
            lambda x, params: forward_pass(x, params)[::-1],
            "The function returns `p, cache`: the probabilities first.",
        ),
    ),
    hints=(
        "For sizes (4, 5, 1) write down all entries of the cache, in order. Which of them is the "
        "input of layer 2?",
        'Start with a = x and {"a0": x}. Each round hands `a` to the next layer and writes down its '
        "z and a. Which layer is the last follows from len(params).",
        "The skeleton:\n    layers = …\n    a, cache = x, {…}\n    for i in range(1, layers + 1):\n"
        "        activation = …\n"
        "        a, z = one_layer_forward(…, …, …, activation)\n"
        "        cache[…], cache[…] = z, a\n    return …, …",
    ),
    probe=Probe(probes.forward_pass),
    draw=draw_forward,
    outputs=(Output("p", "(1, N)", "one probability per sample"),),
    remark="It ran with one, two and three layers, and another network in between changed nothing.",
)


# --- loss and accuracy ----------------------------------------------------------------------


def loss_and_accuracy(p, t):
    right = np.where(t == 1, p, 1 - p)
    loss = -np.log(np.maximum(right, 1e-15)).mean()
    return float(loss), float(np.mean((p > 0.5) == (t == 1)))


def loss_by_samples(p, t):
    loss = hits = 0.0
    for q, label in zip(p[0], t[0]):
        q = min(max(q, 1e-12), 1 - 1e-12)
        loss -= np.log(q) if label else np.log(1 - q)
        hits += (q > 0.5) == bool(label)
    return loss / p.size, hits / p.size


def loss_clipped(p, t):
    q = np.clip(p, 1e-12, 1 - 1e-12)
    loss = -(t * np.log(q) + (1 - t) * np.log(1 - q)).mean()
    return loss, 1 - np.abs(np.round(p) - t).mean()


def bounded(p):
    return np.clip(p, 1e-15, 1)


def bce(p, t):
    q = np.clip(p, 1e-15, 1 - 1e-15)
    return -(t * np.log(q) + (1 - t) * np.log(1 - q))


def hits(p, t):
    return np.mean((p > 0.5) == (t == 1))


def draw_loss(rng: np.random.Generator) -> Iterator[Case]:
    def p_of(n: int) -> np.ndarray:
        p = rng.uniform(0.05, 0.95, (1, n))
        return np.where(np.abs(p - 0.5) < 0.02, 0.6, p)

    n = int(rng.integers(30, 40))  # so many that different accuracies are different numbers
    yield Case({"p": p_of(n), "t": labels(rng, n)}, f"{n} samples")
    near = np.array([[2e-6, 1 - 3e-6]])
    yield Case({"p": near, "t": np.array([[1.0, 0.0]])}, "probabilities near 0 and 1")
    yield Case({"p": p_of(1), "t": np.ones((1, 1))}, "a single sample, of class 1")
    yield Case({"p": p_of(1), "t": np.zeros((1, 1))}, "a single sample, of class 0")
    yield Case({"p": p_of(4).astype(np.float32), "t": labels(rng, 4)}, "float32")
    p = np.concatenate([np.array([[1.0, 0.0]]), p_of(3)], axis=1)
    t = np.concatenate([np.array([[1.0, 0.0]]), labels(rng, 3)], axis=1)
    yield Case({"p": p, "t": t}, "probabilities of exactly 1 and 0, and they are right")
    t = np.concatenate([np.array([[0.0, 1.0]]), labels(rng, 3)], axis=1)
    yield Case({"p": p, "t": t}, "probabilities of exactly 1 and 0, and they are wrong")


def certain_and_wrong(inputs: Mapping[str, Any], got: Any, expected: Any) -> str | None:
    if not is_number(got) or isinstance(got, complex):
        return "The loss is not a number."
    value, n = float(np.asarray(got).real), inputs["p"].size
    if not np.isfinite(value):
        return f"The loss is {value:g} where a prediction is certain and wrong; make it finite."
    if not 2 * 10 / n < value < 2 * 800 / n + 5:
        return (
            f"The loss is {value:.4g} where two of {n} predictions are certain and wrong. Each of "
            "those alone should cost at least 10."
        )
    return None


def loss_seen(one: Observation) -> float:
    value: Any = one.values.get("loss")
    return float(np.real(value)) if is_number(value) else float("nan")


def cheap_near_the_ends(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
    """Recognise a limit or a constant by its traces: at the ends, and nowhere else."""
    first, near = [bce(case.inputs["p"], case.inputs["t"]).mean() for case in cases[:2]]
    losses = [loss_seen(one) for one in seen[:2]]
    return len(losses) == 2 and bool(
        np.isclose(losses[0], first, rtol=0.1) and 2 < losses[1] < near - 0.02
    )


def logarithm_of_labels(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
    """Recognise log 0, bounded or not, in proportion to how far p lies from t."""
    p, t = cases[0].inputs["p"], cases[0].inputs["t"]
    loss = loss_seen(seen[0])
    return loss == np.inf or 10 < loss / np.abs(p - t).mean() < 800


LOSS_AND_ACCURACY = Exercise(
    id="ch07.loss_and_accuracy",
    title="Loss and accuracy",
    kind="function",
    points=3,
    reference=loss_and_accuracy,
    accepted=(loss_by_samples, loss_clipped),
    mistakes=(
        Mistake(
            "unsafe logarithms",
            lambda p, t: (-(t * np.log(p) + (1 - t) * np.log(1 - p)).mean(), hits(p, t)),
            "At a probability of exactly 0 or 1 one of the two logarithms is −inf, and 0 · (−inf) "
            "is nan. Keep p a little away from both ends inside the logarithms.",
        ),
        Mistake(
            "summed over the samples",
            lambda p, t: (bce(p, t).sum(), hits(p, t)),
            "Your loss is a sum over the samples. It would be four times larger on the training set "
            "than on the validation set for no other reason than their sizes.",
        ),
        Mistake(
            "class 1 only",
            lambda p, t: (-(t * np.log(np.maximum(p, 1e-15))).mean(), hits(p, t)),
            "Your loss has the term of class 1 alone: a note of class 0 costs nothing, whatever the "
            "network says about it.",
        ),
        Mistake(
            "sign lost",
            lambda p, t: (-bce(p, t).mean(), hits(p, t)),
            "Your loss is negative: logarithms of probabilities are, and the minus in front is "
            "missing.",
        ),
        Mistake(
            "labels exchanged",
            lambda p, t: (bce(p, 1 - t).mean(), hits(p, t)),
            "Your loss takes the probability of the wrong class: p is the probability of class 1.",
        ),
        Mistake(
            "squared error",
            lambda p, t: (((p - t) ** 2).mean(), hits(p, t)),
            "That is the mean squared error. A classifier's price is −log of the probability that "
            "the truth was given.",
        ),
        Mistake(
            "an array as the loss",
            lambda p, t: (-(t @ np.log(p.T) + (1 - t) @ np.log(1 - p).T) / p.size, hits(p, t)),
            "The product of a (1, N) and an (N, 1) array is an array of shape (1, 1). The loss is a "
            "plain number.",
        ),
        Mistake(
            "one loss per sample",
            lambda p, t: (bce(p, t), hits(p, t)),
            "You return a loss per sample; their mean is asked for.",
        ),
        Mistake(
            "accuracy in percent",
            lambda p, t: (bce(p, t).mean(), 100 * hits(p, t)),
            "Your accuracy is in percent. A part of the whole is asked for, from 0 to 1.",
        ),
        Mistake(
            "right answers counted",
            lambda p, t: (bce(p, t).mean(), ((p > 0.5) == (t == 1)).sum()),
            "You count right answers; which *part* of the samples they are is asked for.",
        ),
        Mistake(
            "probabilities compared with labels",
            lambda p, t: (bce(p, t).mean(), np.mean(p == t)),
            "You ask whether the probability *equals* the label. The network says class 1 wherever "
            "its probability is above one half.",
        ),
        Mistake(
            "error instead of accuracy",
            lambda p, t: (bce(p, t).mean(), np.mean((p > 0.5) != (t == 1))),
            "That is the part of wrong answers.",
        ),
        Mistake(
            "order swapped",
            lambda p, t: (hits(p, t), bce(p, t).mean()),
            "Loss and accuracy have changed places: the function returns `loss, accuracy`.",
        ),
        Mistake(
            "too cheap near 0 and 1",
            lambda p, t: (bce(np.clip(p, 1e-4, 1 - 1e-4), t).mean(), hits(p, t)),
            "Where the truth was given a probability of some millionths, your loss is too small: a constant "
            "is added inside the logarithms, or a limit begins too early. Choose it far smaller.",
            recognise=cheap_near_the_ends,
        ),
        Mistake(
            "p and t exchanged",
            lambda p, t: (bce(t, p).mean(), hits(p, t)),
            "You take the logarithm of the labels. It belongs to the probabilities; the labels choose "
            "which of the two terms counts.",
            recognise=logarithm_of_labels,
        ),
        Mistake(
            "minus between the terms",
            lambda p, t: (
                -(t * np.log(bounded(p)) - (1 - t) * np.log(bounded(1 - p))).mean(),
                hits(p, t),
            ),
            "Between your two terms stands a minus. Both classes cost something: the one minus in front "
            "serves both terms.",
        ),
        Mistake(
            "one number in an array",
            lambda p, t: (bce(p, t).mean(axis=1), hits(p, t)),
            "A mean over axis 1 leaves axis 0, of length 1. The loss is a plain number.",
        ),
        Mistake(
            "argmax of one row",
            lambda p, t: (bce(p, t).mean(), np.mean(p.argmax(axis=0) == t)),
            "`argmax` chooses between several scores. Here each sample has a single probability, so it "
            "always says 0.",
        ),
        Mistake(
            "labels not asked",
            lambda p, t: (bce(p, t).mean(), np.mean(p > 0.5)),
            "That is the part of the samples which the network puts into class 1. Whether it is right about them "
            "does not occur in it.",
        ),
        Mistake(
            "right about class 1 only",
            lambda p, t: (bce(p, t).mean(), np.mean((p > 0.5) * t)),
            "You count the samples of class 1 that are found. One of class 0 that is called 0 is right too.",
        ),
        Mistake(
            "limit at 0",
            lambda p, t: (bce(p, t).mean(), np.mean((p > 0) == (t == 1))),
            "You ask where p is above 0, and a probability nearly always is. Above 0 would be the question "
            "for a score.",
        ),
    ),
    hints=(
        "Try p = [[1.0, 0.0]] with t = [[1.0, 0.0]]: a perfect prediction. What does it cost?",
        "A sample costs −log of the probability given to its own class, p or 1 − p. A limit of "
        "1e-12 inside the logarithm keeps it finite and changes nothing else. The network says "
        "class 1 where p is above ½.",
        "The skeleton:\n    q = np.clip(p, …, …)\n"
        "    loss = -np.mean(t * … + (1 - t) * …)\n    accuracy = np.mean((p > …) == …)\n"
        "    return …, …",
    ),
    probe=Probe(probes.loss_and_accuracy),
    draw=draw_loss,
    outputs=(
        Output("loss", rtol=1e-5, atol=1e-6),
        Output("certain loss", rtol=1e-5, atol=1e-6),
        Output("certain-and-wrong loss", compare=certain_and_wrong),
    ),
    remark="The limit is for the report only. The gradient of this chapter never sees it.",
)


# --- one layer back -------------------------------------------------------------------------


def one_layer_backward(dz, a_prev, weight):
    return weight.T @ dz, dz @ a_prev.T, dz.sum(axis=1, keepdims=True)


def layer_backward_by_samples(dz, a_prev, weight):
    da, d_weight = np.zeros(a_prev.shape), np.zeros(weight.shape)
    d_bias = np.zeros((len(weight), 1))
    for n in range(dz.shape[1]):
        da[:, n] = dz[:, n] @ weight
        d_weight += np.outer(dz[:, n], a_prev[:, n])
        d_bias[:, 0] += dz[:, n]
    return da, d_weight, d_bias


def layer_backward_in_rows(dz, a_prev, weight):
    d, x, W = dz.T, a_prev.T, weight.T
    return (d @ W.T).T, (x.T @ d).T, d.sum(axis=0)[:, None]


def draw_backward(rng: np.random.Generator) -> Iterator[Case]:
    def case(n: int, d: int, m: int, note: str, dtype: type = np.float64) -> Case:
        shapes = {"dz": (m, n), "a_prev": (d, n), "weight": (m, d)}
        return Case({k: rng.normal(size=s).astype(dtype) for k, s in shapes.items()}, note)

    n, d, m = sizes_of_a_layer(rng)
    yield case(n, d, m, f"D = {d}, N = {n}, M = {m}")
    yield case(m, n, d, "other sizes")
    yield case(1, m, d, "a batch of one")
    yield case(d, m, 1, "a single unit")
    yield case(d, m, n, "float32", np.float32)


ONE_LAYER_BACKWARD = Exercise(
    id="ch07.one_layer_backward",
    title="One layer back",
    kind="function",
    points=2,
    reference=one_layer_backward,
    accepted=(layer_backward_by_samples, layer_backward_in_rows),
    mistakes=(
        Mistake(
            "d_bias over axis 0",
            lambda dz, a, w: (w.T @ dz, dz @ a.T, dz.sum(axis=0, keepdims=True)),
            "You sum over axis 0, the units. The samples lie along axis 1 here, and they share the "
            "bias.",
        ),
        Mistake(
            "d_bias lost its axis",
            lambda dz, a, w: (w.T @ dz, dz @ a.T, dz.sum(axis=1)),
            "The sums are right and have shape (M,). Subtracted from a bias of shape (M, 1) that "
            "gives (M, M), and the next layer has M biases per unit.",
        ),
        Mistake(
            "d_bias not summed",
            lambda dz, a, w: (w.T @ dz, dz @ a.T, dz),
            "Your `d_bias` has one column per sample. All samples share one bias.",
        ),
        Mistake(
            "d_bias of everything",
            lambda dz, a, w: (w.T @ dz, dz @ a.T, dz.sum()),
            "You add up everything. Each unit has a bias of its own.",
        ),
        Mistake(
            "divided by the samples",
            lambda dz, a, w: (
                w.T @ dz,
                dz @ a.T / dz.shape[1],
                dz.sum(axis=1, keepdims=True) / dz.shape[1],
            ),
            "You divide by the number of samples here. The loss is a mean, and that division is "
            "already in the `dz` that arrives.",
        ),
        Mistake(
            "d_weight transposed",
            lambda dz, a, w: (w.T @ dz, a @ dz.T, dz.sum(axis=1, keepdims=True)),
            "Your `d_weight` has one row per input. `weight` has one row per unit, and so has its "
            "gradient.",
        ),
        Mistake(
            "weight not transposed",
            lambda dz, a, w: (w @ dz, dz @ a.T, dz.sum(axis=1, keepdims=True)),
            "`weight @ dz` multiplies (M, D) by (M, N): the inner sizes differ.",
        ),
        Mistake(
            "rules of the row convention",
            lambda dz, a, w: (dz @ w.T, a.T @ dz, dz.sum(axis=0)),
            "Those are the rules for one sample per row. Here the weights stand on the left, so the "
            "factors change places.",
        ),
        Mistake(
            "da_prev from d_weight",
            lambda dz, a, w: ((dz @ a.T).T @ dz, dz @ a.T, dz.sum(axis=1, keepdims=True)),
            "Your `da_prev` is made with the gradient of the weights. The way back leads through "
            "the weights themselves.",
        ),
        Mistake(
            "upstream dropped",
            lambda dz, a, w: one_layer_backward(np.ones_like(dz), a, w),
            "Your gradients do not depend on the numbers in `dz`.",
        ),
        Mistake(
            "order swapped",
            lambda dz, a, w: (dz @ a.T, dz.sum(axis=1, keepdims=True), w.T @ dz),
            "The order is `da_prev, d_weight, d_bias`: first what the layer below waits for.",
        ),
        Mistake(
            "da_prev transposed",
            lambda dz, a, w: (dz.T @ w, dz @ a.T, dz.sum(axis=1, keepdims=True)),
            "Your `da_prev` has one row per sample. `a_prev` has one column per sample, and so has its "
            "gradient.",
        ),
        Mistake(
            "ReLU applied here",
            lambda dz, a, w: ((w.T @ dz) * (a > 0), dz @ a.T, dz.sum(axis=1, keepdims=True)),
            "You put ReLU's mask on `da_prev`. This function knows of no activation; the one below belongs to the "
            "caller, and the input of the network has none.",
        ),
        Mistake(
            "d_bias as a row",
            lambda dz, a, w: (w.T @ dz, dz @ a.T, dz.sum(axis=1)[np.newaxis]),
            "The sums are right and lie in a row, (1, M). The bias is a column.",
        ),
    ),
    hints=(
        "You have written this in chapter 4, as `columns_backward`. What has the shape of each of "
        "the three results?",
        "Everybody keeps their side: in z = weight · a_prev the weight is the left factor. The bias "
        "has been copied along the samples.",
        "The skeleton:\n    da_prev = … @ …      # (D, M) · (M, N)\n"
        "    d_weight = … @ …     # (M, N) · (N, D)\n"
        "    d_bias = dz.sum(…)   # (M, 1)\n    return da_prev, d_weight, d_bias",
    ),
    probe=Probe(call, {"returns": ("da_prev", "d_weight", "d_bias")}),
    draw=draw_backward,
    outputs=(
        Output("da_prev", "(D, N)", "the shape of a_prev"),
        Output("d_weight", "(M, D)", "one number per weight"),
        Output("d_bias", "(M, 1)", "the shape of bias"),
    ),
    remark="No activation occurs here: it stands between two layers, and the caller takes care of it.",
)


# --- the whole way back ---------------------------------------------------------------------


def fused_start(p, t):
    return (p - t) / p.shape[1]


def positive(da, cache, i):
    return da * (cache[f"z{i}"] > 0)


def backward_with(
    start=fused_start, mask=positive, layer=one_layer_backward, given="a{below}", order=None
):
    """Return a backward pass that differs in where it starts, in its mask or in its layers."""

    def answer(p, t, cache, params):
        grads, dz = {}, start(p, t)
        layers = len(params) // 2
        for i in order(layers) if order else range(layers, 0, -1):
            name = given.format(below=i - 1, own=i) if i > 1 or "own" in given else "a0"
            da, grads[f"d_weight{i}"], grads[f"d_bias{i}"] = layer(
                dz, cache[name], params[f"weight{i}"]
            )
            if i > 1:
                dz = mask(da, cache, i - 1)
        return grads

    return answer


def backward_pass(p, t, cache, params):
    grads = {}
    dz = (p - t) / p.shape[1]
    for i in range(len(params) // 2, 0, -1):
        da, grads[f"d_weight{i}"], grads[f"d_bias{i}"] = one_layer_backward(
            dz, cache[f"a{i - 1}"], params[f"weight{i}"]
        )
        if i > 1:
            dz = da * (cache[f"z{i - 1}"] > 0)
    return grads


def backward_recursive(p, t, cache, params):
    def back(dz, i):
        da, d_weight, d_bias = one_layer_backward(dz, cache[f"a{i - 1}"], params[f"weight{i}"])
        below = {} if i == 1 else back(da * (cache[f"a{i - 1}"] > 0), i - 1)
        return {f"d_weight{i}": d_weight, f"d_bias{i}": d_bias, **below}

    return back((p - t) / p.size, depth(params))


def backward_by_samples(p, t, cache, params):
    total = {f"d_{name}": np.zeros(np.shape(array)) for name, array in params.items()}
    for n in range(p.shape[1]):
        dz = (p[:, n] - t[:, n]) / p.shape[1]
        for i in range(depth(params), 0, -1):
            total[f"d_weight{i}"] += np.outer(dz, cache[f"a{i - 1}"][:, n])
            total[f"d_bias{i}"][:, 0] += dz
            if i > 1:
                dz = (params[f"weight{i}"].T @ dz) * (cache[f"z{i - 1}"][:, n] > 0)
    return total


def layer_by_layer(dz, a_prev, weight):
    da, d_weight, d_bias = one_layer_backward(dz, a_prev, weight)
    return da, d_weight / dz.shape[1], d_bias / dz.shape[1]


def in_two_steps(p, t):
    dp = (-t / p + (1 - t) / (1 - p)) / p.shape[1]
    return dp * p * (1 - p)


def plain_names(p, t, cache, params):
    return {name[2:]: grad for name, grad in backward_pass(p, t, cache, params).items()}


def uses_up_the_cache(p, t, cache, params):
    grads = backward_pass(p, t, cache, params)
    for i in range(1, depth(params) + 1):
        del cache[f"z{i}"], cache[f"a{i}"]
    return grads


def two_layers_only(p, t, cache, params):
    grads, dz = {}, (p - t) / p.shape[1]
    da, grads["d_weight2"], grads["d_bias2"] = one_layer_backward(
        dz, cache["a1"], params["weight2"]
    )
    dz = da * (cache["z1"] > 0)
    _, grads["d_weight1"], grads["d_bias1"] = one_layer_backward(dz, cache["a0"], params["weight1"])
    return grads


def reverses_a_default(p, t, cache, params, order=[]):
    layers = depth(params)
    if len(order) != layers:
        order[:] = range(1, layers + 1)
    order.reverse()
    grads, dz = {}, (p - t) / p.shape[1]
    for i in order:
        da, grads[f"d_weight{i}"], grads[f"d_bias{i}"] = one_layer_backward(
            dz, cache[f"a{i - 1}"], params[f"weight{i}"]
        )
        dz = da * (cache[f"z{i - 1}"] > 0) if i > 1 else da
    return grads


def grads_changed(change):
    """Return a backward pass whose gradients are change(name, gradient)."""

    def answer(p, t, cache, params):
        grads = backward_pass(p, t, cache, params)
        return {name: change(name, grad) for name, grad in grads.items()}

    return answer


def subtracts_in_place(p, t, cache, params):
    p -= t
    return backward_pass(p, 0 * t, cache, params)


def second_call_differs(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
    for one in seen:
        if one.failure is not None and probes.SECOND in one.failure.during:
            return True
        if one.failure is None and one.unstable and not one.changed:
            return True
    return False


def draw_backward_pass(rng: np.random.Generator) -> Iterator[Case]:
    def case(n: int, sizes: tuple[int, ...], note: str) -> Case:
        x, params = rng.normal(size=(sizes[0], n)), network(rng, sizes)
        p, cache = columns.forward_pass(x, params)
        return Case({"p": p, "t": labels(rng, n), "cache": cache, "params": params}, note)

    n, d, m = sizes_of_a_layer(rng)
    yield case(n + 2, (d, m, 1), f"sizes {(d, m, 1)}, {n + 2} samples")
    yield case(m + 2, (n, d, m + 1, 1), f"sizes {(n, d, m + 1, 1)}, {m + 2} samples")
    yield case(1, (m, d, 1), f"sizes {(m, d, 1)}, a single sample")
    # Scores so large that probabilities are rounded to exactly 0 and 1; one label is wrong.
    while True:
        x, params = 300 * rng.normal(size=(d, 6)), network(rng, (d, 7, 1), 3.0)
        p, cache = columns.forward_pass(x, params)
        if (p == 1).sum() >= 2 and (p == 0).any():
            break
    t = (p > 0.5).astype(float)
    t[0, int(np.argmax(p))] = 0.0
    inputs = {"p": p, "t": t, "cache": cache, "params": params}
    yield Case(inputs, "probabilities that were rounded to exactly 0 and 1")


BACKWARD_PASS = Exercise(
    id="ch07.backward_pass",
    title="The whole way back",
    kind="function",
    points=3,
    reference=backward_pass,
    accepted=(backward_recursive, backward_by_samples),
    mistakes=(
        Mistake(
            "loss and sigmoid in two steps",
            backward_with(start=in_two_steps),
            "You differentiate the loss and the sigmoid one after the other. Where a probability has "
            "been rounded to 0 or 1 that divides 0 by 0, and one such note turns every weight into "
            "nan.",
        ),
        Mistake(
            "not divided by the samples",
            backward_with(start=lambda p, t: p - t),
            "Your gradients belong to the *sum* of the losses: they are N times too large. The loss "
            "is a mean.",
        ),
        Mistake(
            "divided twice",
            backward_with(layer=layer_by_layer),
            "You divide by N in every layer as well. The division belongs to the loss, happens once, "
            "at the start, and travels down with `dz`.",
        ),
        Mistake(
            "sign turned",
            backward_with(start=lambda p, t: (t - p) / p.shape[1]),
            "Your gradients have the wrong sign: you begin with t − p. A step against them would go "
            "uphill.",
        ),
        Mistake(
            "starts with 1",
            backward_with(start=lambda p, t: np.full(p.shape, 1 / p.shape[1])),
            "Your way back begins with ones. One is the derivative of the loss by itself; what "
            "arrives at the last layer is the derivative of the loss by its score.",
        ),
        Mistake(
            "the sigmoid's slope once more",
            backward_with(start=lambda p, t: (p - t) / p.shape[1] * p * (1 - p)),
            "You multiply (p − t)/N by the sigmoid's slope p(1 − p). It is in there already: it has "
            "cancelled the denominator of the loss.",
        ),
        Mistake(
            "ReLU forgotten",
            backward_with(mask=lambda da, cache, i: da),
            "Between two layers stands ReLU, and your gradient walks past it. Where `z` was "
            "negative nothing may come through.",
        ),
        Mistake(
            "mask taken from the gradient",
            backward_with(mask=lambda da, cache, i: da * (da > 0)),
            "Your mask asks where the *gradient* is positive. ReLU was open where `z` was positive, "
            "and a negative gradient passes there too.",
        ),
        Mistake(
            "multiplied by the activation",
            backward_with(mask=lambda da, cache, i: da * cache[f"a{i}"]),
            "You multiply by the activation. ReLU's slope is 1 where `z` was positive, however large "
            "it was.",
        ),
        Mistake(
            "the sigmoid's slope in the hidden layers",
            backward_with(
                mask=lambda da, cache, i: (
                    da * sigmoid(cache[f"z{i}"]) * (1 - sigmoid(cache[f"z{i}"]))
                )
            ),
            "Your hidden layers go back through a sigmoid. Forward they went through ReLU.",
        ),
        Mistake(
            "mask turned round",
            backward_with(mask=lambda da, cache, i: da * (cache[f"z{i}"] <= 0)),
            "Your mask is turned round: it lets through what ReLU has blocked.",
        ),
        Mistake(
            "named like the parameters",
            plain_names,
            "The gradients are to be called `d_weight1`, `d_bias1` and so on, so that nobody takes "
            "them for the parameters.",
        ),
        Mistake(
            "uses up the cache",
            uses_up_the_cache,
            "Your code takes entries out of the cache. It belongs to the forward pass, and a second "
            "call finds it empty.",
        ),
        Mistake(
            "a default that is reversed",
            reverses_a_default,
            "The first call and the second do not agree: something from the first one is still "
            "there. A list as a default argument is made once, when the function is defined, and "
            "`reverse()` turns that one list round at every call.",
            recognise=second_call_differs,
        ),
        Mistake(
            "two layers only",
            two_layers_only,
            "Your code is written out for two layers. With three of them it begins in the middle.",
        ),
        Mistake(
            "starts with ones, undivided",
            backward_with(start=lambda p, t: np.ones(p.shape)),
            "Your way back begins with ones. One is the derivative of the loss by itself; what "
            "arrives at the last layer is the derivative of the loss by its score.",
        ),
        Mistake(
            "the mask of the layer above",
            backward_with(mask=lambda da, cache, i: da * (cache[f"z{i + 1}"] > 0)),
            "Your mask is made of the z of the layer that the gradient has passed already. `da` belongs to the "
            "activation below it: which z made that one?",
        ),
        Mistake(
            "the layer's own output",
            backward_with(given="a{own}"),
            "You give each layer its own output as its input. What layer i was multiplied with is the activation "
            "of the layer below.",
        ),
        Mistake(
            "z as the layer's input",
            backward_with(given="z{below}"),
            "You take the z of the layer below as the input of a layer. Forward it was given `a`, behind the "
            "activation.",
        ),
        Mistake(
            "first layer first",
            backward_with(order=lambda layers: range(1, layers + 1)),
            "You begin with layer 1. The gradient comes from the loss, so the last layer is the first to "
            "get it.",
        ),
        Mistake(
            "first layer left out",
            backward_with(order=lambda layers: range(layers, 1, -1)),
            "Layer 1 has no gradients: your loop ends one layer too early. What `range` is given as its end does "
            "not occur any more.",
        ),
        Mistake(
            "last layer left out",
            backward_with(order=lambda layers: range(layers - 1, 0, -1)),
            "The gradient at the last layer's score meets the weights of the layer below. Layers count from 1, "
            "so the last one has the number of layers as its name: begin there.",
        ),
        Mistake(
            "no gradients for the biases",
            lambda p, t, cache, params: {
                name: grad
                for name, grad in backward_pass(p, t, cache, params).items()
                if name.startswith("d_weight")
            },
            "The biases have no gradients in your dictionary. They are parameters too.",
        ),
        Mistake(
            "d_bias lost its axis",
            grads_changed(lambda name, grad: grad.ravel() if name.startswith("d_bias") else grad),
            "Your `d_bias` has shape (M,). Subtracted from a bias of shape (M, 1) that gives (M, M).",
        ),
        Mistake(
            "d_weight transposed",
            grads_changed(lambda name, grad: grad.T if name.startswith("d_weight") else grad),
            "Your `d_weight` has one row per input. `weight` has one row per unit, and so has its gradient.",
        ),
        Mistake(
            "subtracts in place",
            subtracts_in_place,
            "`p -= t` writes into the caller's probabilities, which are the cache's last activation too. "
            "Make a new array.",
        ),
    ),
    hints=(
        "Write down, for two layers, what arrives at z2, at a1 and at z1, and in which order.",
        "Start with the fused gradient of sigmoid and loss. Each layer turns dz into da of the layer "
        "below; ReLU, whose z is in the cache, makes the next dz of it. Layer 1 is the last one, "
        "and nothing lies below it.",
        "The skeleton:\n    grads, dz = {}, …\n    for i in range(…, 0, -1):\n"
        '        da, grads[f"d_weight{i}"], grads[f"d_bias{i}"] = one_layer_backward(dz, …, …)\n'
        "        if i > 1:\n            dz = … * (… > 0)",
    ),
    probe=Probe(probes.backward_pass),
    draw=draw_backward_pass,
    outputs=tuple(
        Output(f"{kind}d_{name}{i}", shape, why)
        for kind in ("", "certain ")
        for i in (1, 2, 3)
        for name, shape, why in (
            ("weight", "(M, D)", f"the shape of weight{i}"),
            ("bias", "(M, 1)", f"the shape of bias{i}"),
        )
    ),
    remark="Three layers, a single sample, and probabilities of exactly 0 and 1: all finite.",
)


# --- update ---------------------------------------------------------------------------------


def update(params, grads, lr):
    for name in params:
        params[name] -= lr * grads[f"d_{name}"]


def update_new_arrays(params, grads, lr):
    for name in list(params):
        params[name] = params[name] - lr * grads["d_" + name]


def update_by_layers(params, grads, lr):
    for i in range(1, depth(params) + 1):
        for kind in ("weight", "bias"):
            np.subtract(params[f"{kind}{i}"], lr * grads[f"d_{kind}{i}"], out=params[f"{kind}{i}"])
    return params


def rebinds_a_name(params, grads, lr):
    for name, array in params.items():
        array = array - lr * grads[f"d_{name}"]


def scales_the_gradients(params, grads, lr):
    for name in params:
        grads[f"d_{name}"] *= lr
        params[name] -= grads[f"d_{name}"]


def update_with(step, names=lambda name: True):
    """Return an update that adds step(grad, lr) to the parameters of these names."""

    def answer(params, grads, lr):
        for name in params:
            if names(name):
                params[name] += step(grads[f"d_{name}"], lr)

    return answer


def paired_by_position(params, grads, lr):
    for name, grad in zip(params, grads.values()):
        params[name] -= lr * grad


def step_of_names(name_of_gradient):
    """Return an update that looks for the gradient of a parameter under another name."""

    def answer(params, grads, lr):
        for name in params:
            params[name] -= lr * grads[name_of_gradient(name)]

    return answer


def named_by_the_gradients(params, grads, lr):
    for name in grads:
        params[name] -= lr * grads[name]


def replaced_by_the_step(params, grads, lr):
    for name in params:
        params[name] = -lr * grads[f"d_{name}"]


def only_the_first(params, grads, lr):
    for name in params:
        params[name] -= lr * grads[f"d_{name}"]
        return


def layers_in(layers):
    """Return an update of the layers whose numbers are layers(depth)."""

    def answer(params, grads, lr):
        for i in layers(depth(params)):
            params[f"weight{i}"] -= lr * grads[f"d_weight{i}"]
            params[f"bias{i}"] -= lr * grads[f"d_bias{i}"]

    return answer


def draw_update(rng: np.random.Generator) -> Iterator[Case]:
    def case(sizes: tuple[int, ...], lr: float, note: str) -> Case:
        params = network(rng, sizes)
        # From the last layer to the first, as a way back makes them.
        order = [f"{kind}{i}" for i in range(depth(params), 0, -1) for kind in ("weight", "bias")]
        grads = {f"d_{name}": rng.normal(size=params[name].shape) for name in order}
        return Case({"params": params, "grads": grads, "lr": lr}, note)

    n, d, m = sizes_of_a_layer(rng)
    yield case((d, m, 1), 0.1, "two layers, lr = 0.1")
    yield case((n, d, m, 1), float(rng.uniform(0.3, 0.8)), "three layers")


UPDATE = Exercise(
    id="ch07.update",
    title="One step downhill",
    kind="function",
    points=2,
    reference=update,
    accepted=(update_new_arrays, update_by_layers),
    mistakes=(
        Mistake(
            "rebinds a name",
            rebinds_a_name,
            "The caller's parameters stay as they were. `array = array - …` makes a new array and "
            "gives it a local name, and so does a new dictionary: the one that you were given still "
            "holds the old numbers.",
        ),
        Mistake(
            "uphill",
            update_with(lambda g, lr: lr * g),
            "You add the gradient. It points to where the loss grows.",
        ),
        Mistake(
            "rate forgotten",
            update_with(lambda g, lr: -g),
            "You subtract the whole gradient; the learning rate is missing.",
        ),
        Mistake(
            "divided by the rate",
            update_with(lambda g, lr: -g / lr),
            "You divide by the learning rate. A small rate is to make a small step.",
        ),
        Mistake(
            "biases left out",
            update_with(lambda g, lr: -lr * g, lambda name: name.startswith("weight")),
            "The biases have not moved. They are parameters too.",
        ),
        Mistake(
            "two layers only",
            update_with(lambda g, lr: -lr * g, lambda name: name[-1] in "12"),
            "Only the first two layers have moved. How many there are is for the dictionary to say.",
        ),
        Mistake(
            "sign of the gradient",
            update_with(lambda g, lr: -lr * np.sign(g)),
            "Every number moves by the same amount: you use the gradient's sign and drop its size.",
        ),
        Mistake(
            "changes the gradients",
            scales_the_gradients,
            "You multiply the gradients themselves by the rate. The caller may want to print or "
            "reuse them.",
        ),
        Mistake(
            "paired by position",
            paired_by_position,
            "You pair parameters and gradients by their position. The two dictionaries need not have the "
            "same order: a way back fills `grads` from the last layer to the first. Go by the names.",
        ),
        Mistake(
            "a fixed rate",
            update_with(lambda g, lr: -0.1 * g),
            "Your rate is 0.1, whatever `lr` says.",
        ),
        Mistake(
            "the parameter's name for its gradient",
            step_of_names(lambda name: name),
            "You look for the gradient under the parameter's name. In `grads` each name has something in front.",
        ),
        Mistake(
            "the gradient's name for its parameter",
            named_by_the_gradients,
            "You go through the names of the gradients and look for them in `params`. There they are called "
            "otherwise.",
        ),
        Mistake(
            "the weight's gradient for the bias",
            step_of_names(lambda name: f"d_weight{name[-1]}"),
            "A bias is moved by the gradient of its weights. Each has an entry of its own.",
        ),
        Mistake(
            "old value lost",
            replaced_by_the_step,
            "You put the step in the place of the parameter. The step is a change of the old value. "
            "(`=-` is not `-=`.)",
        ),
        Mistake(
            "returns after the first",
            only_the_first,
            "Only the first parameter has moved: your `return` stands inside the loop.",
        ),
        Mistake(
            "counted from 0",
            layers_in(range),
            "You count the layers from 0. The first is called `weight1`.",
        ),
        Mistake(
            "last layer left out",
            layers_in(lambda layers: range(1, layers)),
            "The last layer has not moved: what `range` is given as its end does not occur any more.",
        ),
    ),
    hints=(
        "Which entry of `grads` belongs to `params[name]`? What has to stand on the left of the "
        "assignment so that the caller's dictionary notices?",
        "Against the gradient, times the rate, for every entry. `params[name] -= …` writes into the "
        "dictionary; `array -= …` into the array itself; `array = …` into neither.",
        'The skeleton:\n    for name in …:\n        params[name] -= … * grads[f"d_{…}"]',
    ),
    probe=Probe(probes.update),
    draw=draw_update,
    remark="This function returns nothing: what it does is done to the dictionary that it was given.",
)


# --- split ----------------------------------------------------------------------------------


def split(x, t, n_train, rng):
    order = rng.permutation(x.shape[1])
    train, val = order[:n_train], order[n_train:]
    return x[:, train], t[:, train], x[:, val], t[:, val]


def split_by_mask(x, t, n_train, rng):
    chosen = np.zeros(x.shape[1], dtype=bool)
    chosen[rng.choice(x.shape[1], n_train, replace=False)] = True
    return x[:, chosen], t[:, chosen], x[:, ~chosen], t[:, ~chosen]


def split_by_sorting(x, t, n_train, rng):
    order = np.argsort(rng.random(x.shape[1]))
    x, t = x[:, order], t[:, order]
    return x[:, :n_train], t[:, :n_train], x[:, n_train:], t[:, n_train:]


def split_together(x, t, n_train, rng):
    both = rng.permutation(np.vstack([x, t]), axis=1)
    return (
        both[: len(x), :n_train],
        both[len(x) :, :n_train],
        both[: len(x), n_train:],
        both[len(x) :, n_train:],
    )


def split_in_order(x, t, n_train, rng):
    return x[:, :n_train], t[:, :n_train], x[:, n_train:], t[:, n_train:]


def split_labels_apart(x, t, n_train, rng):
    a, b = rng.permutation(x.shape[1]), rng.permutation(x.shape[1])
    return x[:, a[:n_train]], t[:, b[:n_train]], x[:, a[n_train:]], t[:, b[n_train:]]


def split_drawn_twice(x, t, n_train, rng):
    n = x.shape[1]
    train = rng.choice(n, n_train, replace=False)
    val = rng.choice(n, n - n_train, replace=False)
    return x[:, train], t[:, train], x[:, val], t[:, val]


def split_with_replacement(x, t, n_train, rng):
    order = rng.integers(0, x.shape[1], x.shape[1])
    train, val = order[:n_train], order[n_train:]
    return x[:, train], t[:, train], x[:, val], t[:, val]


def split_in_place(x, t, n_train, rng):
    order = rng.permutation(x.shape[1])
    x[:], t[:] = x[:, order], t[:, order]
    return x[:, :n_train], t[:, :n_train], x[:, n_train:], t[:, n_train:]


def split_own_seed(x, t, n_train, rng):
    return split(x, t, n_train, np.random.default_rng(0))


def split_global(x, t, n_train, rng):
    order = np.random.permutation(x.shape[1])
    train, val = order[:n_train], order[n_train:]
    return x[:, train], t[:, train], x[:, val], t[:, val]


def split_rows(x, t, n_train, rng):
    order = rng.permutation(len(x))
    train, val = order[:n_train], order[n_train:]
    return x[train], t[:, train], x[val], t[:, val]


def split_swapped(x, t, n_train, rng):
    x_train, t_train, x_val, t_val = split(x, t, n_train, rng)
    return x_train, x_val, t_train, t_val


def split_sizes_exchanged(x, t, n_train, rng):
    return split(x, t, x.shape[1] - n_train, rng)


def split_flat_labels(x, t, n_train, rng):
    x_train, t_train, x_val, t_val = split(x, t, n_train, rng)
    return x_train, t_train[0], x_val, t_val[0]


def split_four_fifths(x, t, n_train, rng):
    return split(x, t, int(0.8 * x.shape[1]), rng)


def split_columns_as_rows(x, t, n_train, rng):
    order = rng.permutation(x.shape[1])
    train, val = order[:n_train], order[n_train:]
    return x[train], t[train], x[val], t[val]


def split_cut_at(x, t, n_train, rng, later):
    order = rng.permutation(x.shape[1])
    train, val = order[:n_train], order[n_train + later :]
    return x[:, train], t[:, train], x[:, val], t[:, val]


def split_by_shuffle_result(x, t, n_train, rng):
    order = rng.shuffle(np.arange(x.shape[1]))
    train, val = order[:n_train], order[n_train:]
    return x[:, train], t[:, train], x[:, val], t[:, val]


def index_too_large(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
    failure = seen[0].failure
    return failure is not None and failure.type == "IndexError" and "axis 0" in failure.message


def draw_split(rng: np.random.Generator) -> Iterator[Case]:
    def case(n: int, d: int, n_train: int, note: str) -> Case:
        # Every label occurs once, so that it can be seen to which sample it belongs.
        x, t = rng.normal(size=(d, n)), np.arange(n, dtype=float)[np.newaxis]
        seed = int(rng.integers(2**31))
        return Case({"x": x, "t": t, "n_train": n_train, "seed": seed}, note)

    n = int(rng.integers(24, 30))
    yield case(n, 3, 17, f"{n} numbered samples, 17 for training")
    yield case(21, 4, 6, "21 numbered samples, 6 for training")
    yield case(11, 2, 10, "11 numbered samples, one for validation")


SPLIT_TEXTS = {
    "form": "A split consists of four arrays of numbers.",
    "shapes": "The shapes are {got}, expected {want}: x_train, t_train, x_val, t_val.",
    "unknown": "Some columns of your sets are no samples of x.",
    "twice": "Some samples are in your sets more than once, others not at all.",
    "labels": "Some labels have left their samples.",
    "order": "The samples are divided in the order in which they came.",
    "again": "A second call with the same generator divides the samples in the same way.",
}


def orders(inputs: Mapping[str, Any], sets: Any) -> tuple[str, list[int]]:
    """Return what is wrong with one split, or "", and the positions of its samples in x."""
    x, t, n_train = inputs["x"], inputs["t"], inputs["n_train"]
    if not isinstance(sets, list) or len(sets) != 4:
        return "form", []
    if not all(isinstance(part, np.ndarray) and part.dtype.kind in "iuf" for part in sets):
        return "form", []
    n = x.shape[1]
    if [part.shape for part in sets] != wanted_shapes(len(x), n, n_train):
        return "shapes", []
    both = np.concatenate([sets[0], sets[2]], axis=1).astype(float)
    equal = (both.T[:, None, :] == x.T[None, :, :]).all(axis=2)
    if not (equal.sum(axis=1) == 1).all():
        return "unknown", []
    found = equal.argmax(axis=1).tolist()
    if not np.array_equal(np.concatenate([sets[1], sets[3]], axis=1), t[:, found]):
        return "labels", found
    return ("twice" if len(set(found)) < n else ""), found


def wanted_shapes(d: int, n: int, n_train: int) -> list[tuple[int, int]]:
    return [(d, n_train), (1, n_train), (d, n - n_train), (1, n - n_train)]


def split_fault(inputs: Mapping[str, Any], got: Any) -> str:
    """Return a key of `SPLIT_TEXTS` that says what is wrong, or ""."""
    if not isinstance(got, list) or len(got) != 2:
        return "form"
    found = []
    for sets in got:
        fault, order = orders(inputs, sets)
        if fault:
            return fault
        found.append(order)
    n, n_train = inputs["x"].shape[1], inputs["n_train"]
    if 0 < n_train < n - 1 and any(set(order[:n_train]) == set(range(n_train)) for order in found):
        return "order"
    if n_train < n - 1 and set(found[0][:n_train]) == set(found[1][:n_train]):
        return "again"
    return ""


def split_problem(inputs: Mapping[str, Any], got: Any, expected: Any) -> str | None:
    fault = split_fault(inputs, got)
    if not fault:
        return None
    shapes = ""
    if fault == "shapes":
        bad = next(sets for sets in got if orders(inputs, sets)[0] == "shapes")
        shapes = ", ".join(str(part.shape) for part in bad)
    d, n = inputs["x"].shape
    wanted = wanted_shapes(d, n, inputs["n_train"])
    return SPLIT_TEXTS[fault].format(got=shapes, want=", ".join(map(str, wanted)))


def split_shows(
    *faults: str, test: Callable[[Mapping[str, Any], Any], bool] | None = None
) -> Callable[[Sequence[Case], Sequence[Observation]], bool]:
    """Recognise a mistake by what is wrong with the first split that is wrong."""

    def when(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
        for case, one in zip(cases, seen):
            got = one.values.get("sets")
            fault = split_fault(case.inputs, got) if got is not None else ""
            if fault:
                return fault in faults and (test is None or test(case.inputs, got))
        return False

    return when


def overlap_only(inputs: Mapping[str, Any], got: Any) -> bool:
    """Tell whether each set alone is free of repetitions."""
    found, n_train = orders(inputs, got[0])[1], inputs["n_train"]
    return all(len(set(part)) == len(part) for part in (found[:n_train], found[n_train:]))


def shapes_are(
    change: Callable[[list[tuple[int, int]]], Sequence[Any]],
) -> Callable[[Mapping[str, Any], Any], bool]:
    def test(inputs: Mapping[str, Any], got: Any) -> bool:
        d, n = inputs["x"].shape
        wanted = wanted_shapes(d, n, inputs["n_train"])
        return [part.shape for part in got[0]] == list(change(wanted))

    return test


def validation_has(more: int) -> Callable[[Mapping[str, Any], Any], bool]:
    """Recognise a validation set that is larger or smaller than asked for."""
    return shapes_are(lambda s: [*s[:2], *((one[0], one[1] + more) for one in s[2:])])


SPLIT = Exercise(
    id="ch07.split",
    title="Training and validation set",
    kind="function",
    points=3,
    reference=split,
    accepted=(split_by_mask, split_by_sorting, split_together),
    mistakes=(
        Mistake(
            "shuffles the caller's arrays",
            split_in_place,
            "You shuffle inside `x` and `t` themselves. They belong to the caller.",
            recognise=lambda cases, seen: any(one.changed for one in seen),
        ),
        Mistake(
            "not shuffled",
            split_in_order,
            "You cut without shuffling. The file lists one class after the other, so the validation "
            "set would hold notes of a single class.",
            recognise=split_shows("order"),
        ),
        Mistake(
            "labels left behind",
            split_labels_apart,
            "Samples and labels are shuffled in different orders, so most notes carry another "
            "note's label. One order has to serve both.",
            recognise=split_shows("labels"),
        ),
        Mistake(
            "the two sets overlap",
            split_drawn_twice,
            "You draw the validation set without asking who is in the training set. A note that was "
            "learnt by heart is no test.",
            recognise=split_shows("twice", test=overlap_only),
        ),
        Mistake(
            "drawn with replacement",
            split_with_replacement,
            "You draw positions one by one, and a position can come twice. About a third of all "
            "samples would be used nowhere.",
            recognise=split_shows("twice", test=lambda inputs, got: not overlap_only(inputs, got)),
        ),
        Mistake(
            "the same order every time",
            split_own_seed,
            "Your function has a fixed seed of its own. Whoever calls it decides by `rng` which "
            "split it is, so that ten different ones can be tried.",
            recognise=split_shows("again"),
        ),
        Mistake(
            "the global generator",
            split_global,
            "The order comes from NumPy's global generator and not from `rng`. The same seed should "
            "give the same split.",
        ),
        Mistake(
            "rows divided",
            split_rows,
            "You divide the rows. Those are the features; a sample is a column here.",
        ),
        Mistake(
            "another order of results",
            split_swapped,
            "The four arrays come in the order `x_train, t_train, x_val, t_val`.",
            recognise=split_shows("shapes", test=shapes_are(lambda s: [s[0], s[2], s[1], s[3]])),
        ),
        Mistake(
            "sizes exchanged",
            split_sizes_exchanged,
            "`n_train` samples are in your validation set. They belong in the training set.",
            recognise=split_shows("shapes", test=shapes_are(lambda s: [s[2], s[3], s[0], s[1]])),
        ),
        Mistake(
            "labels lost an axis",
            split_flat_labels,
            "Your labels have one axis. Keep the shape (1, N): p has it, and p − t would otherwise "
            "be in danger of broadcasting.",
            recognise=split_shows(
                "shapes", test=shapes_are(lambda s: [s[0], s[1][1:], s[2], s[3][1:]])
            ),
        ),
        Mistake(
            "a fixed part",
            split_four_fifths,
            "The size of your training set does not follow `n_train`.",
            recognise=split_shows("shapes", test=shapes_are(lambda s: four_fifths(s))),
        ),
        Mistake(
            "column numbers used on rows",
            split_columns_as_rows,
            "You use the numbers of the samples on axis 0. Samples are columns here: they lie along axis 1.",
            recognise=index_too_large,
        ),
        Mistake(
            "features shuffled",
            lambda x, t, n_train, rng: split_in_order(rng.permutation(x), t, n_train, rng),
            "You have shuffled the rows, the features. `rng.permutation(x)` and `rng.shuffle(x)` work along axis 0, "
            "and samples are columns here.",
            recognise=split_shows("unknown"),
        ),
        Mistake(
            "a sample in both sets",
            lambda x, t, n_train, rng: split_cut_at(x, t, n_train, rng, -1),
            "Your validation set has one sample too many: the sample at the cut is in both sets.",
            recognise=split_shows("shapes", test=validation_has(1)),
        ),
        Mistake(
            "a sample in neither set",
            lambda x, t, n_train, rng: split_cut_at(x, t, n_train, rng, 1),
            "Your validation set lacks one sample: the one at the cut is in neither set.",
            recognise=split_shows("shapes", test=validation_has(-1)),
        ),
        Mistake(
            "all samples for validation",
            lambda x, t, n_train, rng: (*split(x, t, n_train, rng)[:2], x, t),
            "Your validation set holds all samples, those for training among them. What was learnt by heart "
            "is no test.",
            recognise=split_shows(
                "shapes",
                test=shapes_are(
                    lambda s: [*s[:2], *((one[0], s[0][1] + s[2][1]) for one in s[2:])]
                ),
            ),
        ),
        Mistake(
            "samples as rows",
            lambda x, t, n_train, rng: tuple(part.T for part in split(x, t, n_train, rng)),
            "What you return has one sample per row. They come as columns, and they stay columns.",
            recognise=split_shows("shapes", test=shapes_are(lambda s: [one[::-1] for one in s])),
        ),
        Mistake(
            "always 1,097",
            lambda x, t, n_train, rng: split(x, t, 1097, rng),
            "You cut at 1,097. That is the number for this chapter's notes; `n_train` says where to cut.",
            recognise=split_shows(
                "shapes",
                test=shapes_are(
                    lambda s: [
                        *((one[0], s[0][1] + s[2][1]) for one in s[:2]),
                        (s[2][0], 0),
                        (1, 0),
                    ]
                ),
            ),
        ),
        Mistake(
            "shuffle gives nothing back",
            split_by_shuffle_result,
            "`rng.shuffle` shuffles the array that it is given and returns None. Shuffle an array that has a "
            "name, or use `rng.permutation`, which returns one.",
        ),
    ),
    hints=(
        "How many samples are there, and along which axis do they lie? What must be true of the two "
        "sets together?",
        "`rng.permutation(n)` gives every position once, in random order. Cut that order in two and "
        "use each half for both x and t.",
        "The skeleton:\n    order = rng.permutation(…)\n    train, val = order[…], order[…]\n"
        "    return x[:, …], t[:, …], …, …",
    ),
    probe=Probe(probes.split),
    draw=draw_split,
    outputs=(Output("sets", compare=split_problem),),
    remark="Every sample is in exactly one set, with its own label, and the next call draws anew.",
)


def four_fifths(shapes: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    n = shapes[0][1] + shapes[2][1]
    return wanted_shapes(shapes[0][0], n, int(0.8 * n))


# --- the whole classifier -------------------------------------------------------------------

ASKED = 0.98
NOTES_FOR_TRAINING = 1097


def train_and_predict(x_train, t_train, x_val, rng):
    params = columns.init_params((4, 5, 1), rng)
    for _ in range(1000):
        p, cache = columns.forward_pass(x_train, params)
        columns.update(params, columns.backward_pass(p, t_train, cache, params), 0.1)
    return columns.forward_pass(x_val, params)[0]


def standardised_and_wide(x_train, t_train, x_val, rng):
    mean, std = x_train.mean(axis=1, keepdims=True), x_train.std(axis=1, keepdims=True)
    params = columns.init_params((4, 12, 1), rng, 0.7)
    for _ in range(400):
        p, cache = columns.forward_pass((x_train - mean) / std, params)
        columns.update(params, columns.backward_pass(p, t_train, cache, params), 1.0)
    return columns.forward_pass((x_val - mean) / std, params)[0]


def classes_from_minibatches(x_train, t_train, x_val, rng):
    params = columns.init_params((4, 10, 1), rng)
    for _ in range(40):
        for batch in nn.minibatches(x_train.shape[1], 50, rng):
            p, cache = columns.forward_pass(x_train[:, batch], params)
            grads = columns.backward_pass(p, t_train[:, batch], cache, params)
            columns.update(params, grads, 0.1)
    return (columns.forward_pass(x_val, params)[0] > 0.5).astype(int)


def draw_notes(rng: np.random.Generator) -> Iterator[Case]:
    """Draw the real notes, where they are at hand, and simulated ones that nobody has seen."""
    real = load_banknotes(or_simulated=True, download=False)
    fresh = simulated_banknotes(seed=int(rng.integers(2**31)))
    for notes in (fresh,) if real.simulated else (real, fresh):
        x_train, t_train, x_val, t_val = columns.split(
            notes.x.T, notes.t[np.newaxis].astype(float), NOTES_FOR_TRAINING, rng
        )
        seed = int(rng.integers(2**31))
        yield Case(
            {"x_train": x_train, "t_train": t_train, "x_val": x_val, "seed": seed},
            "freshly simulated notes" if notes.simulated else "the real notes",
            hidden={"t_val": t_val},
        )


def right_part(got: Any, t_val: np.ndarray) -> float | None:
    """Return which part of the notes is classified rightly; None if `got` cannot be read."""
    if not isinstance(got, np.ndarray) or got.shape != t_val.shape or got.dtype.kind not in "biuf":
        return None
    return float(np.mean((got.astype(float) > 0.5) == (t_val > 0.5)))


def probable(p: np.ndarray) -> bool:
    """Tell whether no number lies outside 0 and 1, but for rounding; nan does not."""
    return not ((p < -1e-6) | (p > 1 + 1e-6)).any()


def reach_problem(inputs: Mapping[str, Any], got: Any, expected: Any) -> str | None:
    t_val = inputs["t_val"]
    part = right_part(got, t_val)
    if part is None:
        kind = f"has shape {got.shape}" if isinstance(got, np.ndarray) else f"is {describe(got)}"
        return (
            f"What your function returns {kind}, expected an array of shape {t_val.shape}: one "
            "probability per validation note."
        )
    p = got.astype(float)
    if np.isnan(p).any():
        return f"{int(np.isnan(p).sum())} of your probabilities are nan."
    if not probable(p):
        worst = float(p.max() if p.max() - 1 > -p.min() else p.min())
        return f"{worst:.3g} is no probability: it lies between 0 and 1."
    if part < ASKED:
        return (
            f"Your network is right about {100 * part:.1f} % of the {t_val.size} validation notes; "
            f"{100 * ASKED:.0f} % are asked for."
        )
    return None


def reaches(low: float, high: float) -> Callable[[Sequence[Case], Sequence[Observation]], bool]:
    """Recognise a mistake by the smallest accuracy that was reached: low ≤ accuracy < high."""

    def when(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
        parts = []
        for case, one in zip(cases, seen):
            got: Any = one.values.get("p")
            part = right_part(got, case.hidden["t_val"])
            if part is None or np.isnan(got.astype(float)).any() or not probable(got):
                return False
            parts.append(part)
        return bool(parts) and low <= min(parts) < high

    return when


def no_probabilities(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
    values: list[Any] = [one.values.get("p") for one in seen]
    return any(
        right_part(got, case.hidden["t_val"]) is not None and not probable(got)
        for case, got in zip(cases, values)
    )


def of_the_training_notes(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
    got: Any = seen[0].values.get("p")
    return isinstance(got, np.ndarray) and got.shape == (1, NOTES_FOR_TRAINING)


def gives_nan(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
    return any(
        isinstance(got := one.values.get("p"), np.ndarray)
        and got.dtype.kind == "f"
        and bool(np.isnan(got).any())
        for one in seen
    )


REACH_BANKNOTES = Exercise(
    id="ch07.reach_banknotes",
    title="98 % of the notes it has never seen",
    kind="target",
    points=5,
    reference=train_and_predict,
    accepted=(standardised_and_wide, classes_from_minibatches),
    mistakes=(
        Mistake(
            "nan",
            lambda x_train, t_train, x_val, rng: np.full((1, x_val.shape[1]), np.nan),
            "Somewhere in your training a number was lost. Does the way back begin with the fused "
            "gradient of sigmoid and loss?",
            recognise=gives_nan,
        ),
        Mistake(
            "answers turned round",
            lambda x_train, t_train, x_val, rng: (
                1 - train_and_predict(x_train, t_train, x_val, rng)
            ),
            "Nearly every answer is wrong, which is as hard as getting them right: your network has "
            "learnt the opposite. Look for a sign, or for a class that is taken for the other.",
            recognise=reaches(0.0, 0.2),
        ),
        Mistake(
            "as good as guessing",
            lambda x_train, t_train, x_val, rng: np.zeros((1, x_val.shape[1])),
            "That is what guessing gives. Either nothing was learnt, or what was learnt is not what "
            "predicts: are the parameters drawn again after the training, or is the step taken on a "
            "copy?",
            recognise=reaches(0.2, 0.8),
        ),
        Mistake(
            "stopped too early",
            lambda x_train, t_train, x_val, rng: (x_val[:1] < 0.2).astype(float),
            "Your network has learnt something and has not come to an end. Give it more epochs, or "
            "look at the learning rate and the first weights.",
            recognise=reaches(0.8, ASKED),
        ),
        Mistake(
            "scores instead of probabilities",
            lambda x_train, t_train, x_val, rng: 9 * x_val[:1],
            "What you return is not squeezed between 0 and 1. Are those the scores, in front of the "
            "last activation?",
            recognise=no_probabilities,
        ),
        Mistake(
            "the training notes",
            lambda x_train, t_train, x_val, rng: 0.5 + 0 * x_train[:1],
            "You return predictions for the notes that you trained on. The others, `x_val`, are asked for.",
            recognise=of_the_training_notes,
        ),
    ),
    hints=(
        "Print the loss every 100 epochs. Does it fall, and does it still fall when your loop ends?",
        "One epoch: forward through all training notes, back, one update. Rate 0.1 and some hundred "
        "epochs will do. Then forward through the validation notes with the same parameters.",
        "The skeleton:\n    params = …((4, 5, 1), rng)\n    for epoch in range(…):\n"
        "        p, cache = …\n        grads = …\n        …\n    p_val, _ = …(x_val, …)\n"
        "    return p_val",
    ),
    probe=Probe(probes.train_and_predict),
    draw=draw_notes,
    outputs=(Output("p", compare=reach_problem),),
    seconds=60.0,
    repeat=False,
    remark="Your function was given new notes and no labels for them; only the judge had those.",
)

EXERCISES = (
    INIT_PARAMS,
    ONE_LAYER_FORWARD,
    FORWARD_PASS,
    LOSS_AND_ACCURACY,
    ONE_LAYER_BACKWARD,
    BACKWARD_PASS,
    UPDATE,
    SPLIT,
    REACH_BANKNOTES,
)
