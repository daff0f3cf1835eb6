"""Exercises of chapter 05: softmax, the losses, and the gradient of both together."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from exercises_lib import nn
from exercises_lib.checking import Case, Exercise, Field, Mistake, Output, Probe
from exercises_lib.checking.serialize import is_number
from exercises_lib.probes import call, ch05, values

# --- softmax ----------------------------------------------------------------------------------


def draw_softmax(rng: np.random.Generator) -> Iterator[Case]:
    yield Case({"x": rng.normal(0, 2, (4, 3))})
    yield Case({"x": rng.normal(0, 2, (3, 3))}, "as many samples as classes")
    yield Case({"x": rng.normal(0, 2, (1, 4))}, "a batch of one")
    yield Case({"x": rng.normal(0, 2, (2, 5)).astype(np.float32)}, "float32")
    large = rng.normal(0, 2, (3, 4)) + np.array([[1000.0], [-1000.0], [0.0]])
    large[2, 1] += 1500
    yield Case({"x": large}, "scores around 1000 in one row, around -1000 in another")
    yield Case({"x": np.array([[-500.0, 500.0, 499.0]])}, "distances of 1000 within a row")


def softmax_by_rows(x):
    rows = []
    for row in x:
        e = [np.exp(score - max(row)) for score in row]
        rows.append([number / sum(e) for number in e])
    return np.array(rows)


def softmax_through_logarithms(x):
    top = x.max(axis=1)
    log_sum = top + np.log(np.exp(x - top[:, None]).sum(axis=1))
    return np.exp(x - log_sum[:, None])


def softmax_of_columns(x):
    e = np.exp(x.T - x.T.max(0))
    return (e / e.sum(0)).T


def softmax_in_place(x):
    x -= x.max(axis=1, keepdims=True)
    np.exp(x, out=x)
    x /= x.sum(axis=1, keepdims=True)
    return x


def exp_of_shifted(x):
    return np.exp(x - x.max(axis=1, keepdims=True))


SOFTMAX = Exercise(
    id="ch05.softmax",
    title="Softmax, row by row",
    kind="function",
    points=2,
    reference=nn.softmax,
    accepted=(softmax_by_rows, softmax_through_logarithms, softmax_of_columns),
    mistakes=(
        Mistake(
            "no shift",
            lambda x: np.exp(x) / np.exp(x).sum(axis=1, keepdims=True),
            "`np.exp` of a raw score overflows: from 710 on it is inf, and inf / inf is nan. "
            "In a row of very negative scores every exponential is 0, and 0 / 0 is nan too.",
        ),
        Mistake(
            "one maximum for the whole array",
            lambda x: np.exp(x - x.max()) / np.exp(x - x.max()).sum(axis=1, keepdims=True),
            "In a row far below your shift every exponential becomes 0, and the row ends as 0 / 0. "
            "`x.max()` is the largest score of the whole batch; each row needs its own.",
        ),
        Mistake(
            "one maximum and one sum for the whole array",
            lambda x: np.exp(x - x.max()) / np.exp(x - x.max()).sum(),
            "`max()` and `sum()` without an axis run over the whole batch, so all the "
            "probabilities together sum to 1. Every sample is a distribution of its own.",
        ),
        Mistake(
            "one sum for the whole array",
            lambda x: exp_of_shifted(x) / exp_of_shifted(x).sum(),
            "The denominator is the sum over the whole batch. Every row has to sum to 1, "
            "whatever the other rows hold.",
        ),
        Mistake(
            "normalised over the batch",
            lambda x: np.exp(x - x.max(axis=0)) / np.exp(x - x.max(axis=0)).sum(axis=0),
            "Your columns sum to 1: axis 0 runs over the samples. The classes of one sample "
            "compete with each other, and they lie along a row.",
        ),
        Mistake(
            "the maximum lost its axis",
            lambda x: (e := np.exp(x - x.max(axis=1))) / e.sum(axis=1, keepdims=True),
            "`x.max(axis=1)` has shape (N,), and broadcasting lays it along the *columns*: an "
            "error if N ≠ C, and silently the wrong shift if N = C.",
        ),
        Mistake(
            "the sum lost its axis",
            lambda x: exp_of_shifted(x) / exp_of_shifted(x).sum(axis=1),
            "`e.sum(axis=1)` has shape (N,), and broadcasting lays it along the *columns*: an "
            "error if N ≠ C, and silently another sample's sum if N = C.",
        ),
        Mistake(
            "maximum and sum lost their axis",
            lambda x: (e := np.exp(x - x.max(axis=1))) / e.sum(axis=1),
            "Maximum and sum have shape (N,), and broadcasting lays them along the *columns*: "
            "an error if N ≠ C, and silently other samples' numbers if N = C.",
        ),
        Mistake(
            "divided by the maximum",
            lambda x: (
                (e := np.exp(x / x.max(axis=1, keepdims=True))) / e.sum(axis=1, keepdims=True)
            ),
            "Dividing the scores by the largest one tames them, but it also changes the "
            "distances between them, and with the distances the probabilities.",
        ),
        Mistake(
            "subtracted the mean",
            lambda x: (
                (e := np.exp(x - x.mean(axis=1, keepdims=True))) / e.sum(axis=1, keepdims=True)
            ),
            "After subtracting the mean some exponents are still positive, and a score far "
            "above the others overflows. No exponent may be above 0.",
        ),
        Mistake(
            "subtracted the minimum",
            lambda x: (
                (e := np.exp(x - x.min(axis=1, keepdims=True))) / e.sum(axis=1, keepdims=True)
            ),
            "After subtracting the smallest score all exponents are positive, and a large "
            "distance within a row still overflows. No exponent may be above 0.",
        ),
        Mistake(
            "not divided",
            exp_of_shifted,
            "The exponentials are there, and they are safe. But a row of them does not sum to"
            " 1 yet.",
        ),
        Mistake(
            "the logarithms",
            lambda x: x - np.logaddexp.reduce(x, axis=1, keepdims=True),
            "Those are the logarithms of the probabilities: negative numbers. The "
            "probabilities themselves are asked for.",
        ),
        Mistake(
            "a sigmoid for every score",
            nn.sigmoid,
            "You squeeze every score by itself. Between 0 and 1 are they all, but a row does "
            "not sum to 1: the classes have to compete.",
        ),
        Mistake(
            "the maximum of every column",
            lambda x: (e := np.exp(x - x.max(axis=0))) / e.sum(axis=1, keepdims=True),
            "`x.max(axis=0)` is the maximum of a class over the samples. Subtracting another "
            "number from every class changes the distances within a row.",
        ),
        Mistake(
            "clipped the scores",
            lambda x: (e := np.exp(np.clip(x, -500, 500))) / e.sum(axis=1, keepdims=True),
            "A limit for the scores prevents the overflow and changes the problem: all scores"
            " beyond it look alike. What keeps the distances?",
        ),
        Mistake(
            "nan replaced",
            lambda x: np.nan_to_num(np.exp(x) / np.exp(x).sum(axis=1, keepdims=True)),
            "Replacing `nan` by a number hides where it came from: the exponentials have "
            "overflowed, and the probabilities are gone.",
        ),
        Mistake(
            "no exponential",
            lambda x: x / x.sum(axis=1, keepdims=True),
            "Your rows sum to 1, but scores can be negative, and then so are your "
            "probabilities. Something has to make them positive first.",
        ),
        Mistake(
            "changes its input",
            softmax_in_place,
            "`x -= …` writes the shifted scores into the caller's array. Keep them in an array "
            "of your own.",
        ),
        Mistake(
            "sums of the columns",
            lambda x: exp_of_shifted(x) / exp_of_shifted(x).sum(axis=0),
            "You divide by the sums of the columns: axis 0 runs over the samples. The classes of one "
            "sample compete with each other, and they lie along a row.",
        ),
        Mistake(
            "shifted above only",
            lambda x: exp_of_shifted(x) / np.exp(x).sum(axis=1, keepdims=True),
            "Only the numerator is shifted. The factor cancels if it stands above *and* below.",
        ),
        Mistake(
            "shifted below only",
            lambda x: np.exp(x) / exp_of_shifted(x).sum(axis=1, keepdims=True),
            "Only the denominator is shifted. The factor cancels if it stands above *and* below.",
        ),
        Mistake(
            "the winner takes all",
            lambda x: np.eye(x.shape[1])[x.argmax(axis=1)],
            "The largest score gets 1 and all others 0. Softmax is the *soft* version: every class "
            "keeps a share.",
        ),
        Mistake(
            "scores turned round",
            lambda x: nn.softmax(-x),
            "The sign of the exponent is turned, so the lowest score wins.",
        ),
    ),
    hints=(
        "Try your function on a row such as `[1000.0, 1001.0, 1002.0]`, and then on two rows of "
        "which only one is large. Do all rows sum to 1?",
        "What is subtracted from a row, and what it is divided by, must be one number *per row*: "
        "shape (N, 1), so that it broadcasts along the classes.",
        "The skeleton:\n"
        "    def softmax(x):\n"
        "        shifted = x - …                 # (N, C) minus (N, 1)\n"
        "        e = np.exp(shifted)             # nothing above 1\n"
        "        return e / …                    # (N, C) over (N, 1)",
    ),
    probe=Probe(ch05.scores, {"returns": ("y",)}),
    draw=draw_softmax,
    outputs=(
        Output("y", "(N, C)", "one probability per class, for every sample"),
        Output("large-score y", "(N, C)", "one probability per class, for every sample"),
    ),
    remark="Adding one number to a whole row changes nothing: only differences between scores count.",
)

# --- cross-entropy ----------------------------------------------------------------------------


def draw_cross_entropy(rng: np.random.Generator) -> Iterator[Case]:
    def predicted(n, classes):
        return nn.softmax(rng.normal(0, 1.5, (n, classes)))

    y, t = predicted(4, 3), np.array([2, 0, 1, 2])
    y[1], y[2] = [1e-20, 0.4, 0.6], [0.4, 1e-4, 0.5999]
    yield Case({"y": y, "t": t}, "integer labels; one right class has probability 1e-20")
    yield Case({"y": predicted(5, 4), "t": np.eye(4)[rng.permutation(5) % 4]}, "one-hot labels")
    square = rng.permutation(3)
    yield Case({"y": predicted(3, 3), "t": square}, "integer labels, as many samples as classes")
    ones = np.eye(3, dtype=int)[square[::-1]]
    yield Case({"y": predicted(3, 3), "t": ones}, "one-hot labels, as many samples as classes")
    yield Case(
        {"y": predicted(1, 4).astype(np.float32), "t": np.array([2])}, "a batch of one, float32"
    )
    sure = np.array([[1.0, 0.0, 0.0], [0.2, 0.3, 0.5]])
    yield Case(
        {"y": sure, "t": np.eye(3)[[0, int(rng.integers(0, 3))]]},
        "a prediction that is certain, and right: the wrong classes have probability 0",
    )


def one_hot(t, classes):
    return t if t.ndim == 2 else np.eye(classes)[t]


def integers(t):
    return t.argmax(axis=1) if t.ndim == 2 else t


def picked(y, t):
    """Return the probability of each sample's right class, (N,)."""
    return y[np.arange(len(y)), integers(t)]


def cross_entropy_loop(y, t):
    total = 0.0
    for row, label in zip(y, t):
        total -= np.log(row[int(np.argmax(label)) if t.ndim == 2 else label])
    return total / len(y)


def cross_entropy_by_size(y, t):
    if t.size == y.size:
        t = t.argmax(axis=1)
    return -np.log(np.take_along_axis(y, t[:, None], axis=1)).mean()


def both_terms(y, t):
    t = one_hot(t, y.shape[1])
    return -(t * np.log(y) + (1 - t) * np.log(1 - y)).sum() / len(y)


def capped(cases, seen):
    """Recognise losses that are right but for the sample of probability 1e-20, which costs less."""
    costs = []
    for case, one in zip(cases, seen):
        if one.failure or one.changed or one.unstable or len(one.values) != 1:
            return False
        (got,) = one.values.values()
        y, t = case.inputs["y"], case.inputs["t"]
        right = nn.cross_entropy(y, t)
        if not is_number(got) or not np.isfinite(got):
            return False
        if picked(y, t).min() < 1e-19:
            costs.append(46.05 - (right - got) * len(y))
        elif not np.isclose(got, right, rtol=1e-3, atol=1e-3):
            return False
    return all(2 < cost < 45 for cost in costs)


