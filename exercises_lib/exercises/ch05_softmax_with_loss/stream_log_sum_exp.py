"""ch05.stream_log_sum_exp: the logarithm of a sum of exponentials, in one pass over a stream."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from exercises_lib.checking import Case, Exercise, Output, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.probes import ch05


def stream_log_sum_exp(chunks):
    m, S = -np.inf, 0.0
    for chunk in chunks:
        new = np.maximum(m, chunk.max(axis=1))
        S = S * np.exp(m - new) + np.exp(chunk - new[:, None]).sum(axis=1)
        m = new
    return m + np.log(S)


def by_logaddexp(chunks):
    total = -np.inf
    for chunk in chunks:
        total = np.logaddexp(total, np.logaddexp.reduce(chunk, axis=1))
    return total


def score_by_score(chunks):
    running = None
    for chunk in chunks:
        running = running or [(-math.inf, 0.0)] * len(chunk)
        for n, row in enumerate(chunk):
            for score in map(float, row):
                m, S = running[n]
                if score > m:
                    running[n] = (score, S * math.exp(m - score) + 1)
                else:
                    running[n] = (m, S + math.exp(score - m))
    return np.array([m + math.log(S) for m, S in running])


def draw_streams(rng: np.random.Generator) -> Iterator[Case]:
    yield Case({"scores": np.array([[1.0, 3.0, 2.0]]), "width": 1}, "the scores of the text")
    scores = rng.normal(0, 2, (3, 8))
    yield Case({"scores": scores, "width": 3}, "three rows, in pieces of 3, 3 and 2")
    yield Case({"scores": np.sort(scores), "width": 2}, "the largest come last")
    yield Case({"scores": -np.sort(-scores), "width": 2}, "the largest come first")
    yield Case({"scores": scores[:2] + [[1000.0], [-1000.0]], "width": 2}, "scores near ±1000")
    yield Case({"scores": scores[:1] - 1000, "width": 3}, "one row, near −1000")
    falling = np.array([[1000.0, 1.0, 0.0, -1000.0]])
    yield Case({"scores": falling, "width": 1}, "one row, from 1000 down to −1000")
    yield Case({"scores": scores[:2], "width": 8}, "a single piece")


wrong = Mistakes(stream_log_sum_exp)

wrong.swap("sum not carried over", "S * np.exp(m - new) + np", "S + np").says("""The sum so far was
    taken relative to the old maximum. When the maximum changes, the old sum has to be brought to
    the new one before anything is added.""")

wrong.swap("carried over the wrong way", "np.exp(m - new)", "np.exp(new - m)").says("""You enlarge
    the old sum when a larger maximum comes. Relative to a larger maximum it is *smaller*.""")

wrong.swap(
    "maximum of the piece only", "np.maximum(m, chunk.max(axis=1))", "chunk.max(axis=1)"
).says("""
    You take the largest score of the piece alone. Where an earlier piece had a larger one, the
    exponent of the old sum is positive and may overflow.""")

wrong.swap("maximum starts at 0", "m, S = -np.inf, 0.0", "m, S = 0.0, 0.0").says("""Your maximum
    begins at 0. Where all scores are very negative it stays there, every exponential becomes 0, and
    so does the sum.""")

wrong.swap("maximum not added back", "return m + np.log(S)", "return np.log(S)").says("""You return
    the logarithm of the shifted sum. The shift has to be undone at the end.""")

wrong.swap(
    "one maximum for all rows", "chunk.max(axis=1)", "np.repeat(chunk.max(), len(chunk))"
).says("""
    One maximum serves all rows. Beside a row near 1000, every exponential of a row near −1000 is
    0.""")


def never_shifted(chunks):
    S = 0.0
    for chunk in chunks:
        S = S + np.exp(chunk).sum(axis=1)
    return np.log(S)


wrong.answer("never shifted", never_shifted).says("""The exponentials are added as they are. At
    scores near 1000 they overflow, near −1000 they vanish.""")


def kept_as_a_list(chunks):
    scores = np.concatenate(list(chunks), axis=1)
    m = scores.max(axis=1)
    return m + np.log(np.exp(scores - m[:, None]).sum(axis=1))


def is_list(cases, seen) -> bool:
    """Recognise what comes out if every piece is the last one."""
    found = [one.values.get("result") for one in seen]
    if len(found) != len(cases) or not all(isinstance(one, np.ndarray) for one in found):
        return False
    return all(
        np.allclose(got, kept_as_a_list(ch05.pieces(**case.inputs)), equal_nan=True)
        for case, got in zip(cases, found, strict=True)
    )


wrong.answer("pieces collected first", kept_as_a_list).says(
    """You collect the pieces and compute afterwards. The stream writes every piece into the same
    array, so that at the end you hold the last one several times. Use each piece when it comes.""",
    recognise=is_list,
)

wrong.swap(
    "first piece twice",
    "m, S = -np.inf, 0.0",
    """
    first = next(chunks)
    m = first.max(axis=1)
    S = 2 * np.exp(first - m[:, None]).sum(axis=1)
""",
).says("""The first piece is counted twice. Begin with a sum of 0.""")


EXERCISE = Exercise(
    id="ch05.stream_log_sum_exp",
    title="Softmax in one pass",
    kind="function",
    points=0,
    difficulty=3,
    reference=stream_log_sum_exp,
    accepted=(by_logaddexp, score_by_score),
    mistakes=wrong.all,
    hints=(
        "Keep two numbers for each row: the largest score so far, and the sum of exponentials "
        "relative to it. What becomes of the sum when a larger score comes?",
        "A sum relative to m becomes one relative to m' by the factor exp(m − m'), which is never "
        "above 1 as the maximum only grows. Before the first piece the maximum is −∞ and the sum 0.",
        "The skeleton:\n    m, S = …, 0.0\n    for chunk in chunks:\n"
        "        new = …                   # largest so far, one for each row\n"
        "        S = S * … + …\n        m = new\n    return …",
    ),
    probe=Probe(ch05.stream),
    draw=draw_streams,
    outputs=(Output("result", "(N,)", "one number per row"),),
    remark="With this number for each row, every probability is exp(score − it). Attention over long "
    "texts is computed so, piece by piece, without ever holding a whole row.",
)
