"""ch05.binary_cross_entropy: binary cross-entropy and its gradient."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from exercises_lib import nn
from exercises_lib.checking import Case, Exercise, Mistake, Output, Probe
from exercises_lib.checking.serialize import is_number
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.probes import ch05


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
    p, t = np.array([2e-6, 0.3, 1 - 2e-6]), np.array([1.0, 0.0, 0.0])
    yield Case({"p": p, "t": t}, "wrong and nearly certain: 2e-6 for yes, and for no")
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


wrong = Mistakes(bce)


def bce_unclipped(p, t):
    loss = -(t * np.log(p) + (1 - t) * np.log(1 - p)).mean()
    return loss, (-t / p + (1 - t) / (1 - p)) / p.size


wrong.swap("not limited", "p = np.clip(p, 1e-7, 1 - 1e-7)", "").says("""
    At p = 0 and p = 1 a logarithm and a denominator become 0: the loss ends as inf or as 0 ·
    (−inf), which is nan, and the gradient as a division by 0.""")

wrong.swap(
    "only the loss limited",
    ("right = np.maximum(np.where(t == 1, p, 1 - p), 1e-12)", "loss, _ = bce(p, t)"),
    (
        "return -np.log(right).mean(), np.where(t == 1, -1.0, 1.0) / right / right.size",
        "return loss, (-t / p + (1 - t) / (1 - p)) / p.size",
    ),
    of=bce_of_the_right_answer,
).says("The loss is safe, but the gradient still divides by the raw p and 1 − p, which can be 0.")

wrong.swap("limit too fine", "1e-7, 1 - 1e-7", "1e-20, 1 - 1e-20").says("""
    `1 - 1e-20` is stored as exactly 1.0, because floats near 1 are 1.1e-16 apart and wider. So at p
    = 1 your limit does nothing.""")

wrong.swap(
    "added instead of limited",
    ("right = np.maximum(np.where(t == 1, p, 1 - p), 1e-12)", "a, b = p + 1e-7, 1 - p + 1e-7"),
    (
        "return -np.log(right).mean(), np.where(t == 1, -1.0, 1.0) / right / right.size",
        "return -(t * np.log(a) + (1 - t) * np.log(b)).mean(), (-t / a + (1 - t) / b) / p.size",
    ),
    of=bce_of_the_right_answer,
).says("""Adding 1e-7 changes *every* logarithm, and the gradient with it: at p = 1e-4 by a
    thousandth. A limit leaves the p inside it as they are.""")

wrong.swap(
    "a little added",
    ("right = np.maximum(np.where(t == 1, p, 1 - p), 1e-12)", "a, b = p + 1e-9, 1 - p + 1e-9"),
    (
        "return -np.log(right).mean(), np.where(t == 1, -1.0, 1.0) / right / right.size",
        "return -(t * np.log(a) + (1 - t) * np.log(b)).mean(), (-t / a + (1 - t) / b) / p.size",
    ),
    of=bce_of_the_right_answer,
).says("""Adding 1e-9 changes *every* logarithm, and the gradient with it: at p = 2e-6 by a
    two-thousandth. A limit leaves the p inside it as they are.""")

wrong.swap(
    "gradient 0 at the limits",
    "return loss, (-t / p + (1 - t) / (1 - p)) / p.size",
    """
    loss, dp = loss, (-t / p + (1 - t) / (1 - p)) / p.size
    return loss, np.where((p > 1e-7) & (p < 1 - 1e-7), dp, 0.0)""",
).says("""Your gradient is 0 where p is 0 or 1. That is where a wrong prediction is worst, and the
    network would learn nothing from it.""")

wrong.swap(
    "only one of the two terms",
    """
    loss = -(t * np.log(p) + (1 - t) * np.log(1 - p)).mean()
    return loss, (-t / p + (1 - t) / (1 - p)) / p.size""",
    "return -(t * np.log(p)).mean(), -t / p / p.size",
).says("""You count the samples with t = 1 only. A sample with t = 0 costs something too: the more,
    the higher p is.""")

wrong.answer("sign of the gradient", lambda p, t: (bce(p, t)[0], -bce(p, t)[1])).says("""
    The sign of your gradient is wrong. With t = 1 a larger p makes the loss smaller, so dp is
    negative there.""")

wrong.answer("sign of the loss", lambda p, t: (-bce(p, t)[0], bce(p, t)[1])).says("""
    Logarithms of probabilities are negative, and so is your loss. It would be smallest where the
    prediction is worst.""")

wrong.answer(
    "one loss per entry",
    lambda p, t: (
        -(t * np.log(np.clip(p, 1e-7, 1)) + (1 - t) * np.log(np.clip(1 - p, 1e-7, 1))),
        bce(p, t)[1],
    ),
).says("These are the losses of the single entries. The loss is their mean, one number.")

wrong.answer("order swapped", lambda p, t: bce(p, t)[::-1]).says("""
    Loss and gradient have changed places: the function returns `loss, dp`.""")

wrong.answer("labels turned round", lambda p, t: bce(p, 1 - t)).says("""You charge for the answer
    that is right: with t = 1 it is the logarithm of p that counts, with t = 0 that of 1 − p.""")

wrong.swap(
    "nan replaced",
    ("right = np.maximum(np.where(t == 1, p, 1 - p), 1e-12)", "loss, dp = bce_unclipped(p, t)"),
    (
        "return -np.log(right).mean(), np.where(t == 1, -1.0, 1.0) / right / right.size",
        "return np.nan_to_num(loss), np.nan_to_num(dp)",
    ),
    of=bce_of_the_right_answer,
).says("""Replacing what is not finite by another number hides the fault: a prediction that is
    certain must cost 0 if it is right, and a lot if it is wrong. The place to act is p.""")

wrong.swap(
    "changes p",
    "p = np.clip(p, 1e-7, 1 - 1e-7)",
    "np.clip(p, 1e-7, 1 - 1e-7, out=p)\np = np.clip(p, 1e-7, 1 - 1e-7)",
).says("You limit the caller's `p` itself. Keep the limited probabilities in an array of your own.")

wrong.answer("both terms negative", lambda p, t: (bce(p, t)[0], -np.abs(bce(p, t)[1]))).says("""
    Your gradient is negative for both labels. log(1 − p) falls as p grows: its inner derivative is
    −1.""")

wrong.answer("gradient of the sum", lambda p, t: (bce(p, t)[0], bce(p, t)[1] * p.size)).says("""
    The loss is a mean, but your gradient is that of the sum: the division is missing.""")

wrong.answer(
    "gradient divided by the rows", lambda p, t: (bce(p, t)[0], bce(p, t)[1] * p.size / len(p))
).says("""The gradient is divided by `len(p)`, the number of rows. The mean in the loss runs over
    all entries, which are more as soon as p has two axes.""")

wrong.answer("loss summed", lambda p, t: (bce(p, t)[0] * p.size, bce(p, t)[1])).says("""
    The loss is the sum over all entries, not their mean.""")

wrong.answer("the gradient of the score", lambda p, t: (bce(p, t)[0], (p - t) / p.size)).says("""
    `p - t` is the gradient with respect to the *score*, with the sigmoid already gone through. Here
    p itself is the input.""")


def bce_wide_limit(eps):
    def wrong(p, t):
        p = np.clip(p, eps, 1 - eps)
        loss = -(t * np.log(p) + (1 - t) * np.log(1 - p)).mean()
        return loss, (-t / p + (1 - t) / (1 - p)) / p.size

    return wrong


wrong.extend(
    Mistake(
        f"limit of {eps:g}",
        bce_wide_limit(eps),
        "Your limit lies too far in: probabilities that still count are changed, and certain "
        "mistakes cost too little.",
    )
    for eps in (1e-2, 1e-3, 1e-4, 1e-5)
)

wrong.answer("sigmoid once more", lambda p, t: bce(nn.sigmoid(p), t)).says("""
    `p` is a probability already; the sigmoid belongs to the layer before.""")

wrong.answer("mean squared error", lambda p, t: (((p - t) ** 2).mean(), 2 * (p - t) / p.size)).says(
    "That is the mean squared error. Cross-entropy is made of logarithms."
)

EXERCISE = Exercise(
    id="ch05.binary_cross_entropy",
    title="Binary cross-entropy and its gradient",
    kind="function",
    points=3,
    difficulty=2,
    reference=nn.binary_cross_entropy,
    accepted=(bce, bce_of_the_right_answer, bce_loop),
    mistakes=wrong.all,
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