CROSS_ENTROPY = Exercise(
    id="ch05.cross_entropy",
    title="Cross-entropy for both kinds of label",
    kind="function",
    points=3,
    reference=nn.cross_entropy,
    accepted=(
        cross_entropy_loop,
        cross_entropy_by_size,
        lambda y, t: -np.log((y * one_hot(t, y.shape[1])).sum(axis=1)).mean(),
        lambda y, t: (
            -(one_hot(t, y.shape[1]) * np.log(np.maximum(y, 1e-300))).sum() / len(y)
            if y.dtype == np.float64
            else -np.log(picked(y, t)).mean()
        ),
    ),
    mistakes=(
        Mistake(
            "summed over the batch",
            lambda y, t: -np.log(picked(y, t)).sum(),
            "That is the sum over the batch. It grows with the number of samples, so batches of "
            "different size could not be compared.",
        ),
        Mistake(
            "averaged over all entries",
            lambda y, t: -np.log(picked(y, t)).sum() / y.size,
            "You divide by N · C. One-hot rows hold a single 1 each, so there are N logarithms "
            "to average, not N · C.",
        ),
        Mistake(
            "sign",
            lambda y, t: np.log(picked(y, t)).mean(),
            "Logarithms of probabilities are negative, and so is your loss. It would be smallest "
            "where the prediction is worst.",
        ),
        Mistake(
            "no logarithm",
            lambda y, t: 1 - picked(y, t).mean(),
            "That is one minus the mean probability of the right class: there is no logarithm in it. "
            "A probability of 0.01 then costs hardly more than one of 0.1.",
        ),
        Mistake(
            "integer labels multiplied",
            lambda y, t: -np.log((y * t).sum(axis=1)).mean(),
            "An integer label is a position, not a factor. `y * t` multiplies probabilities by "
            "class numbers, or fails, because t has shape (N,).",
        ),
        Mistake(
            "integer labels multiplied, logarithm first",
            lambda y, t: -(t * np.log(y)).sum() / len(y),
            "`t * np.log(y)` treats an integer label as a factor, but it is a position. And with "
            "one-hot rows it computes 0 · log(0), which is nan, wherever a wrong class has "
            "probability 0.",
        ),
        Mistake(
            "one-hot rows used as positions",
            lambda y, t: -np.log(y[np.arange(len(y)), t]).mean(),
            "`y[np.arange(N), t]` wants one position per sample. A one-hot row is no position: "
            "its zeros and ones would pick classes 0 and 1.",
        ),
        Mistake(
            "every label for every sample",
            lambda y, t: -np.log(y[:, integers(t)]).mean(),
            "`y[:, t]` picks *all* the labels' columns from *every* row, shape (N, N). Each sample "
            "has a single label of its own.",
        ),
        Mistake(
            "labels counted from 1",
            lambda y, t: -np.log(y[np.arange(len(y)), integers(t) - 1]).mean(),
            "You subtract 1 from the labels, but the classes are counted from 0. Label 0 becomes "
            "-1, and NumPy then takes the last class without a word.",
        ),
        Mistake(
            "one loss per sample",
            lambda y, t: -np.log(picked(y, t)),
            "These are the losses of the single samples. What training makes smaller is one "
            "number for the whole batch.",
        ),
        Mistake(
            "added 1e-7",
            lambda y, t: -np.log(picked(y, t) + 1e-7).mean(),
            "`+ 1e-7` inside the logarithm is not small beside a small probability: one of 1e-20 "
            "should cost 46.1, and yours costs 16.1.",
        ),
        Mistake(
            "limited at 1e-7",
            lambda y, t: -np.log(np.clip(picked(y, t), 1e-7, 1)).mean(),
            "With a lower limit of 1e-7 no sample can cost more than 16.1. A right class with "
            "probability 1e-20 should cost 46.1.",
        ),
        Mistake(
            "limited at 1e-12",
            lambda y, t: -np.log(np.clip(picked(y, t), 1e-12, 1)).mean(),
            "With a lower limit of 1e-12 no sample can cost more than 27.6. A right class with "
            "probability 1e-20 should cost 46.1.",
        ),
        Mistake(
            "limited or added",
            lambda y, t: -np.log(np.clip(picked(y, t), 1e-15, 1)).mean(),
            "A small number added inside the logarithm, or a lower limit for y, caps the loss of a "
            "sample. A right class with probability 1e-20 should cost 46.1, and yours costs less.",
            recognise=capped,
        ),
        Mistake(
            "another base",
            lambda y, t: -np.log10(picked(y, t)).mean(),
            "`np.log10` is the logarithm to base 10. The loss takes the natural one; its "
            "derivative is 1/y.",
        ),
        Mistake(
            "base 2",
            lambda y, t: -np.log2(picked(y, t)).mean(),
            "`np.log2` is the logarithm to base 2. The loss takes the natural one; its derivative "
            "is 1/y.",
        ),
        Mistake(
            "logarithm of the mean",
            lambda y, t: -np.log(picked(y, t).mean()),
            "You average the probabilities first and take one logarithm. Each sample has a loss of "
            "its own, and the losses are averaged.",
        ),
        Mistake(
            "softmax once more",
            lambda y, t: -np.log(picked(nn.softmax(y), t)).mean(),
            "`y` holds probabilities already. A softmax of them makes all classes nearly equally "
            "likely.",
        ),
        Mistake(
            "divided by the classes",
            lambda y, t: -np.log(picked(y, t)).sum() / y.shape[1],
            "You divide by C, the number of classes. The mean runs over the samples.",
        ),
        Mistake(
            "the most likely class",
            lambda y, t: -np.log(y.max(axis=1)).mean(),
            "You take each row's largest probability. The loss asks what the *right* class got, and "
            "the labels do not occur in your answer.",
        ),
        Mistake(
            "labels told apart by their type",
            lambda y, t: (
                -np.log(y[np.arange(len(y)), t if t.dtype.kind == "i" else t.argmax(axis=1)]).mean()
            ),
            "One-hot rows can hold integers too. What tells the two kinds of label apart for sure is "
            "the number of axes.",
        ),
        Mistake(
            "argmax down the columns",
            lambda y, t: (
                -np.log(y[np.arange(len(y)), t.argmax(axis=0) if t.ndim == 2 else t]).mean()
            ),
            "`t.argmax(axis=0)` looks for a sample in every class. The 1 of a sample is to be found "
            "along its row.",
        ),
        Mistake(
            "logarithm of t · y",
            lambda y, t: -np.log(y * one_hot(t, y.shape[1])).sum() / len(y),
            "You multiply by the labels before the logarithm. All wrong classes become 0 there, and "
            "log(0) is −inf.",
        ),
        Mistake(
            "0 times log(0)",
            lambda y, t: -(one_hot(t, y.shape[1]) * np.log(y)).sum() / len(y),
            "You take the logarithm of *all* the probabilities and multiply by the one-hot rows "
            "afterwards. Where a wrong class has probability 0 that is 0 · (−inf), which is nan.",
        ),
        Mistake(
            "both terms of the binary formula",
            both_terms,
            "The term with 1 − t belongs to yes-or-no questions, one probability each. Here the "
            "classes share one distribution, and only the right class's logarithm counts.",
        ),
        Mistake(
            "first sample only",
            lambda y, t: -np.log(y[0, integers(t)[0]]),
            "Only the first sample counts in your loss. It is the mean over all of them.",
        ),
        Mistake(
            "squares",
            lambda y, t: ((y - one_hot(t, y.shape[1])) ** 2).mean(),
            "That is the mean squared error. Cross-entropy is made of logarithms.",
        ),
    ),
    hints=(
        "Print `y` and `t` of a small batch. Which single number of every row matters, and how does "
        "each kind of label say where it is?",
        "With integers, index arrays pick one entry per row. With one-hot rows, `argmax(axis=1)` "
        "turns them into integers first. `t.ndim` tells the two apart.",
        "The skeleton:\n"
        "    def cross_entropy(y, t):\n"
        "        if t.ndim == 2:\n"
        "            t = …                       # one-hot rows -> integers (N,)\n"
        "        right = y[np.arange(len(y)), …] # (N,)\n"
        "        return …                        # the mean of what each of them costs",
    ),
    probe=Probe(ch05.labels),
    draw=draw_cross_entropy,
    remark="Only the right class's probability counts; the others matter through what they leave over.",
)


# --- the graph, node by node ------------------------------------------------------------------

GRAPH_FIELDS = (
    Field("d_log_y0", r"gradient at $\log y_0$"),
    Field("d_y0", r"gradient at $y_0$"),
    Field("d_y1", r"gradient at $y_1$"),
    Field("d_inverse", r"gradient at $1/S$"),
    Field("d_S", r"gradient at $S$"),
    Field("d_e0", r"gradient at $e_0$, both roads together"),
    Field("d_e1", r"gradient at $e_1$, both roads together"),
    Field("d_e2", r"gradient at $e_2$, both roads together"),
    Field("d_x0", r"gradient at $x_0$"),
    Field("d_x1", r"gradient at $x_1$"),
    Field("d_x2", r"gradient at $x_2$"),
)
GRAPH_NAMES = tuple(field.name for field in GRAPH_FIELDS)


def graph_values(*numbers):
    return dict(zip(GRAPH_NAMES, numbers, strict=True))


