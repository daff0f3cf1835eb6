"""ch05.graph_backward: softmax and cross-entropy, node by node."""

from __future__ import annotations

import numpy as np

from exercises_lib.checking import Exercise, Field, Output, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.probes import values

GRAPH_FIELDS = (
    Field("d_log_y0", r"gradient at $\log y_0$"),
    Field("d_y0", r"gradient at $y_0$"),
    Field("d_y1", r"gradient at $y_1$"),
    Field("d_inverse", r"gradient at $1/S$"),
    Field("d_S", r"gradient at $S$"),
    Field("d_e0", r"gradient at $e_0$, both paths together"),
    Field("d_e1", r"gradient at $e_1$, both paths together"),
    Field("d_e2", r"gradient at $e_2$, both paths together"),
    Field("d_x0", r"gradient at $x_0$"),
    Field("d_x1", r"gradient at $x_1$"),
    Field("d_x2", r"gradient at $x_2$"),
)

GRAPH_NAMES = tuple(field.name for field in GRAPH_FIELDS)


def graph_values(*numbers):
    return dict(zip(GRAPH_NAMES, numbers, strict=True))


wrong = Mistakes()

wrong.answer(
    "the minus of the loss forgotten",
    graph_values(1, 5, 0, 10, -0.1, 0.4, -0.1, -0.1, 0.8, -0.3, -0.5),
).says("""Every sign is turned round: the loss is *minus* the logarithm, so the node below it
    receives −1.""")

wrong.answer(
    "logarithm's derivative upside down",
    graph_values(-1, -0.2, 0, -0.4, 0.004, -0.016, 0.004, 0.004, -0.032, 0.012, 0.02),
).says("""At the logarithm you multiply by y. Its local derivative is the other way up: the smaller
    y, the steeper the logarithm.""")

wrong.answer(
    "only the direct path", graph_values(-1, -5, 0, -10, 0.1, -0.5, 0, 0, -1, 0, 0)
).says("""Each e is used twice: in its own y, and in the sum S that divides all of them. The path
    through S is missing from your e's.""")

wrong.answer(
    "only the path through the sum", graph_values(-1, -5, 0, -10, 0.1, 0.1, 0.1, 0.1, 0.2, 0.3, 0.5)
).says("""Each e is used twice: in the sum S, and directly in its own y. The direct path is missing
    from your e₀.""")

wrong.answer(
    "the reciprocal's minus lost",
    graph_values(-1, -5, 0, -10, -0.1, -0.6, -0.1, -0.1, -1.2, -0.3, -0.5),
).says("A larger S makes 1/S smaller: the local derivative of the reciprocal is negative.")

wrong.answer(
    "the reciprocal's square lost", graph_values(-1, -5, 0, -10, 1, 0.5, 1, 1, 1, 3, 5)
).says("The slope of 1/S falls with the *square* of S. You divided by S once.")

wrong.answer(
    "the exponential skipped", graph_values(-1, -5, 0, -10, 0.1, -0.4, 0.1, 0.1, -0.4, 0.1, 0.1)
).says("""Your gradients at x equal those at e: the exponential between them has a local derivative
    too, and it is not 1.""")

wrong.answer(
    "exponential times the input",
    graph_values(-1, -5, 0, -10, 0.1, -0.4, 0.1, 0.1, -0.2773, 0.1099, 0.1609),
).says("At the exponential you multiply by x, its input. Its derivative is its *output*.")

wrong.answer(
    "the reciprocal gate fed by one minus",
    graph_values(-1, -5, 0, -5, 0.05, -0.45, 0.05, 0.05, -0.9, 0.15, 0.25),
).says("""At 1/S you pass the gradient of y₀ on unchanged. The multiplication swaps: what 1/S
    receives is multiplied by the *other* factor.""")

wrong.answer(
    "label minus probability", graph_values(-1, -5, 0, -10, 0.1, -0.4, 0.1, 0.1, 0.8, -0.3, -0.5)
).says("""Your last three numbers are t − y. What the exponential receives from e is multiplied by a
    positive number, so the sign stays.""")

