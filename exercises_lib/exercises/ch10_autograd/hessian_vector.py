"""ch10.hessian_vector: the second derivative along a direction, from two backward passes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from exercises_lib import nn
from exercises_lib.checking import Case, Exercise, Output, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.probes.ch10 import SURFACES, second_derivative


def gradient(f, at):
    x = nn.Tensor(at)
    f(x).backward()
    return x.grad


def hessian_vector(f, x, v):
    h = 1e-5
    ahead, behind = gradient(f, x + h * v), gradient(f, x - h * v)
    return (ahead - behind) / (2 * h)


def scaled(f, x, v):
    """A step of the same length, however long v is."""
    length = max(float(np.linalg.norm(v)), 1e-300)
    step = 1e-5 / length
    found = []
    for sign in (1, -1):
        point = nn.Tensor(np.add(x, sign * step * v))
        f(point).backward()
        found.append(np.array(point.grad))
    return np.subtract(*found) / 2 / step


def by_four_points(f, x, v, h=1e-4):
    """A formula of higher order."""
    near = gradient(f, x + h * v) - gradient(f, x - h * v)
    far = gradient(f, x + 2 * h * v) - gradient(f, x - 2 * h * v)
    return (8 * near - far) / (12 * h)


def draw_surfaces(rng: np.random.Generator) -> Iterator[Case]:
    yield Case(
        {"surface": "x0² x1", "x": np.array([1.0, 2.0]), "v": np.array([1.0, 3.0])},
        "as in the text",
    )
    for name, shape in zip(SURFACES, ((2,), (4,), (3, 2), (5,)), strict=True):
        x = rng.choice((-1, 1), shape) * rng.uniform(0.3, 1.2, shape)
        yield Case({"surface": name, "x": x, "v": rng.normal(size=shape)}, name)


wrong = Mistakes(hessian_vector)

wrong.swap("factor 2 lost", "/ (2 * h)", "/ h").says("""From x − h·v to x + h·v is a step of 2h.
    Divided by h alone, the result is twice too large.""")

wrong.swap(
    "to one side only", "gradient(f, x - h * v)", "gradient(f, x)", "/ (2 * h)", "/ h"
).says("""
    You step to one side only. That error shrinks with h and not with h²; look to both sides.""")

wrong.swap("v left out", "x + h * v", "x + h", "x - h * v", "x - h").says("""You move all entries by
    the same amount, which is the direction of ones. Move along v.""")

wrong.swap(
    "the gradient, times v", "return (ahead - behind) / (2 * h)", "return gradient(f, x) * v"
).says("""
    That is the gradient times v, entry by entry: a first derivative. Asked is how the gradient
    changes along v.""")

wrong.swap("times v once more", "/ (2 * h)", "/ (2 * h) * v").says("""You multiply by v at the end.
    The step was along v, so v is in the result already.""")

wrong.swap(
    "one number",
    "return (ahead - behind) / (2 * h)",
    "return np.sum(v * (ahead - behind)) / (2 * h)",
).says("""
    You multiply by v and add up: that is vᵀHv, one number, the bend along v. Asked is H·v, in the
    shape of x.""")


def one_tensor(f, x, v):
    h = 1e-5
    t = nn.Tensor(x + h * v)
    f(t).backward()
    ahead = np.array(t.grad)
    t.data = x - h * v
    f(t).backward()
    return (ahead - t.grad) / (2 * h)


wrong.answer("gradients piled up", one_tensor).says("""You use one tensor for both places, and its
    gradient adds up: the second one contains the first. Make a new tensor, or clear the
    gradient.""")


def diagonal_only(f, x, v):
    h, found = 1e-5, np.zeros(x.shape)
    for place in np.ndindex(x.shape):
        step = np.zeros(x.shape)
        step[place] = h
        found[place] = (gradient(f, x + step) - gradient(f, x - step))[place] / (2 * h) * v[place]
    return found


wrong.answer(
    "the diagonal alone", diagonal_only
).says("""You move one entry at a time and look at its
    own gradient. The other gradients change as well; those are the entries beside the
    diagonal.""")

wrong.swap("sign", "ahead - behind", "behind - ahead").says("""The difference is turned round: ahead
    minus behind.""")


EXERCISE = Exercise(
    id="ch10.hessian_vector",
    title="A second derivative",
    kind="function",
    points=0,
    difficulty=3,
    reference=hessian_vector,
    accepted=(scaled, by_four_points),
    mistakes=wrong.all,
    hints=(
        "The Hessian is the derivative of the gradient. If you walk a little along v, by how much "
        "does the gradient change?",
        "Let the engine find the gradient at x + h·v and at x − h·v, each on a tensor of its own. "
        "Then take the central difference of the two arrays, with h = 1e-5.",
        "The skeleton:\n    def gradient(at):\n        point = nn.Tensor(…)\n        …\n"
        "        return …\n    return (gradient(…) - gradient(…)) / …",
    ),
    probe=Probe(second_derivative),
    draw=draw_surfaces,
    outputs=(Output("H·v", rtol=1e-7, atol=1e-8),),
    remark="Two backward passes, whatever the number of inputs. H itself was never built.",
)