GRAPH_BACKWARD = Exercise(
    id="ch05.graph_backward",
    title="Softmax and cross-entropy, node by node",
    kind="number",
    points=3,
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
    mistakes=(
        Mistake(
            "the minus of the loss forgotten",
            graph_values(1, 5, 0, 10, -0.1, 0.4, -0.1, -0.1, 0.8, -0.3, -0.5),
            "Every sign is turned round: the loss is *minus* the logarithm, so the node below it "
            "receives −1.",
        ),
        Mistake(
            "logarithm's derivative upside down",
            graph_values(-1, -0.2, 0, -0.4, 0.004, -0.016, 0.004, 0.004, -0.032, 0.012, 0.02),
            "At the logarithm you multiply by y. Its local derivative is the other way up: the smaller "
            "y, the steeper the logarithm.",
        ),
        Mistake(
            "only the direct road",
            graph_values(-1, -5, 0, -10, 0.1, -0.5, 0, 0, -1, 0, 0),
            "Each e is used twice: in its own y, and in the sum S that divides all of them. The "
            "road through S is missing from your e's.",
        ),
        Mistake(
            "only the road through the sum",
            graph_values(-1, -5, 0, -10, 0.1, 0.1, 0.1, 0.1, 0.2, 0.3, 0.5),
            "Each e is used twice: in the sum S, and directly in its own y. The direct road is "
            "missing from your e₀.",
        ),
        Mistake(
            "the reciprocal's minus lost",
            graph_values(-1, -5, 0, -10, -0.1, -0.6, -0.1, -0.1, -1.2, -0.3, -0.5),
            "A larger S makes 1/S smaller: the local derivative of the reciprocal is negative.",
        ),
        Mistake(
            "the reciprocal's square lost",
            graph_values(-1, -5, 0, -10, 1, 0.5, 1, 1, 1, 3, 5),
            "The slope of 1/S falls with the *square* of S. You divided by S once.",
        ),
        Mistake(
            "the exponential skipped",
            graph_values(-1, -5, 0, -10, 0.1, -0.4, 0.1, 0.1, -0.4, 0.1, 0.1),
            "Your gradients at x equal those at e: the exponential between them has a local "
            "derivative too, and it is not 1.",
        ),
        Mistake(
            "exponential times the input",
            graph_values(-1, -5, 0, -10, 0.1, -0.4, 0.1, 0.1, -0.2773, 0.1099, 0.1609),
            "At the exponential you multiply by x, its input. Its derivative is its *output*.",
        ),
        Mistake(
            "the reciprocal gate fed by one minus",
            graph_values(-1, -5, 0, -5, 0.05, -0.45, 0.05, 0.05, -0.9, 0.15, 0.25),
            "At 1/S you pass the gradient of y₀ on unchanged. The multiplication swaps: what 1/S "
            "receives is multiplied by the *other* factor.",
        ),
        Mistake(
            "label minus probability",
            graph_values(-1, -5, 0, -10, 0.1, -0.4, 0.1, 0.1, 0.8, -0.3, -0.5),
            "Your last three numbers are t − y. What the exponential receives from e is multiplied "
            "by a positive number, so the sign stays.",
        ),
        Mistake(
            "class 1 is right",
            graph_values(0, 0, -1 / 0.3, -10, 0.1, 0.1, 0.1 - 1 / 3, 0.1, 0.2, -0.7, 0.5),
            "In your walk class 1 is right, as in the example above. Here it is class 0.",
        ),
        Mistake(
            "the numbers of the example",
            graph_values(-1, -8, 0, -8, 0.125, -0.875, 0.125, 0.125, -0.875, 0.25, 0.625),
            "Those numbers belong to the scores of the example, with S = 8. Here the exponentials "
            "are 2, 3 and 5.",
        ),
        Mistake(
            "the local derivative at S",
            graph_values(-1, -5, 0, -10, -0.01, -0.51, -0.01, -0.01, -1.02, -0.03, -0.05),
            "That is the local derivative of the reciprocal alone. What arrives at 1/S has to be "
            "multiplied in.",
        ),
        Mistake(
            "every logarithm counts",
            graph_values(-1, -5, -1 / 0.3, -30, 0.3, -0.2, -1 / 3 + 0.3, 0.1, -0.4, -0.1, 0.5),
            "The label of class 1 is 0, so no gradient leaves L towards its logarithm.",
        ),
        Mistake(
            "values in place of gradients",
            graph_values(np.log(0.2), 0.2, 0.3, 0.1, 10, 2, 3, 5, np.log(2), np.log(3), np.log(5)),
            "That is the value of the node, from the way forward. What is asked for is how L reacts "
            "to it.",
        ),
        Mistake(
            "handed on at the reciprocal",
            graph_values(-1, -5, 0, -10, -10, -10.5, -10, -10, -21, -30, -50),
            "At 1/S you hand the gradient on as it is. The reciprocal has a slope of its own.",
        ),
        Mistake(
            "what arrives at the reciprocal forgotten, and the minus",
            graph_values(-1, -5, 0, -10, 0.01, -0.49, 0.01, 0.01, -0.98, 0.03, 0.05),
            "That is 1/S². The reciprocal's slope has a minus, and what arrives at 1/S has to be "
            "multiplied in.",
        ),
        Mistake(
            "two roads subtracted",
            graph_values(-1, -5, 0, -10, 0.1, 0.6, 0.1, 0.1, 1.2, 0.3, 0.5),
            "You take the difference of the two roads into e₀. Where a value is used twice, what comes "
            "back is added.",
        ),
    ),
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

# --- softmax alone ----------------------------------------------------------------------------


def draw_softmax_backward(rng: np.random.Generator) -> Iterator[Case]:
    for shape, note in (
        ((4, 3), ""),
        ((3, 3), "as many samples as classes"),
        ((1, 5), "a batch of one"),
    ):
        yield Case({"y": nn.softmax(rng.normal(size=shape)), "dout": rng.normal(size=shape)}, note)
    y, dout = nn.softmax(rng.normal(size=(2, 4))), rng.normal(size=(2, 4))
    yield Case({"y": y.astype(np.float32), "dout": dout.astype(np.float32)}, "float32")
    y = np.array([[0.0, 1.0, 0.0], [0.5, 0.25, 0.25]])
    yield Case(
        {"y": y, "dout": rng.normal(size=(2, 3))}, "a row with probabilities of exactly 0 and 1"
    )


def softmax_backward(y, dout):
    return y * (dout - (dout * y).sum(axis=1, keepdims=True))


def softmax_backward_jacobians(y, dout):
    dx = np.zeros_like(dout)
    for n in range(len(y)):
        jacobian = np.diag(y[n]) - np.outer(y[n], y[n])
        dx[n] = jacobian @ dout[n]
    return dx


def softmax_backward_loops(y, dout):
    dx = np.zeros(y.shape)
    for n in range(y.shape[0]):
        for j in range(y.shape[1]):
            for i in range(y.shape[1]):
                dx[n, j] += dout[n, i] * y[n, i] * ((i == j) - y[n, j])
    return dx


def softmax_backward_in_place(y, dout):
    dout *= y
    return dout - y * dout.sum(axis=1, keepdims=True)


SOFTMAX_BACKWARD = Exercise(
    id="ch05.softmax_backward",
    title="The gradient of softmax alone",
    kind="function",
    points=3,
    reference=softmax_backward,
    accepted=(
        softmax_backward_jacobians,
        softmax_backward_loops,
        lambda y, dout: y * dout - y * np.einsum("nc,nc->n", y, dout)[:, None],
    ),
    mistakes=(
        Mistake(
            "only the diagonal",
            lambda y, dout: dout * y * (1 - y),
            "`y * (1 - y)` is how yᵢ answers to its *own* score. Every score also changes the "
            "probabilities of all the other classes, because the row sums to 1.",
        ),
        Mistake(
            "the common term lost",
            lambda y, dout: dout * y,
            "That treats the denominator as a constant. A larger score also makes the sum larger, "
            "and that takes something from every probability of the row.",
        ),
        Mistake(
            "added over the batch",
            lambda y, dout: y * (dout - (dout * y).sum(axis=0)),
            "The sum inside runs over axis 0, the samples. What belongs together are the classes "
            "of *one* sample.",
        ),
        Mistake(
            "one sum for the whole array",
            lambda y, dout: y * (dout - (dout * y).sum()),
            "The sum inside runs over the whole batch. Every row has a sum of its own.",
        ),
        Mistake(
            "the sum lost its axis",
            lambda y, dout: y * (dout - (dout * y).sum(axis=1)),
            "The sums have shape (N,), and broadcasting lays them along the columns: an error if "
            "N ≠ C, and silently another sample's sum if N = C.",
        ),
        Mistake(
            "dout not weighted by y",
            lambda y, dout: y * (dout - dout.sum(axis=1, keepdims=True)),
            "You subtract the plain sum of `dout`. Each class counts with its probability there.",
        ),
        Mistake(
            "dout averaged without weights",
            lambda y, dout: y * (dout - dout.mean(axis=1, keepdims=True)),
            "You subtract the plain mean of `dout`. The mean that is needed is weighted: each"
            " class counts with its probability.",
        ),
        Mistake(
            "not multiplied by y",
            lambda y, dout: dout - (dout * y).sum(axis=1, keepdims=True),
            "How far each `dout` lies above the weighted mean is there. The score's own "
            "probability in front of it is missing.",
        ),
        Mistake(
            "divided by the batch",
            lambda y, dout: softmax_backward(y, dout) / len(y),
            "You divide by the batch size. Softmax itself has no mean in it; if the loss has "
            "one, the division is already in `dout`.",
        ),
        Mistake(
            "softmax once more",
            lambda y, dout: softmax_backward(nn.softmax(y), dout),
            "`y` is what softmax gave, not the scores. You put it through softmax a second time.",
        ),
        Mistake(
            "the Jacobians themselves",
            lambda y, dout: np.array([np.diag(row) - np.outer(row, row) for row in y]),
            "Those are the Jacobians, one matrix per sample. They are still to be multiplied "
            "by what arrives in `dout`.",
        ),
        Mistake(
            "the diagonal's one lost",
            lambda y, dout: -y * (dout * y).sum(axis=1, keepdims=True),
            "Only the road through the sum S is there. The direct road, from each probability"
            " to its own score, is missing.",
        ),
        Mistake(
            "a mean of the products",
            lambda y, dout: y * (dout - (dout * y).mean(axis=1, keepdims=True)),
            "`mean` divides the weighted sum by C once more. The probabilities are weights already: "
            "they sum to 1.",
        ),
        Mistake(
            "the sum not multiplied by y",
            lambda y, dout: y * dout - (y * dout).sum(axis=1, keepdims=True),
            "Every score of a row loses the same amount in your code. What a score loses is "
            "proportional to its own probability.",
        ),
        Mistake(
            "added instead of subtracted",
            lambda y, dout: y * (dout + (dout * y).sum(axis=1, keepdims=True)),
            "The sign of the second term is wrong: a larger denominator makes the probabilities "
            "smaller. Test yours: with the same `dout` for all classes, dx has to be 0.",
        ),
        Mistake(
            "dout ignored, diagonal only",
            lambda y, dout: y * (1 - y),
            "The upstream gradient does not occur in your result, and of every score's effects only "
            "the one on its own class does.",
        ),
        Mistake(
            "the fused gradient",
            lambda y, dout: y - dout,
            "`y - t` is the gradient of softmax *and* cross-entropy together. Here softmax stands "
            "alone, and `dout` is an upstream gradient, not a label.",
        ),
        Mistake(
            "changes dout",
            softmax_backward_in_place,
            "`dout *= y` writes into the array of the layer above. Keep the product in an array of "
            "your own.",
        ),
        Mistake(
            "one sample's Jacobian for all",
            lambda y, dout: dout @ (np.diag(y[0]) - np.outer(y[0], y[0])),
            "You use the Jacobian of the first sample for the whole batch. Each row of `y` has one of "
            "its own.",
        ),
        Mistake(
            "sign",
            lambda y, dout: y * ((dout * y).sum(axis=1, keepdims=True) - dout),
            "All signs are turned. A score's own `dout` counts upwards, and the mean is subtracted.",
        ),
    ),
    hints=(
        "Look at the Jacobian of the worked example: its diagonal is not enough. What do its rows "
        "sum to?",
        r"Score $j$ reaches every probability $i$: its gradient is $\sum_i dout_i \, y_i (\delta_{ij} - "
        r"y_j)$. Take the term with $\delta_{ij}$ out of the sum and see what is left.",
        "The skeleton:\n"
        "    def softmax_backward(y, dout):\n"
        "        common = …                      # (N, 1), one number per sample\n"
        "        return y * (dout - common)",
    ),
    probe=Probe(call, {"returns": ("dx",)}),
    draw=draw_softmax_backward,
    outputs=(Output("dx", "(N, C)", "one number per score"),),
    remark="Every row of dx sums to 0: raising all scores together changes no probability.",
)

# --- softmax with loss ------------------------------------------------------------------------


def draw_softmax_with_loss(rng: np.random.Generator) -> Iterator[Case]:
    def dout():
        return float(rng.uniform(1.5, 3.0))

    def some(n, classes):
        return rng.normal(0, 2, (n, classes))

    one_hot_labels = np.eye(3)[rng.permutation(4) % 3]
    yield Case({"x": some(4, 3), "t": one_hot_labels, "dout": dout()}, "one-hot labels")
    yield Case({"x": some(5, 4), "t": rng.permutation(5) % 4, "dout": dout()}, "integer labels")
    yield Case(
        {"x": some(3, 3), "t": rng.permutation(3), "dout": dout()},
        "integer labels, as many samples as classes",
    )
    yield Case({"x": some(1, 4), "t": np.eye(4)[[2]]}, "a batch of one, backward() without dout")
    yield Case(
        {
            "x": some(2, 5).astype(np.float32),
            "t": np.eye(5, dtype=np.float32)[[4, 1]],
            "dout": dout(),
        },
        "float32",
    )
    yield Case(
        {"x": np.array([[0.0, 20.0]]), "t": np.array([[1.0, 0.0]]), "dout": dout()},
        "scores 0 and 20, and the class with score 0 is right",
    )
    yield Case(
        {"x": np.array([[1000.0, 1001.0]]), "t": np.array([[1.0, 0.0]]), "dout": dout()},
        "scores 1000 and 1001",
    )
    large = some(3, 4) + np.array([[1000.0], [-1000.0], [0.0]])
    large[2, 1] = 2000.0
    yield Case(
        {"x": large, "t": np.eye(4)[[1, 3, 0]], "dout": dout()},
        "scores around 1000 in one row, around -1000 in another",
    )


def log_softmax(x):
    shifted = x - x.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


class Right:
    """A right layer, of which the wrong ones below change one thing."""

    def forward(self, x, t):
        self.t = one_hot(t, x.shape[1])
        self.y = nn.softmax(x)
        return -(self.t * log_softmax(x)).sum() / len(x)

    def backward(self, dout=1.0):
        return dout * (self.y - self.t) / len(self.y)


class WithIntegers:
    """Right: keeps positions, copies y."""

    def forward(self, x, t):
        self.labels = integers(t)
        self.rows = np.arange(len(x))
        top = x.max(axis=1)
        total = np.log(np.exp(x - top[:, None]).sum(axis=1))
        self.log_y = x - top[:, None] - total[:, None]
        return -self.log_y[self.rows, self.labels].mean()

    def backward(self, dout=1.0):
        dx = np.exp(self.log_y)
        dx[self.rows, self.labels] -= 1
        dx *= dout / len(dx)
        return dx


class SampleBySample:
    """Right: plain loops, the gradient made on the way forward."""

    def forward(self, x, t):
        n, classes = x.shape
        loss, self.dx = 0.0, np.zeros((n, classes))
        for i in range(n):
            label = int(np.argmax(t[i])) if t.ndim == 2 else int(t[i])
            row = x[i].astype(float) - max(x[i])
            loss += np.log(sum(np.exp(row))) - row[label]
            self.dx[i] = np.exp(row) / sum(np.exp(row))
            self.dx[i, label] -= 1
        self.dx /= n
        return loss / n

    def backward(self, dout=1.0):
        return self.dx * dout


class NotDivided(Right):
    def backward(self, dout=1.0):
        return dout * (self.y - self.t)


class DividedTwice(Right):
    def backward(self, dout=1.0):
        return dout * (self.y - self.t) / len(self.y) / len(self.y)


class DividedByEntries(Right):
    def backward(self, dout=1.0):
        return dout * (self.y - self.t) / self.y.size


class DividedByClasses(Right):
    def backward(self, dout=1.0):
        return dout * (self.y - self.t) / self.y.shape[1]


class SlopeOnceMore(Right):
    def backward(self, dout=1.0):
        return dout * (self.y - self.t) * self.y * (1 - self.y) / len(self.y)


class ScoresForProbabilities(Right):
    def forward(self, x, t):
        loss = super().forward(x, t)
        self.y = x
        return loss


class LabelForgotten(Right):
    def backward(self, dout=1.0):
        return dout * self.y / len(self.y)


class WrongSign(Right):
    def backward(self, dout=1.0):
        return dout * (self.t - self.y) / len(self.y)


class DoutIgnored(Right):
    def backward(self, dout=1.0):
        return (self.y - self.t) / len(self.y)


class NotDividedDoutIgnored(Right):
    def backward(self, dout=1.0):
        return self.y - self.t


class StopsAtY(Right):
    def backward(self, dout=1.0):
        return -dout * self.t / self.y / len(self.y)


class NoDefault(Right):
    def backward(self, dout):
        return dout * (self.y - self.t) / len(self.y)


class StoredYChanged(Right):
    def backward(self, dout=1.0):
        dx = self.y
        dx -= self.t
        return dout * dx / len(dx)


class LossSummed(Right):
    def forward(self, x, t):
        return super().forward(x, t) * len(x)


class AveragedOverSamples(Right):
    def backward(self, dout=1.0):
        return dout * (self.y - self.t).mean(axis=0)


class DoutAddedInLayer(Right):
    def backward(self, dout=1.0):
        return dout + (self.y - self.t) / len(self.y)


class LossOverAllEntries(Right):
    def forward(self, x, t):
        return super().forward(x, t) / x.shape[1]


class LossPerSample(Right):
    def forward(self, x, t):
        super().forward(x, t)
        return -(self.t * log_softmax(x)).sum(axis=1)


class LossSign(Right):
    def forward(self, x, t):
        return -super().forward(x, t)


class ShiftNotUndone(Right):
    def forward(self, x, t):
        super().forward(x, t)
        return -(self.t * shift_not_added_back(x)).sum() / len(x)


class SumForEveryClass(Right):
    def forward(self, x, t):
        super().forward(x, t)
        shifted = x - x.max(axis=1, keepdims=True)
        return (np.log(np.exp(shifted).sum(axis=1, keepdims=True)) - self.t * shifted).sum() / len(
            x
        )


class ScoresChanged(Right):
    def forward(self, x, t):
        x -= x.max(axis=1, keepdims=True)
        return super().forward(x, t)


class FirstBatchKept(Right):
    y = None

    def forward(self, x, t):
        if self.y is None:
            return super().forward(x, t)
        return -(one_hot(t, x.shape[1]) * log_softmax(x)).sum() / len(x)


class NoShift(Right):
    def forward(self, x, t):
        self.t = one_hot(t, x.shape[1])
        self.y = np.exp(x) / np.exp(x).sum(axis=1, keepdims=True)
        return -np.log((self.y * self.t).sum(axis=1)).mean()


class OneMaximum(Right):
    def forward(self, x, t):
        self.t = one_hot(t, x.shape[1])
        e = np.exp(x - x.max())
        self.y = e / e.sum(axis=1, keepdims=True)
        return -np.log((self.y * self.t).sum(axis=1)).mean()


class OverTheBatch(Right):
    def forward(self, x, t):
        self.t = one_hot(t, x.shape[1])
        self.y = nn.softmax(x.T).T
        return -np.log((self.y * self.t).sum(axis=1)).mean()


class TwoSoftmaxes(Right):
    def forward(self, x, t):
        return super().forward(nn.softmax(x), t)


class LogOfZero(Right):
    def forward(self, x, t):
        super().forward(x, t)
        return -np.log((self.y * self.t).sum(axis=1)).mean()


class EveryLogarithm(Right):
    def forward(self, x, t):
        super().forward(x, t)
        return -(self.t * np.log(self.y)).sum() / len(x)


class Added(Right):
    def forward(self, x, t):
        super().forward(x, t)
        return -np.log((self.y * self.t).sum(axis=1) + 1e-7).mean()


class Clipped(Right):
    def forward(self, x, t):
        super().forward(x, t)
        return -np.log(np.clip((self.y * self.t).sum(axis=1), 1e-12, 1)).mean()


class OneHotOnly(Right):
    def forward(self, x, t):
        self.t, self.y = t, nn.softmax(x)
        return -(t * log_softmax(x)).sum() / len(x)


class IntegersOnly(WithIntegers):
    def forward(self, x, t):
        super().forward(x, t)
        self.labels = t
        return -self.log_y[self.rows, t].mean()


def only_capped(right):
    """Return a test whether a loss that is too small for large scores is an answer's only fault."""

    def test(cases, seen):
        capped = False
        for case, one in zip(cases, seen):
            if one.failure or one.changed or one.unstable or len(one.values) != 2:
                return False
            layer = right()
            loss = layer.forward(case.inputs["x"], case.inputs["t"])
            dx = layer.backward(case.inputs.get("dout", 1.0))
            (name, got), (_, got_dx) = one.values.items()
            if not is_number(got) or not np.isfinite(got):
                return False
            if not isinstance(got_dx, np.ndarray) or got_dx.shape != dx.shape:
                return False
            if not np.allclose(got_dx, dx, rtol=1e-3, atol=1e-5):
                return False
            too_small = name.startswith("large") and 0 < got < loss * 0.99
            if not too_small and not np.isclose(got, loss, rtol=1e-3):
                return False
            capped |= bool(too_small)
        return capped

    return test


class NoShiftInTheLoss(Right):
    def forward(self, x, t):
        super().forward(x, t)
        return (np.log(np.exp(x).sum(axis=1)) - (x * self.t).sum(axis=1)).mean()


class SliceForPairs(WithIntegers):
    def backward(self, dout=1.0):
        dx = np.exp(self.log_y)
        dx[:, self.labels] -= 1
        return dx * dout / len(dx)


CAPPED = (
    "A small number inside the logarithm, or a lower limit for y, caps the loss: scores 0 and 20 with "
    "the first class right must cost 20. "
)

SOFTMAX_WITH_LOSS = Exercise(
    id="ch05.SoftmaxWithLoss",
    title="Softmax with loss, as a layer",
    kind="class",
    points=5,
    reference=nn.SoftmaxWithLoss,
    accepted=(Right, WithIntegers, SampleBySample),
    mistakes=(
        Mistake(
            "not divided by the batch",
            NotDivided,
            "The loss is a *mean* over the batch, so every sample has only a share in it. Your "
            "gradient belongs to the sum, and it is too large by a factor N.",
        ),
        Mistake(
            "divided by the batch twice",
            DividedTwice,
            "You divide by the batch size twice. The mean does it once.",
        ),
        Mistake(
            "divided by the number of entries",
            DividedByEntries,
            "`y.size` is N · C. The mean in the loss runs over the N samples only.",
        ),
        Mistake(
            "divided by the number of classes",
            DividedByClasses,
            "`y.shape[1]` is the number of classes. The mean in the loss runs over the samples.",
        ),
        Mistake(
            "softmax's slope once more",
            SlopeOnceMore,
            "`y - t` is the gradient at the scores already: softmax's slopes are in it. You "
            "multiply by y (1 − y) once more.",
        ),
        Mistake(
            "scores in place of probabilities",
            ScoresForProbabilities,
            "Your gradient takes the scores for the probabilities. What is subtracted from is"
            " what softmax gave.",
        ),
        Mistake(
            "label forgotten",
            LabelForgotten,
            "Your gradient pushes every score down, the right one too: the label does not "
            "occur in it.",
        ),
        Mistake(
            "sign",
            WrongSign,
            "Your gradient points the other way. Raising the right class's score must *lower* the "
            "loss, so its gradient is negative.",
        ),
        Mistake(
            "dout ignored",
            DoutIgnored,
            "`backward(2.0)` gives the same as `backward(1.0)` in your layer. The loss is a node "
            "like any other: what arrives from above is multiplied in.",
        ),
        Mistake(
            "not divided by the batch, and dout ignored",
            NotDividedDoutIgnored,
            "Two things are missing from `y - t`: the loss is a *mean* over the batch, and what "
            "arrives from above (`dout`) has to be passed on.",
        ),
        Mistake(
            "stops at the probabilities",
            StopsAtY,
            "`-t / y` is the gradient with respect to the probabilities. The way back goes on "
            "through softmax, down to the scores.",
        ),
        Mistake(
            "dout has no default",
            NoDefault,
            "Nothing lies above a loss, so `backward()` is usually called without an argument; "
            "then the upstream gradient is 1. Your `dout` has no default value.",
        ),
        Mistake(
            "changes the stored y",
            StoredYChanged,
            "The second `backward` finds other numbers than the first: something stored has been "
            "changed. `dx = self.y` makes no copy, it is a second name for the same array.",
        ),
        Mistake(
            "loss summed",
            LossSummed,
            "Your loss is the sum over the batch, N times the mean that was asked for.",
        ),
        Mistake(
            "loss averaged over all entries",
            LossOverAllEntries,
            "Your loss is divided by N · C. Each sample has one loss, so there are N numbers "
            "to average.",
        ),
        Mistake(
            "one loss per sample",
            LossPerSample,
            "These are the losses of the single samples. `forward` returns their mean, one number.",
        ),
        Mistake(
            "sign of the loss",
            LossSign,
            "Your loss is negative: it would be smallest where the prediction is worst.",
        ),
        Mistake(
            "the shift not undone",
            ShiftNotUndone,
            "Inside the sum the scores are shifted, and the right class's score is not. The "
            "two have to be shifted alike.",
        ),
        Mistake(
            "the sum counted once for every class",
            SumForEveryClass,
            "The logarithm of the sum has shape (N, 1) and is copied to all classes before "
            "you add up. Each sample has it once.",
        ),
        Mistake(
            "changes the scores",
            ScoresChanged,
            "`x -= …` writes into the caller's scores. Keep the shifted ones in an array of "
            "your own.",
        ),
        Mistake(
            "keeps the first batch",
            FirstBatchKept,
            "Your layer remembers the first batch it ever saw. Each `forward` replaces what "
            "the last one kept.",
        ),
        Mistake(
            "averaged over the samples",
            AveragedOverSamples,
            "`mean(axis=0)` melts the gradients of all samples into one row. Every sample keeps its "
            "own; only its share in the loss is smaller.",
        ),
        Mistake(
            "dout added",
            DoutAddedInLayer,
            "`dout` is added. By the chain rule upstream and local gradient are *multiplied*.",
        ),
        Mistake(
            "no shift",
            NoShift,
            "`np.exp` of a raw score overflows: from 710 on it is inf, and inf / inf is nan.",
        ),
        Mistake(
            "one maximum for the whole array",
            OneMaximum,
            "You subtract the largest score of the whole batch. In a row far below it every "
            "exponential becomes 0, and the row ends as 0 / 0.",
        ),
        Mistake(
            "normalised over the batch",
            OverTheBatch,
            "Your probabilities sum to 1 down the columns, over the samples. The classes of one "
            "sample lie along a row.",
        ),
        Mistake(
            "softmax applied twice",
            TwoSoftmaxes,
            "Softmax is applied to what is a probability already. Its differences are below 1, so "
            "the second softmax makes all classes nearly equally likely.",
        ),
        Mistake(
            "log(0)",
            LogOfZero,
            "A probability below about 1e-324 is stored as 0, and its logarithm is −inf. The true "
            "loss is finite: it can be had from the scores without going through y.",
        ),
        Mistake(
            "log(0), and 0 times log(0)",
            EveryLogarithm,
            "A probability can be stored as 0. Its logarithm is −inf, and multiplied by a 0 of a "
            "one-hot row that is nan. The loss can be had from the scores without going through y.",
        ),
        Mistake("added 1e-7", Added, CAPPED + "Yours stops at 16.1."),
        Mistake(
            "limited the probability",
            Clipped,
            CAPPED + "And beyond the cap the loss no longer fits the gradient.",
            recognise=only_capped(nn.SoftmaxWithLoss),
        ),
        Mistake(
            "one-hot labels only",
            OneHotOnly,
            "With integer labels `y - t` subtracts class *numbers*, or fails. Bring both kinds of "
            "label into one form first.",
        ),
        Mistake(
            "integer labels only",
            IntegersOnly,
            "With one-hot rows your code uses zeros and ones as positions. Bring both kinds of "
            "label into one form first.",
        ),
        Mistake(
            "no shift in the loss",
            NoShiftInTheLoss,
            "The logarithm of the sum is the right idea, but the sum is made of raw exponentials, and "
            "they overflow. Shift the scores of each row first, all of them.",
        ),
        Mistake(
            "every label for every sample",
            SliceForPairs,
            "`dx[:, t]` takes *all* the columns in t, in every row. One entry of each row is meant: "
            "row numbers and column numbers together.",
        ),
    ),
    hints=(
        "Three things go wrong most often: the number the gradient is divided by, `dout`, and what "
        "happens to the stored y when `backward` runs twice.",
        "The loss of a sample is $\\log \\sum_j e^{x_j} - x_t$: no probability in it, so no log(0). "
        "Shift the row before you use it. The gradient is that of a mean over N samples.",
        "The skeleton:\n"
        "    def forward(self, x, t):\n"
        "        self.t = …                      # one form for both kinds of label\n"
        "        shifted = x - …\n"
        "        log_y = shifted - np.log(…)     # (N, C)\n"
        "        self.y = np.exp(log_y)\n"
        "        return …\n"
        "    def backward(self, dout=1.0):\n"
        "        return … * (self.y - self.t) / …",
    ),
    probe=Probe(ch05.loss_layer),
    draw=draw_softmax_with_loss,
    outputs=(
        *(Output(f"{kind}loss", rtol=1e-4) for kind in ("", "integer-label ")),
        *(
            Output(f"{kind}dx", "(N, C)", "one number per score")
            for kind in ("", "integer-label ", "large-score ")
        ),
    ),
    remark="Checked with both kinds of label, with N = C, with a loss of 20 and with scores of 2000.",
)

# --- find and fix: the batch ------------------------------------------------------------------


def draw_batch_fix(rng: np.random.Generator) -> Iterator[Case]:
    for n, classes, note in (
        (4, 3, ""),
        (3, 3, "as many samples as classes"),
        (1, 4, "a batch of one"),
    ):
        yield Case(
            {
                "x": rng.normal(0, 2, (n, classes)),
                "t": np.eye(classes)[rng.integers(0, classes, n)],
                "dout": float(rng.uniform(1.5, 3.0)),
            },
            note,
        )
    x = rng.normal(0, 2, (5, 2)).astype(np.float32)
    yield Case({"x": x, "t": np.eye(2)[[0, 1, 1, 0, 1]]}, "float32, backward() without dout")


class Given:
    """The layer as it is given in the notebook."""

    def forward(self, x, t):
        self.t = t
        self.y = nn.softmax(x)
        return nn.cross_entropy(self.y, t)

    def backward(self, dout=1.0):
        return self.y - self.t


class Mended(Given):
    def backward(self, dout=1.0):
        return dout * (self.y - self.t) / len(self.y)


class MendedStepByStep(Given):
    def backward(self, dout=1.0):
        share = dout / self.t.shape[0]
        return np.multiply(share, np.subtract(self.y, self.t))


class OnlyDivided(Given):
    def backward(self, dout=1.0):
        return (self.y - self.t) / len(self.y)


class OnlyDout(Given):
    def backward(self, dout=1.0):
        return dout * (self.y - self.t)


class EntriesInstead(Given):
    def backward(self, dout=1.0):
        return dout * (self.y - self.t) / self.y.size


class ClassesInstead(Given):
    def backward(self, dout=1.0):
        return dout * (self.y - self.t) / self.y.shape[1]


class MeanOverSamples(Given):
    def backward(self, dout=1.0):
        return dout * (self.y - self.t).mean(axis=0)


class LossMadeToFit(Given):
    def forward(self, x, t):
        return super().forward(x, t) * len(x)

    def backward(self, dout=1.0):
        return dout * (self.y - self.t)


class LossDividedToo(Mended):
    def forward(self, x, t):
        return super().forward(x, t) / len(x)


class DoutAdded(Given):
    def backward(self, dout=1.0):
        return dout + (self.y - self.t) / len(self.y)


class LabelDivided(Given):
    def backward(self, dout=1.0):
        return dout * self.y - self.t / len(self.y)


class FixedSign(Given):
    def backward(self, dout=1.0):
        return dout * (self.t - self.y) / len(self.y)


class MultipliedByBatch(Given):
    def backward(self, dout=1.0):
        return dout * (self.y - self.t) * len(self.y)


class YOverwritten(Given):
    def backward(self, dout=1.0):
        self.y -= self.t
        return dout * self.y / len(self.y)


class DoutOnYOnly(Given):
    def backward(self, dout=1.0):
        return (dout * self.y - self.t) / len(self.y)


class DividedByFour(Given):
    def backward(self, dout=1.0):
        return dout * (self.y - self.t) / 4


class DividedOnceTooOften(Given):
    def backward(self, dout=1.0):
        return dout * (self.y - self.t) / len(self.y) ** 2


class MendedWithoutDefault(Given):
    def backward(self, dout):
        return dout * (self.y - self.t) / len(self.y)


BATCH_FIX = Exercise(
    id="ch05.batch_fix",
    title="Find and fix: y − t is not all",
    kind="debug",
    points=2,
    reference=Mended,
    accepted=(MendedStepByStep, nn.SoftmaxWithLoss, Right),
    mistakes=(
        Mistake(
            "still the given code",
            Given,
            "This behaves as the given layer does. Compare it with a numerical gradient, and compare "
            "`backward(1.0)` with `backward(2.0)`: two things are missing.",
        ),
        Mistake(
            "dout still ignored",
            OnlyDivided,
            "The batch is right now. But `backward(2.0)` still gives the same as `backward(1.0)`.",
        ),
        Mistake(
            "still not divided by the batch",
            OnlyDout,
            "`dout` is right now. But the loss is a mean over the samples, and your gradient is "
            "still that of their sum.",
        ),
        Mistake(
            "divided by the number of entries",
            EntriesInstead,
            "`y.size` is N · C. Over how many numbers does the mean in the loss run?",
        ),
        Mistake(
            "divided by the number of classes",
            ClassesInstead,
            "`y.shape[1]` is the number of classes. The mean in the loss runs over the samples. "
            "With N = C nobody would notice.",
        ),
        Mistake(
            "averaged over the samples",
            MeanOverSamples,
            "`mean(axis=0)` melts the gradients of all samples into one. Every sample keeps its own "
            "row; only its share in the loss is smaller.",
        ),
        Mistake(
            "made the loss fit the gradient",
            LossMadeToFit,
            "Now loss and gradient agree, but on the *sum* over the batch. The loss was right: "
            "leave `forward` alone.",
        ),
        Mistake(
            "divided the loss too",
            LossDividedToo,
            "The gradient is right now. But `forward` divides by the batch a second time: "
            "the loss was a mean already.",
        ),
        Mistake(
            "brackets lost",
            LabelDivided,
            "Without brackets `dout` multiplies `y` alone, and the division is for `t` alone."
            " Both belong to the whole difference.",
        ),
        Mistake(
            "sign",
            FixedSign,
            "The two factors are there, and the sign has been turned: `y - t` was right as it"
            " was given.",
        ),
        Mistake(
            "multiplied by the batch",
            MultipliedByBatch,
            "Now the gradient is even larger: a sample's share in a mean *shrinks* with the batch.",
        ),
        Mistake(
            "added dout",
            DoutAdded,
            "`dout` is added to the gradient. By the chain rule upstream and local gradient are "
            "*multiplied*.",
        ),
        Mistake(
            "overwrites the stored y",
            YOverwritten,
            "`self.y -= self.t` changes what `forward` stored. A second `backward` then starts from "
            "y − t and subtracts t once more.",
        ),
        Mistake(
            "dout for y only",
            DoutOnYOnly,
            "The division is right, but `dout` multiplies `y` alone. It belongs to the whole difference.",
        ),
        Mistake(
            "always four samples",
            DividedByFour,
            "You divide by 4, whatever comes. That was the batch of the demonstration; ask the array how "
            "many rows it has.",
        ),
        Mistake(
            "divided twice",
            DividedOnceTooOften,
            "You divide by N twice. Each sample has the share 1/N in the mean, once.",
        ),
        Mistake(
            "dout has no default",
            MendedWithoutDefault,
            "`backward()` is called without an argument here, as the last node of a network is. Keep "
            "the default value that the given method has.",
        ),
    ),
    hints=(
        "`forward` is right. Look at `backward` only, and at what the demonstration prints: by which "
        "factor is the gradient too large? What does `dout` do to it?",
        "A mean over N samples gives every sample the share 1/N. And every `backward` multiplies "
        "by what comes from above.",
        "The skeleton:\n"
        "    def backward(self, dout=1.0):\n"
        "        return … * (self.y - self.t) / …",
    ),
    probe=Probe(ch05.loss_layer),
    draw=draw_batch_fix,
    outputs=(Output("dx", "(N, C)", "one number per score"),),
    remark="A gradient check with one sample and dout = 1 would have passed the broken layer.",
)

# --- two classes ------------------------------------------------------------------------------


def draw_binary_cross_entropy(rng: np.random.Generator) -> Iterator[Case]:
    def labels(*shape):
        t = np.zeros(shape)
        t.flat[::2] = 1.0
        return rng.permuted(t)

    p = rng.uniform(0.05, 0.95, 5)
    p[1] = 1e-4
    t = labels(5)
    t[1] = 1.0
    yield Case({"p": p, "t": t}, "one of the probabilities is 1e-4")
    yield Case(
        {"p": rng.uniform(0.05, 0.95, (4, 2)), "t": labels(4, 2)}, "two questions per sample"
    )
    yield Case({"p": rng.uniform(0.05, 0.95, 1), "t": np.array([1.0])}, "a batch of one")
    p32 = rng.uniform(0.1, 0.9, 6).astype(np.float32)
    yield Case({"p": p32, "t": labels(6).astype(np.float32)}, "float32")
    yield Case(
        {"p": np.array([1.0, 0.0, 0.5]), "t": np.array([1.0, 0.0, 1.0])},
        "probabilities of exactly 0 and 1, certain and right",
    )
    yield Case(
        {"p": np.array([0.0, 1.0, 0.25, 0.5]), "t": np.array([1.0, 0.0, 1.0, 0.0])},
        "probabilities of exactly 0 and 1, certain and wrong",
    )


def saturated_loss(inputs, got, expected):
    """Judge the loss at p = 0 or 1: exact where p is right, finite and large where it is wrong."""
    if not is_number(got):
        return "The loss is one number."
    p, t = inputs["p"], inputs["t"]
    if not np.isfinite(got):
        return f"saturated loss is {got}: with p exactly 0 or 1 it has to stay finite."
    if np.isclose(got, expected, rtol=1e-4):
        return None
    # Where p is certain and wrong the size depends on the limit: 1e-6 to 1e-16 are sensible.
    wrong = np.abs(p - t) == 1
    rest = -np.log(1 - np.abs(p - t)[~wrong]).sum()
    low, high = ((rest + wrong.sum() * cost) / p.size for cost in (13.8, 40.0))
    if wrong.any() and low <= got <= high:
        return None
    what = f"between {low:.3g} and {high:.3g}" if wrong.any() else f"about {expected:.4g}"
    return f"saturated loss is {got:.4g}, expected {what}."


def saturated_gradient(inputs, got, expected):
    """Judge the gradient at p = 0 or 1 in the same way."""
    p, t = inputs["p"], inputs["t"]
    if not isinstance(got, np.ndarray) or got.dtype.kind not in "iuf" or got.shape != p.shape:
        return f"saturated dp has to be an array of shape {p.shape}, one number per probability."
    if not np.isfinite(got).all():
        return f"saturated dp is {np.round(got, 4)}: with p exactly 0 or 1 it has to stay finite."
    wrong = np.abs(p - t) == 1
    for i in range(p.size):
        if wrong[i]:
            size = f"saturated dp[{i}] is {got[i]:.4g}; here p is certain and wrong"
            if got[i] * (p[i] - t[i]) < 0:
                return f"{size}, and the sign is not right."
            if abs(got[i]) < 0.9e6 / p.size:
                return f"{size}, so it should be very large."
        elif not np.isclose(got[i], expected[i], rtol=1e-4):
            return f"saturated dp[{i}] is {got[i]:.4g}, expected {expected[i]:.4g}."
    return None


def bce(p, t):
    """Return the loss of probabilities that are kept away from 0 and 1, and its gradient."""
    p = np.clip(p, 1e-7, 1 - 1e-7)
    loss = -(t * np.log(p) + (1 - t) * np.log(1 - p)).mean()
    return loss, (-t / p + (1 - t) / (1 - p)) / p.size


def bce_of_the_right_answer(p, t):
    right = np.maximum(np.where(t == 1, p, 1 - p), 1e-12)
    return -np.log(right).mean(), np.where(t == 1, -1.0, 1.0) / right / right.size


def bce_loop(p, t):
    total, dp = 0.0, np.zeros(p.shape)
    for i in np.ndindex(p.shape):
        q = min(max(float(p[i]), 1e-9), 1 - 1e-9)
        total -= t[i] * np.log(q) + (1 - t[i]) * np.log(1 - q)
        dp[i] = (q - t[i]) / (q * (1 - q))
    return total / p.size, dp / p.size


def bce_unclipped(p, t):
    loss = -(t * np.log(p) + (1 - t) * np.log(1 - p)).mean()
    return loss, (-t / p + (1 - t) / (1 - p)) / p.size


def bce_tiny_limit(p, t):
    p = np.clip(p, 1e-20, 1 - 1e-20)
    loss = -(t * np.log(p) + (1 - t) * np.log(1 - p)).mean()
    return loss, (-t / p + (1 - t) / (1 - p)) / p.size


def bce_added(p, t):
    a, b = p + 1e-7, 1 - p + 1e-7
    return -(t * np.log(a) + (1 - t) * np.log(b)).mean(), (-t / a + (1 - t) / b) / p.size


def bce_zero_outside(p, t):
    loss, dp = bce(p, t)
    return loss, np.where((p > 1e-7) & (p < 1 - 1e-7), dp, 0.0)


def bce_in_place(p, t):
    np.clip(p, 1e-7, 1 - 1e-7, out=p)
    return bce(p, t)


def bce_nan_replaced(p, t):
    loss, dp = bce_unclipped(p, t)
    return np.nan_to_num(loss), np.nan_to_num(dp)


def bce_one_term(p, t):
    p = np.clip(p, 1e-7, 1 - 1e-7)
    return -(t * np.log(p)).mean(), -t / p / p.size


def bce_loss_only_clipped(p, t):
    loss, _ = bce(p, t)
    return loss, (-t / p + (1 - t) / (1 - p)) / p.size


def bce_wide_limit(eps):
    def wrong(p, t):
        p = np.clip(p, eps, 1 - eps)
        loss = -(t * np.log(p) + (1 - t) * np.log(1 - p)).mean()
        return loss, (-t / p + (1 - t) / (1 - p)) / p.size

    return wrong


BINARY_CROSS_ENTROPY = Exercise(
    id="ch05.binary_cross_entropy",
    title="Binary cross-entropy and its gradient",
    kind="function",
    points=3,
    reference=nn.binary_cross_entropy,
    accepted=(bce, bce_of_the_right_answer, bce_loop),
    mistakes=(
        Mistake(
            "not limited",
            bce_unclipped,
            "At p = 0 and p = 1 a logarithm and a denominator become 0: the loss ends as inf or as "
            "0 · (−inf), which is nan, and the gradient as a division by 0.",
        ),
        Mistake(
            "only the loss limited",
            bce_loss_only_clipped,
            "The loss is safe, but the gradient still divides by the raw p and 1 − p, which can "
            "be 0.",
        ),
        Mistake(
            "limit too fine",
            bce_tiny_limit,
            "`1 - 1e-20` is stored as exactly 1.0, because floats near 1 are 1.1e-16 apart and wider. "
            "So at p = 1 your limit does nothing.",
        ),
        Mistake(
            "added instead of limited",
            bce_added,
            "Adding 1e-7 changes *every* logarithm, and the gradient with it: at p = 1e-4 by a "
            "thousandth. A limit leaves the p inside it as they are.",
        ),
        Mistake(
            "gradient 0 at the limits",
            bce_zero_outside,
            "Your gradient is 0 where p is 0 or 1. That is where a wrong prediction is worst, "
            "and the network would learn nothing from it.",
        ),
        Mistake(
            "only one of the two terms",
            bce_one_term,
            "You count the samples with t = 1 only. A sample with t = 0 costs something too: the "
            "more, the higher p is.",
        ),
        Mistake(
            "sign of the gradient",
            lambda p, t: (bce(p, t)[0], -bce(p, t)[1]),
            "The sign of your gradient is wrong. With t = 1 a larger p makes the loss smaller, so "
            "dp is negative there.",
        ),
        Mistake(
            "sign of the loss",
            lambda p, t: (-bce(p, t)[0], bce(p, t)[1]),
            "Logarithms of probabilities are negative, and so is your loss. It would be "
            "smallest where the prediction is worst.",
        ),
        Mistake(
            "one loss per entry",
            lambda p, t: (
                -(t * np.log(np.clip(p, 1e-7, 1)) + (1 - t) * np.log(np.clip(1 - p, 1e-7, 1))),
                bce(p, t)[1],
            ),
            "These are the losses of the single entries. The loss is their mean, one number.",
        ),
        Mistake(
            "order swapped",
            lambda p, t: bce(p, t)[::-1],
            "Loss and gradient have changed places: the function returns `loss, dp`.",
        ),
        Mistake(
            "labels turned round",
            lambda p, t: bce(p, 1 - t),
            "You charge for the answer that is right: with t = 1 it is the logarithm of p "
            "that counts, with t = 0 that of 1 − p.",
        ),
        Mistake(
            "nan replaced",
            bce_nan_replaced,
            "Replacing what is not finite by another number hides the fault: a prediction "
            "that is certain must cost 0 if it is right, and a lot if it is wrong. The place "
            "to act is p.",
        ),
        Mistake(
            "changes p",
            bce_in_place,
            "You limit the caller's `p` itself. Keep the limited probabilities in an array of"
            " your own.",
        ),
        Mistake(
            "both terms negative",
            lambda p, t: (bce(p, t)[0], -np.abs(bce(p, t)[1])),
            "Your gradient is negative for both labels. log(1 − p) falls as p grows: its inner "
            "derivative is −1.",
        ),
        Mistake(
            "gradient of the sum",
            lambda p, t: (bce(p, t)[0], bce(p, t)[1] * p.size),
            "The loss is a mean, but your gradient is that of the sum: the division is missing.",
        ),
        Mistake(
            "gradient divided by the rows",
            lambda p, t: (bce(p, t)[0], bce(p, t)[1] * p.size / len(p)),
            "The gradient is divided by `len(p)`, the number of rows. The mean in the loss runs over "
            "all entries, which are more as soon as p has two axes.",
        ),
        Mistake(
            "loss summed",
            lambda p, t: (bce(p, t)[0] * p.size, bce(p, t)[1]),
            "The loss is the sum over all entries, not their mean.",
        ),
        Mistake(
            "the gradient of the score",
            lambda p, t: (bce(p, t)[0], (p - t) / p.size),
            "`p - t` is the gradient with respect to the *score*, with the sigmoid already gone "
            "through. Here p itself is the input.",
        ),
        *(
            Mistake(
                f"limit of {eps:g}",
                bce_wide_limit(eps),
                "Your limit lies too far in: probabilities that still count are changed, and certain "
                "mistakes cost too little.",
            )
            for eps in (1e-2, 1e-3, 1e-4, 1e-5)
        ),
        Mistake(
            "sigmoid once more",
            lambda p, t: bce(nn.sigmoid(p), t),
            "`p` is a probability already; the sigmoid belongs to the layer before.",
        ),
        Mistake(
            "mean squared error",
            lambda p, t: (((p - t) ** 2).mean(), 2 * (p - t) / p.size),
            "That is the mean squared error. Cross-entropy is made of logarithms.",
        ),
    ),
    hints=(
        "Write the loss for t = 1 alone and for t = 0 alone, and differentiate each. Then look at what "
        "your code does at p = 0 and at p = 1.",
        "`np.clip` keeps p inside two limits and leaves everything between them alone. Choose limits "
        "that a float can tell from 0 and 1, between 1e-15 and 1e-7 away.",
        "The skeleton:\n"
        "    def binary_cross_entropy(p, t):\n"
        "        p = np.clip(p, …, …)\n"
        "        loss = …                        # one number, the mean\n"
        "        dp = (-t / … + (1 - t) / …) / …\n"
        "        return loss, dp",
    ),
    probe=Probe(ch05.probabilities),
    draw=draw_binary_cross_entropy,
    outputs=(
        Output("loss", rtol=1e-5),
        Output("dp", "(N,)", "one number per probability", rtol=1e-5),
        Output("saturated loss", compare=saturated_loss),
        Output("saturated dp", compare=saturated_gradient),
    ),
    remark="At p = 0 and p = 1 the size was left to you; it had to be finite, large and of the right sign.",
)


def draw_sigmoid_with_loss(rng: np.random.Generator) -> Iterator[Case]:
    def case(shape, note, **more):
        x = rng.normal(0, 2, shape)
        t = (rng.permuted(np.arange(x.size)) % 2).reshape(shape).astype(float)
        return Case({"x": x, "t": t, **more}, note)

    yield case((5,), "", dout=float(rng.uniform(1.5, 3.0)))
    yield case((4, 2), "two questions per sample", dout=float(rng.uniform(1.5, 3.0)))
    yield case((1,), "a batch of one, backward() without dout")
    x = rng.normal(0, 2, (6,)).astype(np.float32)
    t = np.array([1, 0, 0, 1, 1, 0], dtype=np.float32)
    yield Case({"x": x, "t": t, "dout": 2.0}, "float32")
    yield Case(
        {"x": np.array([20.0, -20.0]), "t": np.array([0.0, 1.0]), "dout": 2.0},
        "scores of 20 and -20, both on the wrong side",
    )
    yield Case(
        {
            "x": np.array([1000.0, -1000.0, 40.0, -40.0, 1000.0]),
            "t": np.array([0.0, 1.0, 0.0, 1.0, 1.0]),
            "dout": float(rng.uniform(1.5, 3.0)),
        },
        "scores up to 1000",
    )


class FusedSigmoid:
    def forward(self, x, t):
        self.t, self.p = t, nn.sigmoid(x)
        return np.mean(np.maximum(x, 0) - x * t + np.log1p(np.exp(-np.abs(x))))

    def backward(self, dout=1.0):
        return dout * (self.p - self.t) / self.p.size


class ByLogaddexp:
    def forward(self, x, t):
        self.grad = 0.5 * (1 + np.tanh(0.5 * x)) - t
        return (t * np.logaddexp(0, -x) + (1 - t) * np.logaddexp(0, x)).mean()

    def backward(self, dout=1.0):
        return self.grad * dout / self.grad.size


class BySide:
    """Right: the score that speaks for the label is x if t = 1, else -x."""

    def forward(self, x, t):
        sign = np.where(t == 1, 1.0, -1.0)
        margin = sign * x
        small = np.exp(-np.abs(margin))
        losses = np.where(margin > 0, 0, -margin) + np.log(1 + small)
        self.dx = -sign * np.where(margin > 0, small, 1) / (1 + small) / x.size
        return losses.sum() / x.size

    def backward(self, dout=1.0):
        return dout * self.dx


def sigmoid_loss(p, t):
    return -np.mean(t * np.log(p) + (1 - t) * np.log(1 - p))


class ThroughP(FusedSigmoid):
    def forward(self, x, t):
        super().forward(x, t)
        return sigmoid_loss(self.p, t)


class ThroughPAdded(FusedSigmoid):
    def forward(self, x, t):
        super().forward(x, t)
        return -np.mean(t * np.log(self.p + 1e-7) + (1 - t) * np.log(1 - self.p + 1e-7))


class ThroughPClipped(FusedSigmoid):
    def forward(self, x, t):
        super().forward(x, t)
        return sigmoid_loss(np.clip(self.p, 1e-12, 1 - 1e-12), t)


class Softplus(FusedSigmoid):
    def forward(self, x, t):
        super().forward(x, t)
        return np.mean(np.log(1 + np.exp(x)) - x * t)


class TwoSteps(FusedSigmoid):
    def backward(self, dout=1.0):
        dp = -self.t / self.p + (1 - self.t) / (1 - self.p)
        return dout * dp * self.p * (1 - self.p) / self.p.size


class StopsAtP(FusedSigmoid):
    def backward(self, dout=1.0):
        p = np.clip(self.p, 1e-7, 1 - 1e-7)
        return dout * (p - self.t) / (p * (1 - p)) / p.size


class SlopeTwice(FusedSigmoid):
    def backward(self, dout=1.0):
        return dout * (self.p - self.t) * self.p * (1 - self.p) / self.p.size


class SigmoidDoutIgnored(FusedSigmoid):
    def backward(self, dout=1.0):
        return (self.p - self.t) / self.p.size


class SigmoidNotDivided(FusedSigmoid):
    def backward(self, dout=1.0):
        return dout * (self.p - self.t)


class SigmoidByRows(FusedSigmoid):
    def backward(self, dout=1.0):
        return dout * (self.p - self.t) / len(self.p)


class SigmoidSign(FusedSigmoid):
    def backward(self, dout=1.0):
        return dout * (self.t - self.p) / self.p.size


class SigmoidSummed(FusedSigmoid):
    def forward(self, x, t):
        return super().forward(x, t) * x.size


class SigmoidScoreForP(FusedSigmoid):
    def forward(self, x, t):
        loss = super().forward(x, t)
        self.p = x
        return loss


class SigmoidLossByRows(FusedSigmoid):
    def forward(self, x, t):
        return super().forward(x, t) * x.size / len(x)


class SigmoidLossPerColumn(FusedSigmoid):
    def forward(self, x, t):
        super().forward(x, t)
        return (np.maximum(x, 0) - x * t + np.log1p(np.exp(-np.abs(x)))).mean(axis=0)


class SigmoidLargestOfAll(FusedSigmoid):
    def forward(self, x, t):
        super().forward(x, t)
        return np.mean(np.max(x) - x * t + np.log1p(np.exp(-np.abs(x))))


class SigmoidOneTwice(FusedSigmoid):
    def forward(self, x, t):
        super().forward(x, t)
        return np.mean(np.maximum(x, 0) - x * t + np.log1p(1 + np.exp(-np.abs(x))))


class SigmoidNoSize(FusedSigmoid):
    def forward(self, x, t):
        super().forward(x, t)
        return np.mean(np.maximum(x, 0) - x * t + np.log1p(np.exp(-x)))


class SigmoidPositiveExponent(FusedSigmoid):
    def forward(self, x, t):
        super().forward(x, t)
        return np.mean(np.maximum(x, 0) - x * t + np.log1p(np.exp(np.abs(x))))


class SigmoidNoMaximum(FusedSigmoid):
    def forward(self, x, t):
        super().forward(x, t)
        return np.mean(-x * t + np.log1p(np.exp(-np.abs(x))))


class SigmoidPlusXT(FusedSigmoid):
    def forward(self, x, t):
        super().forward(x, t)
        return np.mean(np.maximum(x, 0) + x * t + np.log1p(np.exp(-np.abs(x))))


class SigmoidSquares(FusedSigmoid):
    def forward(self, x, t):
        super().forward(x, t)
        return np.mean((self.p - t) ** 2)


class SigmoidNoDefault(FusedSigmoid):
    def backward(self, dout):
        return dout * (self.p - self.t) / self.p.size


class SigmoidFirstBatchKept(FusedSigmoid):
    p = None

    def forward(self, x, t):
        if self.p is None:
            return super().forward(x, t)
        return FusedSigmoid().forward(x, t)


class SigmoidStoredChanged(FusedSigmoid):
    def backward(self, dout=1.0):
        self.p -= self.t
        self.p *= dout / self.p.size
        return self.p


class SigmoidLabelLost(FusedSigmoid):
    def forward(self, x, t):
        super().forward(x, t)
        return np.mean(np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))))


