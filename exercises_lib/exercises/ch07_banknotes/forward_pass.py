"""ch07.forward_pass: the whole way forward."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from exercises_lib.checking import Case, Exercise, Observation, Output, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.exercises.ch07_banknotes._shared import (
    depth,
    network,
    one_layer_forward,
    sizes_of_a_layer,
)
from exercises_lib.nn import sigmoid
from exercises_lib.probes import ch07 as probes


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


def draw_forward(rng: np.random.Generator) -> Iterator[Case]:
    def case(n: int, sizes: tuple[int, ...], note: str) -> Case:
        x, params = rng.normal(size=(sizes[0], n)), network(rng, sizes)
        other_x, other = rng.normal(size=(3, n + 1)), network(rng, (3, 2, 1))
        return Case({"x": x, "params": params, "other x": other_x, "other params": other}, note)

    n, d, m = sizes_of_a_layer(rng)
    yield case(n, (d, m, 1), f"sizes {(d, m, 1)}, {n} samples")
    yield case(m, (n, d, m + 1, 1), f"sizes {(n, d, m + 1, 1)}, {m} samples")
    yield case(1, (m, 1), f"a single layer, sizes {(m, 1)}, a single sample")


wrong = Mistakes(forward_pass)


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


wrong.answer("sigmoid in every layer", forward_with(lambda i, layers: "sigmoid")).says("""
    All your layers use the sigmoid. Only the last one has to give a probability; the hidden ones
    use ReLU.""")

wrong.answer("ReLU in every layer", forward_with(lambda i, layers: "relu")).says("""
    Your last layer uses ReLU too. A probability has to lie between 0 and 1.""")

wrong.answer(
    "no activation at the end", forward_with(lambda i, layers: "none" if i == layers else "relu")
).says("Your last layer gives the score `z` itself. The sigmoid makes a probability of it.")

wrong.answer(
    "sigmoid in layer 2", forward_with(lambda i, layers: "sigmoid" if i == 2 else "relu")
).says("""Your code takes layer 2 for the last one. How many layers there are follows from the
    number of parameters.""")

wrong.answer(
    "sigmoid first, ReLU last", forward_with(lambda i, layers: "sigmoid" if i == 1 else "relu")
).says("""The activations stand in the reverse order: hidden layers use ReLU, the last one the
    sigmoid.""")


def forward_without_input(x, params):
    p, cache = forward_pass(x, params)
    del cache["a0"]
    return p, cache


wrong.answer("input not in the cache", forward_without_input).says("""
    The cache lacks `a0`, the input. The first layer's weight gradient is made of it.""")


def forward_without_z(x, params):
    p, cache = forward_pass(x, params)
    return p, {name: value for name, value in cache.items() if name[0] == "a"}


wrong.answer("z not in the cache", forward_without_z).says("""The cache holds the activations alone.
    ReLU's backward pass asks where `z` was positive.""")


def forward_shifted_names(x, params):
    p, cache = forward_pass(x, params)
    shifted = {f"a{i - 1}": cache[f"a{i}"] for i in range(1, depth(params) + 1)}
    return p, {**cache, **shifted}


wrong.answer("names shifted by one", forward_shifted_names).says("""
    Your `a0` is the first layer's output. `a0` is the input, and `a1` comes from layer 1.""")

wrong.swap(
    "every layer gets x",
    """
    layers = len(params) // 2
    a, cache = x, {"a0": x}
""",
    'layers, cache = len(params) // 2, {"a0": x}',
    '(a, params[f"weight{i}"], params[f"bias{i}"], kind)',
    '(x, params[f"weight{i}"], params[f"bias{i}"], kind)',
).says("You hand `x` to every layer. A layer gets what the layer before it gave.")


def forward_with_shared_cache(x, params, cache={}):
    p, made = forward_pass(x, params)
    cache.clear()
    cache.update(made)
    return p, cache


