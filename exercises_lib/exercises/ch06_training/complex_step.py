"""ch06.complex_step: derivatives without a difference."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from exercises_lib.checking import Case, Exercise, Output, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.probes.ch06 import CURVES, gradient_of_curve


def complex_step(f, x):
    grad = np.zeros(x.shape)
    for place in np.ndindex(x.shape):
        z = x.astype(complex)
        z[place] += 1e-20j
        grad[place] = f(z).imag / 1e-20
    return grad


def one_array_put_back(f, x, h=1e-30):
    z = np.array(x, dtype=np.complex128)
    grad = np.empty(z.size)
    for i in range(z.size):
        kept = z.flat[i]
        z.flat[i] = kept + complex(0, h)
        grad[i] = np.imag(f(z)) / h
        z.flat[i] = kept
    return grad.reshape(x.shape)


def by_unit_arrays(f, x):
    units = np.eye(x.size).reshape(x.size, *x.shape)
    return np.array([f(x + 1e-50j * unit).imag * 1e50 for unit in units]).reshape(x.shape)


def draw_curves(rng: np.random.Generator) -> Iterator[Case]:
    shapes = ((3,), (2, 3), (1,), (4, 2), (2, 1, 3))
    for (name, _), shape in zip(CURVES.items(), shapes, strict=True):
        x = rng.choice((-1, 1), shape) * rng.uniform(0.3, 1.5, shape)
        yield Case({"curve": name, "x": x}, f"{name}, x of shape {shape}")


wrong = Mistakes(complex_step)

wrong.swap("real part", ".imag / 1e-20", ".real / 1e-20").says("""You take the real part, which is
    f(x) itself. The step was imaginary, and so is what it adds.""")

wrong.swap("as small as the step", ".imag / 1e-20", ".imag").says("""Your gradient is 0, or as small
    as the step. Either the division by h is missing, or the copy is real: an array of floats keeps
    the real part of what is written into it.""")

wrong.swap("all entries moved at once", "z[place] += 1e-20j", "z += 1e-20j").says("""You move every
    entry at once and write the sum of all slopes into each place. Move one entry at a time.""")

wrong.swap(
    "not put back",
    "    for place in np.ndindex(x.shape):\n        z = x.astype(complex)",
    "    z = x.astype(complex)\n    for place in np.ndindex(x.shape):",
).says("""
    The entries that have been moved stay moved, so that later slopes contain the earlier ones.
    Begin with an unmoved copy for each entry.""")


def central(f, x, h=1e-5):
    grad = np.zeros(x.shape)
    for place in np.ndindex(x.shape):
        step = np.zeros(x.shape)
        step[place] = h
        grad[place] = (f(x + step) - f(x - step)) / (2 * h)
    return grad


wrong.answer(
    "central difference",
    central,
).says("""That is a central difference: about ten digits
    are right, and asked are nearly all. A step along the imaginary axis needs no subtraction.""")

wrong.swap(
    "step too long", "z[place] += 1e-20j", "z[place] += 1e-3j", ".imag / 1e-20", ".imag / 1e-3"
).says("""
    The step is so long that the curve bends on the way; the error falls with h². There is no
    subtraction here, so nothing keeps you from a step as small as 1e-20.""")

wrong.swap("sign", ".imag / 1e-20", ".imag / -1e-20").says("""The sign is turned: the step was +ih,
    so the imaginary part is +h times the slope.""")


EXERCISE = Exercise(
    id="ch06.complex_step",
    title="A derivative without a difference",
    kind="function",
    points=0,
    difficulty=3,
    reference=complex_step,
    accepted=(one_array_put_back, by_unit_arrays),
    mistakes=wrong.all,
    hints=(
        "Compute (x + ih)³ with pencil and paper, and drop everything with h² in it. Where does the "
        "slope 3x² stand?",
        "Make a complex copy of x, add ih to one entry, and call f. The imaginary part of the result, "
        "divided by h, is the slope; with h = 1e-20 what was dropped cannot be seen in a float.",
        "The skeleton:\n    grad = …                   # zeros, to be filled\n    for place in np.ndindex(x.shape):\n"
        "        z = …                  # a complex copy\n        z[place] += …\n"
        "        grad[place] = … / …\n    return grad",
    ),
    probe=Probe(gradient_of_curve),
    draw=draw_curves,
    outputs=(Output("gradient", rtol=1e-13, atol=1e-14),),
    remark="Right to the last digits, since nothing was subtracted. It works for functions that make "
    "sense for complex numbers: + · / exp log tanh, but not max, abs or a comparison.",
)