class SigmoidThroughClippedP(FusedSigmoid):
    def backward(self, dout=1.0):
        _, dp = nn.binary_cross_entropy(self.p, self.t)
        return dout * dp * self.p * (1 - self.p)


class SigmoidLossSign(FusedSigmoid):
    def forward(self, x, t):
        return -super().forward(x, t)


class SigmoidFactorTwo(FusedSigmoid):
    def backward(self, dout=1.0):
        return 2 * super().backward(dout)


class SigmoidPForX(FusedSigmoid):
    def forward(self, x, t):
        super().forward(x, t)
        p = self.p
        return np.mean(np.maximum(p, 0) - p * t + np.log1p(np.exp(-np.abs(p))))


SIGMOID_WITH_LOSS = Exercise(
    id="ch05.SigmoidWithLoss",
    title="Sigmoid with loss, as a layer",
    kind="class",
    points=4,
    reference=nn.SigmoidWithLoss,
    accepted=(FusedSigmoid, ByLogaddexp, BySide),
    mistakes=(
        Mistake(
            "loss through p",
            ThroughP,
            "At a score of 40 the sigmoid is stored as exactly 1.0, and `np.log(1 - p)` is −inf (and 0 "
            "times that is nan). The true loss is 40: it can be had from the score without going "
            "through p.",
        ),
        Mistake(
            "added 1e-7",
            ThroughPAdded,
            "`+ 1e-7` inside the logarithm caps the loss at 16.1: a score of 1000 on the wrong side "
            "must cost 1000. Every other loss is a little wrong too.",
        ),
        Mistake(
            "limited p",
            ThroughPClipped,
            "A limit for p caps the loss: a score of 1000 on the wrong side must cost 1000. Beyond "
            "the cap the loss no longer fits the gradient.",
            recognise=only_capped(nn.SigmoidWithLoss),
        ),
        Mistake(
            "exp of the raw score",
            Softplus,
            "`np.exp(x)` overflows from x = 710 on, and the loss is inf. Only the exponential of a "
            "number that is not positive is safe.",
        ),
        Mistake(
            "two steps back",
            TwoSteps,
            "You differentiate the loss and the sigmoid one after the other. Where p is stored as 0 "
            "or 1 the first divides by 0 and the second multiplies by 0. On paper they cancel; in "
            "floats that is nan.",
        ),
        Mistake(
            "stops at the probabilities",
            StopsAtP,
            "That is the gradient with respect to p. The way back goes on through the sigmoid, down "
            "to the score.",
        ),
        Mistake(
            "slope of the sigmoid twice",
            SlopeTwice,
            "`p - t` contains the slope of the sigmoid already: it cancelled against the "
            "denominator of the loss's gradient. You multiply by p (1 − p) once more.",
        ),
        Mistake(
            "dout ignored",
            SigmoidDoutIgnored,
            "`backward(2.0)` gives the same as `backward(1.0)` in your layer. What arrives from "
            "above is multiplied in, here too.",
        ),
        Mistake(
            "gradient of the sum",
            SigmoidNotDivided,
            "The loss is a mean, but your gradient is that of the sum: the division is missing.",
        ),
        Mistake(
            "gradient divided by the rows",
            SigmoidByRows,
            "You divide by `len(p)`, the number of rows. The mean in the loss runs over all entries, "
            "which are more as soon as x has two axes.",
        ),
        Mistake(
            "sign",
            SigmoidSign,
            "Your gradient points the other way: with t = 1 a higher score lowers the loss, so dx is "
            "negative there.",
        ),
        Mistake(
            "score in place of the probability",
            SigmoidScoreForP,
            "Your gradient takes the score for the probability. What the label is compared "
            "with is what the sigmoid gave.",
        ),
        Mistake(
            "dout has no default",
            SigmoidNoDefault,
            "Nothing lies above a loss, so `backward()` is usually called without an "
            "argument; then the upstream gradient is 1. Your `dout` has no default value.",
        ),
        Mistake(
            "keeps the first batch",
            SigmoidFirstBatchKept,
            "Your layer remembers the first batch it ever saw. Each `forward` replaces what "
            "the last one kept.",
        ),
        Mistake(
            "loss divided by the rows",
            SigmoidLossByRows,
            "Your loss is divided by the number of rows. The mean runs over all entries, "
            "which are more as soon as x has two axes.",
        ),
        Mistake(
            "one loss per column",
            SigmoidLossPerColumn,
            "Your loss is a mean over axis 0 only. It is one number for all entries.",
        ),
        Mistake(
            "the largest score of all",
            SigmoidLargestOfAll,
            "`np.max(x)` is the largest score of the whole batch. `np.maximum(x, 0)` compares"
            " each score with 0.",
        ),
        Mistake(
            "1 added twice",
            SigmoidOneTwice,
            "`np.log1p(z)` adds the 1 itself. You add it once more.",
        ),
        Mistake(
            "the exponent without | |",
            SigmoidNoSize,
            "Your exponent is −x, positive for negative scores: the formula has the *size* of"
            " x there, and without it the result is wrong and overflows.",
        ),
        Mistake(
            "a positive exponent",
            SigmoidPositiveExponent,
            "Your exponent is +|x|. It is never negative, so it overflows; and the larger of "
            "x and 0 has been taken out already.",
        ),
        Mistake(
            "the maximum left out",
            SigmoidNoMaximum,
            "Taking the larger of x and 0 out of the logarithm puts it in front. Your loss "
            "leaves it away.",
        ),
        Mistake(
            "x · t added",
            SigmoidPlusXT,
            "x · t is subtracted: with t = 1 a higher score makes the loss smaller.",
        ),
        Mistake(
            "squares",
            SigmoidSquares,
            "Those are the squares of p − t. The loss here is the cross-entropy; with its "
            "gradient p − t the squares do not fit together.",
        ),
        Mistake(
            "loss summed",
            SigmoidSummed,
            "Your loss is the sum over all entries, not their mean.",
        ),
        Mistake(
            "changes the stored p",
            SigmoidStoredChanged,
            "`self.p -= …` writes into what `forward` stored, so the next `backward` starts from "
            "a wrong p. Compute the gradient in an array of its own.",
        ),
        Mistake(
            "the label left out of the loss",
            SigmoidLabelLost,
            "The label does not occur in your loss. The term x · t is missing.",
        ),
        Mistake(
            "two steps back, through a limited p",
            SigmoidThroughClippedP,
            "You divide by p (1 − p) and multiply by it again. Limiting p takes away the nan, but where "
            "a score is most wrong the gradient is 0 now, and it should be largest.",
        ),
        Mistake(
            "sign of the loss",
            SigmoidLossSign,
            "Your loss is negative. A cost is positive, and largest where the prediction is worst.",
        ),
        Mistake(
            "factor 2",
            SigmoidFactorTwo,
            "The 2 belongs to the squared error. Cross-entropy leaves p − t, without a factor.",
        ),
        Mistake(
            "probability in place of the score",
            SigmoidPForX,
            "You put the probability into a formula that is made for the *score*: the sigmoid is in it "
            "already.",
        ),
    ),
    hints=(
        "Try x = 1000 and x = -1000 with both labels. Which of your intermediate numbers is inf, which "
        "is exactly 0 or 1?",
        "The loss of one entry is log(1 + eˣ) − x·t. Take the larger of x and 0 out of the logarithm, "
        "and the exponent that is left is −|x|. Backwards, loss and sigmoid together leave p − t.",
        "The skeleton:\n"
        "    def forward(self, x, t):\n"
        "        self.p, self.t = nn.sigmoid(x), t\n"
        "        losses = np.maximum(x, 0) - … + np.log1p(…)\n"
        "        return …\n"
        "    def backward(self, dout=1.0):\n"
        "        return dout * … / …",
    ),
    probe=Probe(ch05.loss_layer),
    draw=draw_sigmoid_with_loss,
    outputs=(
        Output("loss", rtol=1e-4),
        Output("dx", "the shape of x", "one number per score"),
        Output("large-score dx", "the shape of x", "one number per score"),
    ),
    remark="A score of 1000 on the wrong side costs 1000, and its gradient is as well-behaved as any.",
)