def cache_of_another_call(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
    return any("cache" in one.unstable and not one.changed for one in seen)


wrong.answer("one cache for all calls", forward_with_shared_cache).says(
    """All your calls share one cache: the next call overwrites what the last one returned. A
    default argument such as `cache={}` is made once, when the function is defined. Make the
    dictionary inside the function.""",
    recognise=cache_of_another_call,
)

wrong.swap(
    "a layer per entry",
    "layers = len(params) // 2",
    "",
    ", layers",
    ", len(params)",
    "layers",
    "len(params)",
).says("You count entries of the dictionary, and each layer has two of them.")

wrong.answer("only p", lambda x, params: forward_pass(x, params)[0]).says("""
    You return the probabilities alone. The cache has to come out too, for the backward pass.""")


def forward_two_layers(x, params):
    cache = {"a0": x}
    for i, kind in ((1, "relu"), (2, "sigmoid")):
        a, z = one_layer_forward(cache[f"a{i - 1}"], params[f"weight{i}"], params[f"bias{i}"], kind)
        cache[f"z{i}"], cache[f"a{i}"] = z, a
    return cache["a2"], cache


wrong.answer("two layers only", forward_two_layers).says("""Your code is written out for two layers.
    How many there are follows from the number of parameters.""")


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


wrong.answer("last layer left out", forward_through(1, lambda layers: layers - 1)).says("""
    Your loop ends one layer too early: what `range` is given as its end does not occur any
    more.""")


def forward_returning_early(x, params):
    kind = "sigmoid" if depth(params) == 1 else "relu"
    a, z = one_layer_forward(x, params["weight1"], params["bias1"], kind)
    return a, {"a0": x, "z1": z, "a1": a}


wrong.answer("returns after the first layer", forward_returning_early).says("""
    You stop after the first layer. Does your `return` stand inside the loop?""")

wrong.answer(
    "a and z in the other order",
    forward_through(1, lambda layers: layers, lambda *given: one_layer_forward(*given)[::-1]),
).says("""`one_layer_forward` returns `a, z`, and you take them for `z, a`. So the next layer is
    given scores, and the cache has the two under each other's name.""")


def forward_exchanged(x, params):
    p, cache = forward_pass(x, params)
    other = {"a": "z", "z": "a"}
    return p, {
        (name if name == "a0" else other[name[0]] + name[1:]): value
        for name, value in cache.items()
    }


wrong.answer("a and z exchanged in the cache", forward_exchanged).says("""
    In your cache each `z` stands under the name of its `a`, and the other way round.""")


def forward_from_z(x, params):
    layers, given, cache = len(params) // 2, x, {"a0": x}
    for i in range(1, layers + 1):
        kind = "sigmoid" if i == layers else "relu"
        a, z = one_layer_forward(given, params[f"weight{i}"], params[f"bias{i}"], kind)
        cache[f"z{i}"], cache[f"a{i}"] = z, a
        given = z
    return a, cache


wrong.answer("the next layer gets z", forward_from_z).says("""You hand `z` to the next layer. What
    goes on is `a`, behind the activation.""")

wrong.answer(
    "arguments exchanged",
    forward_through(
        1, lambda layers: layers, lambda a, w, b, kind: one_layer_forward(w, a, b, kind)
    ),
).says("`one_layer_forward` takes what comes in first, and then the weights.")

wrong.answer("counted from 0", forward_through(1, lambda layers: layers, counted=1)).says("""
    You count the results of the layers from 0. `a0` is the input; the first layer gives `z1` and
    `a1`.""")


def forward_without_last_a(x, params):
    p, cache = forward_pass(x, params)
    del cache[f"a{depth(params)}"]
    return p, cache


wrong.answer("last a not in the cache", forward_without_last_a).says("""
    The cache lacks the last activation. It is `p`, and it belongs there under its own name too.""")

wrong.answer("cache and p exchanged", lambda x, params: forward_pass(x, params)[::-1]).says("""
    The function returns `p, cache`: the probabilities first.""")


EXERCISE = Exercise(
    id="ch07.forward_pass",
    title="The whole way forward",
    kind="function",
    points=3,
    reference=forward_pass,
    accepted=(forward_by_while, forward_recursive),
    mistakes=wrong.all,
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
