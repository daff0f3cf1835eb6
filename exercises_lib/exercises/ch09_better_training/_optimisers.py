"""What several exercises of this chapter share."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from exercises_lib.checking import Case, Mistake, Output
from exercises_lib.checking.observe import Observation
from exercises_lib.checking.serialize import same

STEPS = 5


def draw_steps(
    settings: Callable[[np.random.Generator], tuple[float, ...]],
) -> Callable[[np.random.Generator], Iterator[Case]]:
    """Return what draws the cases of an optimiser, given what draws its settings."""

    def draw(rng: np.random.Generator) -> Iterator[Case]:
        def case(
            chosen: tuple[float, ...], note: str, dtype: type = np.float64, order: int = 1
        ) -> Case:
            d, m, c = rng.choice(np.arange(2, 8), size=3, replace=False).tolist()
            shapes = {"W1": (d, m), "b1": (m,), "W2": (m, c), "b2": (c,)}
            params: dict[str, Any] = {
                name: rng.normal(size=shape).astype(dtype) for name, shape in shapes.items()
            }
            grads: list[dict[str, Any]] = [
                {n: rng.normal(size=shapes[n]).astype(dtype) for n in list(shapes)[::order]}
                for _ in range(STEPS)
            ]
            return Case({"settings": chosen, "params": params, "grads": grads}, note)

        yield case(settings(rng), "four parameters of different shapes, five steps")
        yield case((), "settings left out; the gradients come in another order", order=-1)
        zeros = case(settings(rng), "some gradients are exactly 0")
        for number, grads in enumerate(zeros.inputs["grads"]):
            grads["W1"][0] = 0
            grads["b1"][:] *= number > 1
        yield zeros
        lowered = case(settings(rng), "lr is lowered after the third step")
        late = float(lowered.inputs["settings"][0] * rng.uniform(0.1, 0.4))
        yield Case({**lowered.inputs, "late lr": late}, lowered.note)
        yield case(settings(rng), "float32", np.float32)

    return draw


def in_place(inputs: Mapping[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    """Say whether the parameters at the end lie in the arrays of the beginning."""
    held = values.pop("arrays", None)
    if held is not None:
        last = values[f"params after step {len(inputs['grads'])}"]
        values["arrays"] = "the same" if same(held, last) else "new"
    return values


def same_arrays(inputs: Mapping[str, Any], got: Any, expected: Any) -> str | None:
    if got == expected and isinstance(got, str):
        return None
    return (
        "After `update`, `params` holds new arrays. The layers of the network still hold the old "
        "ones, so nothing is learnt."
    )


# One part in 100,000 of a parameter near 1 lets float32 pass and no rule that is another.
OPTIMISER_OUTPUTS = (
    *(Output(f"params after step {k}", rtol=1e-5, atol=1e-6) for k in range(1, STEPS + 1)),
    Output("arrays", compare=same_arrays),
)


def clash(seen: Observation) -> set[tuple[int, ...]]:
    """Return the shapes that did not fit together when an update failed; none if it did not."""
    failure = seen.failure
    if failure is None or failure.type != "ValueError" or "broadcast" not in failure.message:
        return set()
    return {ast.literal_eval(shape) for shape in re.findall(r"\(\d+,[\d,]*\)", failure.message)}


def mixes_parameters(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
    """Tell whether a weight and a bias clashed although both dictionaries had one order."""
    return len({len(shape) for shape in clash(seen[0])}) > 1


def remembers_other_networks(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
    """Tell whether a new optimiser began with the memory of an older one.

    Then the first step differs from run to run; or, if the network before had other sizes, a
    weight clashes with a weight.
    """
    first = "params after step 1"
    return any(
        first in one.unstable
        or (first not in one.values and len({len(shape) for shape in clash(one)}) == 1)
        for one in seen
    )


def pairs_by_position(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
    """Tell whether shapes clashed only where the gradients came in another order."""
    return len(seen) > 1 and not clash(seen[0]) and bool(clash(seen[1]))


def uphill(rule):
    class Uphill(rule):
        def update(self, params, grads):
            downhill = {name: p.copy() for name, p in params.items()}
            super().update(downhill, grads)
            for name in params:
                params[name] += params[name] - downhill[name]

    return Uphill


def new_arrays(rule):
    class NewArrays(rule):
        def update(self, params, grads):
            for name in params:
                params[name] = params[name].copy()
            super().update(params, grads)

    return NewArrays


def local_name(rule):
    class LocalName(rule):
        def update(self, params, grads):
            super().update({name: p.copy() for name, p in params.items()}, grads)

    return LocalName


def one_memory(rule):
    class OneMemory(rule):
        def update(self, params, grads):
            for name in grads:
                super().update({"all": params[name]}, {"all": grads[name]})

    return OneMemory


def class_memory(rule, *names):
    stores = {name: {} for name in names}

    class ClassMemory(rule):
        def __init__(self, *settings):
            super().__init__(*settings)
            vars(self).update(stores)

    return ClassMemory


def by_position(rule):
    class ByPosition(rule):
        def update(self, params, grads):
            super().update(params, dict(zip(params, grads.values(), strict=True)))

    return ByPosition


def no_entry_yet(rule, store):
    class NoEntryYet(rule):
        def update(self, params, grads):
            super().update(params, {name: getattr(self, store)[name] for name in grads})

    return NoEntryYet


def written_out(rule, **values):
    """Numbers of the chapter's demonstrations where the object's settings belong."""

    class WrittenOut(rule):
        def __init__(self, *settings):
            super().__init__(*settings)
            vars(self).update(values)

    return WrittenOut


def no_brackets(rule):
    """The fraction loses its brackets: g / √s + eps."""

    class NoBrackets(rule):
        def update(self, params, grads):
            eps, self.eps = self.eps, 0.0
            super().update(params, grads)
            self.eps = eps
            for name in grads:
                params[name] -= eps

    return NoBrackets


def brackets_mistake(rule: Any) -> Mistake:
    return Mistake(
        "eps outside of the fraction",
        no_brackets(rule),
        "Python divides before it adds: without brackets `eps` is added to the whole fraction and "
        "not to the root below the line.",
    )


def written_out_mistake(rule: Any, **values: float) -> Mistake:
    numbers = " and ".join(f"{value:g}" for value in values.values())
    return Mistake(
        "setting written out",
        written_out(rule, **values),
        f"You compute with {numbers}, as the demonstration does. This optimiser may be made with "
        "another setting; it is kept in the object.",
    )


def optimiser_mistakes(rule: Any, memory: str, *stores: str) -> tuple[Mistake, ...]:
    """Return the mistakes that can be made with every optimiser."""
    return (
        Mistake(
            "uphill",
            uphill(rule),
            "Every step goes the other way. The gradient says where the loss grows, and you want "
            "it to fall.",
        ),
        Mistake(
            "new arrays",
            new_arrays(rule),
            "`params[name] = params[name] - …` makes a new array and puts it into the dictionary. "
            "The layers know nothing of it. `-=` changes the array that everybody holds.",
        ),
        Mistake(
            "only a local name",
            local_name(rule),
            "The parameters never change. If you write `p = params[name]` and then `p = p - …`, "
            "the name `p` moves on to a new array and the parameter stays behind.",
        ),
        Mistake(
            "one memory for all parameters",
            one_memory(rule),
            f"The parameters share one {memory}, and their shapes do not fit together. Every "
            f"parameter needs {memory} of its own: keep a dictionary with the parameters' names.",
            recognise=mixes_parameters,
        ),
        Mistake(
            "no entry for a new parameter",
            no_entry_yet(rule, stores[0]),
            f"At the first call `self.{stores[0]}` is empty, so there is nothing to read for a "
            f"parameter that comes by for the first time. Its {memory} has to begin at 0.",
        ),
        Mistake(
            "memory outside of the object",
            class_memory(rule, *stores),
            f"A new optimiser begins with the {memory} that an older one left behind. A dictionary "
            "in the class body, or as a default argument, exists once for all objects; make it in "
            "`__init__`.",
            recognise=remembers_other_networks,
        ),
        Mistake(
            "paired by position",
            by_position(rule),
            "You pair the first parameter with the first gradient, the second with the second, and "
            "so on. The two dictionaries have the same names, not always the same order.",
            recognise=pairs_by_position,
        ),
    )