# --- mean squared error -----------------------------------------------------------------------


def draw_mean_squared_error(rng: np.random.Generator) -> Iterator[Case]:
    for shape, note in (
        ((4, 3), ""),
        ((5, 1), "one number per sample"),
        ((1, 3), "a batch of one"),
        ((6,), "one axis only"),
    ):
        yield Case({"y": rng.normal(0, 2, shape), "t": rng.normal(0, 2, shape)}, note)
    y, t = rng.normal(0, 2, (2, 3)), rng.normal(0, 2, (2, 3))
    yield Case({"y": y.astype(np.float32), "t": t.astype(np.float32)}, "float32")


def mse(y, t):
    return ((y - t) ** 2).mean(), 2 * (y - t) / y.size


def mse_loop(y, t):
    loss, dy = 0.0, np.zeros(y.shape)
    for i in np.ndindex(y.shape):
        loss += (y[i] - t[i]) ** 2
        dy[i] = 2 * (y[i] - t[i]) / y.size
    return loss / y.size, dy


def mse_by_dot_product(y, t):
    difference = (y - t).ravel()
    return difference @ difference / len(difference), (difference / (len(difference) / 2)).reshape(
        y.shape
    )


def mse_in_place(y, t):
    y -= t
    return (y**2).mean(), 2 * y / y.size