wrong.answer(
    "class 1 is right",
    graph_values(0, 0, -1 / 0.3, -10, 0.1, 0.1, 0.1 - 1 / 3, 0.1, 0.2, -0.7, 0.5),
).says("In your walk class 1 is right, as in the example above. Here it is class 0.")

wrong.answer(
    "the numbers of the example",
    graph_values(-1, -8, 0, -8, 0.125, -0.875, 0.125, 0.125, -0.875, 0.25, 0.625),
).says("""Those numbers belong to the scores of the example, with S = 8. Here the exponentials are
    2, 3 and 5.""")

wrong.answer(
    "the local derivative at S",
    graph_values(-1, -5, 0, -10, -0.01, -0.51, -0.01, -0.01, -1.02, -0.03, -0.05),
).says("""That is the local derivative of the reciprocal alone. What arrives at 1/S has to be
    multiplied in.""")

wrong.answer(
    "every logarithm counts",
    graph_values(-1, -5, -1 / 0.3, -30, 0.3, -0.2, -1 / 3 + 0.3, 0.1, -0.4, -0.1, 0.5),
).says("The label of class 1 is 0, so no gradient leaves L towards its logarithm.")

wrong.answer(
    "values in place of gradients",
    graph_values(np.log(0.2), 0.2, 0.3, 0.1, 10, 2, 3, 5, np.log(2), np.log(3), np.log(5)),
).says("""That is the value of the node, from the way forward. What is asked for is how L reacts to
    it.""")

wrong.answer(
    "handed on at the reciprocal", graph_values(-1, -5, 0, -10, -10, -10.5, -10, -10, -21, -30, -50)
).says("At 1/S you hand the gradient on as it is. The reciprocal has a slope of its own.")

wrong.answer(
    "what arrives at the reciprocal forgotten, and the minus",
    graph_values(-1, -5, 0, -10, 0.01, -0.49, 0.01, 0.01, -0.98, 0.03, 0.05),
).says("""That is 1/S². The reciprocal's slope has a minus, and what arrives at 1/S has to be
    multiplied in.""")

wrong.answer(
    "two paths subtracted", graph_values(-1, -5, 0, -10, 0.1, 0.6, 0.1, 0.1, 1.2, 0.3, 0.5)
).says("""You take the difference of the two paths into e₀. Where a value is used twice, what comes
    back is added.""")

EXERCISE = Exercise(
    id="ch05.graph_backward",
    title="Softmax and cross-entropy, node by node",
    kind="number",
    points=3,
    difficulty=2,
    reference=graph_values(-1, -5, 0, -10, 0.1, -0.4, 0.1, 0.1, -0.8, 0.3, 0.5),
    accepted=(
        graph_values(
            -1.0,
            -1 / 0.2,
            -0.0,
            -2 * 5.0,
            10 / 10**2,
            1 / 10 - 5 / 10,
            *[1 / 10] * 2,
            2 / 10 - 1,
            3 / 10,
            5 / 10,
        ),
        {
            name: np.float64(number)
            for name, number in graph_values(
                -1, -5, 0, -10, 0.1, -0.4, 0.1, 0.1, -0.8, 0.3, 0.5
            ).items()
        },
    ),
    mistakes=wrong.all,
    fields=GRAPH_FIELDS,
    hints=(
        "Go backwards from L, one node at a time, as in the worked example: loss, logarithm, "
        "multiplication, reciprocal, sum, exponential. Write the gradient at every node down.",
        "A multiplication swaps, a sum distributes, the reciprocal has −1/S², the exponential its own "
        "output, and where a value is used twice the gradients add.",
        "Begin like this and go on:\n"
        "    d_log_y0  = -1\n"
        "    d_y0      = d_log_y0 / y0\n"
        "    d_inverse = d_y0 * …\n"
        "    d_S       = d_inverse * …\n"
        "    d_e0      = … + …            # one term for each road",
    ),
    probe=Probe(values, {"names": GRAPH_NAMES}),
    outputs=tuple(Output(name, rtol=2e-3, atol=1e-4) for name in GRAPH_NAMES),
    remark="The last three are y − t, though no single node on the way knew that.",
)