def mse_of_two_axes(y, t):
    rows, columns = y.shape
    return ((y - t) ** 2).sum() / (rows * columns), 2 * (y - t) / (rows * columns)


def wants_two_axes(cases, seen):
    """Recognise an answer that stops at an array with a single axis."""
    return any(
        case.inputs["y"].ndim == 1
        and one.failure is not None
        and ("tuple index out of range" in one.failure.message or "unpack" in one.failure.message)
        for case, one in zip(cases, seen)
    )


MEAN_SQUARED_ERROR = Exercise(
    id="ch05.mean_squared_error",
    title="Mean squared error and its gradient",
    kind="function",
    points=2,
    reference=nn.mean_squared_error,
    accepted=(mse, mse_loop, mse_by_dot_product),
    mistakes=(
        Mistake(
            "gradient divided by the batch only",
            lambda y, t: (mse(y, t)[0], 2 * (y - t) / len(y)),
            "Your loss is a mean over all N · M entries, but the gradient is divided by N only. Loss "
            "and gradient have to use the same mean.",
        ),
        Mistake(
            "loss and gradient divided by the batch only",
            lambda y, t: (((y - t) ** 2).sum() / len(y), 2 * (y - t) / len(y)),
            "You add the squares of a row and average over the samples. That is a sound loss, but "
            "not this one: here the mean runs over all entries.",
        ),
        Mistake(
            "gradient of the sum",
            lambda y, t: (mse(y, t)[0], 2 * (y - t)),
            "The loss is a mean, but your gradient is that of the sum: the division is missing.",
        ),
        Mistake(
            "sum of squares",
            lambda y, t: (((y - t) ** 2).sum(), 2 * (y - t)),
            "That is the sum of the squares with its gradient. Both grow with the batch; a mean does not.",
        ),
        Mistake(
            "factor 2 lost",
            lambda y, t: (mse(y, t)[0], (y - t) / y.size),
            "The exponent 2 comes down when you differentiate, and it is missing. `y - t` alone belongs to "
            "the loss with ½ in front.",
        ),
        Mistake(
            "half the loss",
            lambda y, t: (mse(y, t)[0] / 2, mse(y, t)[1]),
            "Your loss has ½ in front and your gradient belongs to the loss without it. They have to "
            "fit each other.",
        ),
        Mistake(
            "half the loss, with its gradient",
            lambda y, t: (mse(y, t)[0] / 2, mse(y, t)[1] / 2),
            "Loss and gradient fit each other, but both belong to the loss with ½ in front. Here "
            "there is no ½.",
        ),
        Mistake(
            "sign",
            lambda y, t: (mse(y, t)[0], 2 * (t - y) / y.size),
            "Your gradient points towards the target. It has to point where the loss *grows*: away "
            "from it.",
        ),
        Mistake(
            "root of the mean",
            lambda y, t: (np.sqrt(mse(y, t)[0]), mse(y, t)[1]),
            "You take the root of the mean. That is another loss, with another gradient.",
        ),
        Mistake(
            "absolute differences",
            lambda y, t: (np.abs(y - t).mean(), np.sign(y - t) / y.size),
            "You average absolute differences. Squares weigh large errors more, and their gradient "
            "is proportional to the error.",
        ),
        Mistake(
            "one loss per sample",
            lambda y, t: (((y - t) ** 2).mean(axis=-1), mse(y, t)[1]),
            "You average over the last axis only. The loss is one number for the whole batch.",
        ),
        Mistake(
            "gradient of half the sum",
            lambda y, t: (mse(y, t)[0], y - t),
            "`y - t` is the gradient of half the *sum* of the squares. The loss is their "
            "mean, without a half.",
        ),
        Mistake(
            "squares in the gradient",
            lambda y, t: (mse(y, t)[0], 2 * (y - t) ** 2 / y.size),
            "The square is still in your gradient. Differentiated, it becomes the difference "
            "itself, times 2.",
        ),
        Mistake(
            "gradient averaged to one number",
            lambda y, t: (mse(y, t)[0], np.mean(2 * (y - t))),
            "You average the gradient to one number. Every prediction has a derivative of its own.",
        ),
        Mistake(
            "gradient divided by the columns",
            lambda y, t: (mse(y, t)[0], 2 * (y - t) / y.shape[-1]),
            "The gradient is divided by the last size alone. The loss is a mean over all entries.",
        ),
        Mistake(
            "averaged before the square",
            lambda y, t: (np.mean(y - t) ** 2, mse(y, t)[1]),
            "You average the differences and square the mean. Errors of opposite sign cancel "
            "in it; squares do not.",
        ),
        Mistake(
            "difference of the squares",
            lambda y, t: (np.mean(y**2 - t**2), mse(y, t)[1]),
            "That is the difference of the squares. The difference comes first, then the square.",
        ),
        Mistake(
            "one loss per column",
            lambda y, t: (((y - t) ** 2).mean(axis=0), mse(y, t)[1]),
            "You average over the first axis only. The loss is one number for the whole batch.",
        ),
        Mistake(
            "order swapped",
            lambda y, t: mse(y, t)[::-1],
            "Loss and gradient have changed places: the function returns `loss, dy`.",
        ),
        Mistake(
            "changes its input",
            mse_in_place,
            "`y -= t` overwrites the predictions of the caller. Keep the difference in an array of "
            "your own.",
        ),
        Mistake(
            "two axes wanted",
            mse_of_two_axes,
            "You ask for the number of columns, and `y` may have a single axis. An array knows how many "
            "entries it has in all.",
            recognise=wants_two_axes,
        ),
        Mistake(
            "always four entries",
            lambda y, t: (mse(y, t)[0], 2 * (y - t) / 4),
            "You divide by 4, whatever comes. That was the table's example; ask the array how many "
            "entries it has.",
        ),
    ),
    hints=(
        "How many squares are added up, and by what is their sum divided? The gradient needs the same "
        "number.",
        "Differentiate (y − t)² with respect to a single y: outer derivative times inner derivative. "
        "The mean puts its divisor in front.",
        "The skeleton:\n"
        "    def mean_squared_error(y, t):\n"
        "        difference = …\n"
        "        loss = …                        # one number\n"
        "        dy = … * difference / …         # the shape of y\n"
        "        return loss, dy",
    ),
    probe=Probe(call, {"returns": ("loss", "dy")}),
    draw=draw_mean_squared_error,
    outputs=(Output("dy", "the shape of y", "one number per prediction"),),
    remark="Loss and gradient use the same mean: a check with one number per sample would not have told.",
)

# --- find and fix: when numbers run out -------------------------------------------------------


def draw_stability_fix(rng: np.random.Generator) -> Iterator[Case]:
    yield Case({"x": rng.normal(0, 2, (4, 3))})
    yield Case({"x": rng.normal(0, 2, (3, 3))}, "as many samples as classes")
    yield Case({"x": rng.normal(0, 2, (1, 5))}, "a batch of one")
    yield Case({"x": rng.normal(0, 2, (2, 4)).astype(np.float32)}, "float32")
    yield Case({"x": np.array([[0.0, 20.0]])}, "scores 0 and 20")
    large = rng.normal(0, 2, (3, 4)) + np.array([[1000.0], [-1000.0], [0.0]])
    large[2, 1] = 2000.0
    yield Case({"x": large}, "scores around 1000 in one row, around -1000 in another")


def log_of_naive_softmax(x):
    """Return what the notebook's given function returns."""
    e = np.exp(x)
    y = e / e.sum(axis=1, keepdims=True)
    return np.log(y + 1e-7)


def log_softmax_by_rows(x):
    rows = []
    for row in x:
        top = max(row)
        rows.append([score - top - np.log(sum(np.exp(row - top))) for score in row])
    return np.array(rows)


def one_shift(x):
    shifted = x - x.max()
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def shift_not_added_back(x):
    top = x.max(axis=1, keepdims=True)
    return x - np.log(np.exp(x - top).sum(axis=1, keepdims=True))


def sum_over_everything(x):
    shifted = x - x.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum())


def axis_lost(x):
    shifted = x - x.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1))


def shifted_in_place(x):
    x -= x.max(axis=1, keepdims=True)
    return x - np.log(np.exp(x).sum(axis=1, keepdims=True))


def over_the_batch(x):
    return log_softmax(x.T).T


def scores_clipped(x):
    return log_softmax(np.clip(x, -700, 700))


STABILITY_FIX = Exercise(
    id="ch05.stability_fix",
    title="Find and fix: overflow and log(0)",
    kind="debug",
    points=2,
    reference=log_softmax,
    accepted=(
        log_softmax_by_rows,
        lambda x: x - np.logaddexp.reduce(x, axis=1, keepdims=True),
        lambda x: (x.T - x.max(1) - np.log(np.exp(x.T - x.max(1)).sum(0))).T,
    ),
    mistakes=(
        Mistake(
            "still the given code",
            log_of_naive_softmax,
            "This behaves as the given function does: it overflows for large scores, and `+ 1e-7` "
            "inside the logarithm makes every result a little wrong and small probabilities very wrong.",
        ),
        Mistake(
            "shifted, but still + 1e-7",
            lambda x: np.log(nn.softmax(x) + 1e-7),
            "The overflow is gone. `+ 1e-7` is still there: no logarithm can fall below −16.1, and "
            "for the scores 0 and 20 it has to.",
        ),
        Mistake(
            "shifted, then the bare logarithm",
            lambda x: np.log(nn.softmax(x)),
            "The overflow is gone and so is `+ 1e-7`. But a probability that is too small for a "
            "float is stored as 0, and its logarithm is −inf. Do not go through the probability.",
        ),
        Mistake(
            "limited the probability",
            lambda x: np.log(np.maximum(nn.softmax(x), np.finfo(x.dtype).tiny)),
            "The smallest float that you put in place of 0 has the logarithm −708. The true one, for "
            "scores 0 and 2000, is −2000. The limit hides the fault; it does not mend it.",
        ),
        Mistake(
            "limited the probability at 1e-7",
            lambda x: np.log(np.clip(nn.softmax(x), 1e-7, 1)),
            "No logarithm can fall below −16.1 with this limit, and for the scores 0 and 20 it has to. "
            "The limit hides the fault; it does not mend it.",
        ),
        Mistake(
            "only the + 1e-7 taken out",
            lambda x: np.log(np.exp(x) / np.exp(x).sum(axis=1, keepdims=True)),
            "`+ 1e-7` is gone, but the exponentials of raw scores still overflow, and small "
            "probabilities still become log(0).",
        ),
        Mistake(
            "no quotient, but no shift",
            lambda x: x - np.log(np.exp(x).sum(axis=1, keepdims=True)),
            "No probability is computed any more, which removes log(0) for moderate scores. But "
            "`np.exp` still gets the raw scores, and overflows from 710 on.",
        ),
        Mistake(
            "limited the probability at 1e-12",
            lambda x: np.log(np.clip(nn.softmax(x), 1e-12, 1)),
            "No logarithm can fall below −27.6 with this limit. For the scores 0 and 1000 it "
            "has to. The limit hides the fault; it does not mend it.",
        ),
        Mistake(
            "a small number in the sum",
            lambda x: (
                (z := x - x.max(axis=1, keepdims=True))
                - np.log(np.exp(z).sum(axis=1, keepdims=True) + 1e-7)
            ),
            "The sum is at least 1 after the shift, so its logarithm needs no protection. "
            "What you add there makes every result a little wrong.",
        ),
        Mistake(
            "the logarithm added",
            lambda x: (
                (z := x - x.max(axis=1, keepdims=True))
                + np.log(np.exp(z).sum(axis=1, keepdims=True))
            ),
            "The logarithm of a quotient is a *difference*: numerator minus denominator.",
        ),
        Mistake(
            "divided by the logarithm",
            lambda x: (
                (z := x - x.max(axis=1, keepdims=True))
                / np.log(np.exp(z).sum(axis=1, keepdims=True))
            ),
            "The logarithm of a quotient is a difference of logarithms. You divide one by the"
            " other.",
        ),
        Mistake(
            "the shifted scores alone",
            lambda x: x - x.max(axis=1, keepdims=True),
            "Those are the shifted scores: the logarithm of the numerator. That of the "
            "denominator is missing.",
        ),
        Mistake(
            "the probabilities",
            nn.softmax,
            "Those are the probabilities. Their logarithms are asked for.",
        ),
        Mistake(
            "sign",
            lambda x: -log_softmax(x),
            "Those are the losses. A logarithm of a probability is negative.",
        ),
        Mistake(
            "nan replaced",
            lambda x: np.nan_to_num(np.log(nn.softmax(x))),
            "Replacing what is not finite by another number hides where the probability was "
            "lost; the right value is an ordinary number.",
        ),
        Mistake(
            "over the batch",
            over_the_batch,
            "Your maximum and sum run down the columns, over the samples. The classes of one "
            "sample lie along a row.",
        ),
        Mistake(
            "changes its input",
            shifted_in_place,
            "`x -= …` writes into the caller's scores. Keep the shifted ones in an array of "
            "your own.",
        ),
        Mistake(
            "one maximum for the whole array",
            one_shift,
            "You subtract the largest score of the whole batch. In a row far below it all "
            "exponentials are 0, and so is their sum.",
        ),
        Mistake(
            "the shift not undone",
            shift_not_added_back,
            "Inside the sum the scores are shifted, outside they are not. The two parts no longer "
            "belong to the same scores: every row is off by its maximum.",
        ),
        Mistake(
            "one sum for the whole array",
            sum_over_everything,
            "The sum runs over the whole batch. Every row has a sum of its own.",
        ),
        Mistake(
            "the sum lost its axis",
            axis_lost,
            "The sums have shape (N,), and broadcasting lays them along the columns: an error if "
            "N ≠ C, and silently other samples' sums if N = C.",
        ),
        Mistake(
            "clipped the scores",
            scores_clipped,
            "Clipping the scores to ±700 prevents the overflow and changes the problem: all scores "
            "beyond the limit look alike. A shift keeps the distances.",
        ),
        Mistake(
            "the sum not shifted",
            lambda x: (
                x - x.max(axis=1, keepdims=True) - np.log(np.exp(x).sum(axis=1, keepdims=True))
            ),
            "The score is shifted and the sum is not: the two have to be shifted alike, and the bare "
            "exponential overflows.",
        ),
        Mistake(
            "the shift added to the score",
            lambda x: (
                x
                + x.max(axis=1, keepdims=True)
                - np.log(np.exp(x - x.max(axis=1, keepdims=True)).sum(axis=1, keepdims=True))
            ),
            "You add the maximum to the score and subtract it in the sum. The two have to be shifted "
            "alike.",
        ),
        Mistake(
            "log lost",
            lambda x: (
                x
                - x.max(axis=1, keepdims=True)
                - np.exp(x - x.max(axis=1, keepdims=True)).sum(axis=1, keepdims=True)
            ),
            "You subtract the sum itself. It is the denominator's *logarithm* that is subtracted.",
        ),
        Mistake(
            "the smallest score subtracted",
            lambda x: (
                x
                - x.min(axis=1, keepdims=True)
                - np.log(np.exp(x - x.min(axis=1, keepdims=True)).sum(axis=1, keepdims=True))
            ),
            "What you subtract is not the *largest* score of the row, so an exponent can still be "
            "large and positive, and overflow.",
        ),
        Mistake(
            "limited the probability at 1e-300",
            lambda x: np.log(nn.softmax(x) + 1e-300),
            "The smallest logarithm you can get is −691. A limit only moves the fault: the quotient has "
            "lost the number already.",
        ),
    ),
    hints=(
        "Run the given function on `[[0.0, 20.0]]` and on `[[0.0, 1000.0]]`, print `e` and `y` on the "
        "way, and see at which line each of the two results is lost.",
        "A logarithm of a quotient is a difference of logarithms, and the logarithm of an exponential "
        "is what stood in the exponent. What remains is the logarithm of a sum, and the shift keeps "
        "that one safe.",
        "The skeleton:\n"
        "    def log_probabilities(x):\n"
        "        shifted = x - …\n"
        "        total = …                       # (N, 1), never below 1\n"
        "        return shifted - …",
    ),
    probe=Probe(ch05.scores, {"returns": ("log_y",)}),
    draw=draw_stability_fix,
    outputs=(
        Output("log_y", "(N, C)", "one logarithm per class, for every sample", rtol=1e-4),
        Output("large-score log_y", "(N, C)", "one logarithm per class, for every sample"),
    ),
    remark="No probability occurs any more, so none can be too small for a float.",
)

EXERCISES = (
    SOFTMAX,
    CROSS_ENTROPY,
    GRAPH_BACKWARD,
    SOFTMAX_BACKWARD,
    SOFTMAX_WITH_LOSS,
    BATCH_FIX,
    BINARY_CROSS_ENTROPY,
    SIGMOID_WITH_LOSS,
    MEAN_SQUARED_ERROR,
    STABILITY_FIX,
)
