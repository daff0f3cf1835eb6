"""ch09.batch_norm_graph: batch normalisation backward, node by node."""

from __future__ import annotations

import numpy as np

from exercises_lib.checking import Exercise, Output, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.exercises.ch09_better_training._norm import draw_nodes
from exercises_lib.probes.ch02 import stages

NAMES = (
    "dgamma", "dbeta", "dx_hat", "dinverse", "droot", "dvar", "dsquare", "dcentred", "dmean", "dx",
)  # fmt: skip


def batch_norm_graph(dout, nodes):
    gamma, centred, root = nodes["gamma"], nodes["centred"], nodes["root"]
    dbeta = dout.sum(axis=0)
    dgamma = (dout * nodes["x_hat"]).sum(axis=0)
    dx_hat = dout * gamma
    dinverse = (dx_hat * centred).sum(axis=0)
    droot = -dinverse / root**2
    dvar = droot / (2 * root)
    dsquare = np.ones_like(dout) * dvar / len(dout)
    dcentred = dx_hat * nodes["inverse"] + dsquare * 2 * centred
    dmean = -dcentred.sum(axis=0)
    dx = dcentred + dmean / len(dout)
    return {
        "dgamma": dgamma, "dbeta": dbeta, "dx_hat": dx_hat, "dinverse": dinverse, "droot": droot,
        "dvar": dvar, "dsquare": dsquare, "dcentred": dcentred, "dmean": dmean, "dx": dx,
    }  # fmt: skip


def by_einsum(dout, nodes):
    """Each sum over the samples as a product with ones."""
    n, inverse = len(dout), 1 / nodes["root"]
    found = {"dbeta": np.ones(n) @ dout, "dgamma": np.einsum("nm,nm->m", dout, nodes["x_hat"])}
    found["dx_hat"] = nodes["gamma"] * dout
    found["dinverse"] = np.einsum("nm,nm->m", found["dx_hat"], nodes["centred"])
    found["droot"] = -found["dinverse"] * inverse * inverse
    found["dvar"] = 0.5 * inverse * found["droot"]
    found["dsquare"] = np.tile(found["dvar"] / n, (n, 1))
    found["dcentred"] = found["dx_hat"] * inverse + 2 * nodes["centred"] * found["dsquare"]
    found["dmean"] = -np.ones(n) @ found["dcentred"]
    found["dx"] = found["dcentred"] + np.tile(found["dmean"] / n, (n, 1))
    return found


def by_columns(dout, nodes):
    """One feature at a time, sample by sample."""
    n, m = dout.shape
    found = {name: np.zeros(m) for name in NAMES}
    for name in ("dx_hat", "dsquare", "dcentred", "dx"):
        found[name] = np.zeros((n, m))
    for j in range(m):
        root, c = nodes["root"][j], nodes["centred"][:, j]
        for i in range(n):
            found["dbeta"][j] += dout[i, j]
            found["dgamma"][j] += dout[i, j] * nodes["x_hat"][i, j]
            found["dx_hat"][i, j] = dout[i, j] * nodes["gamma"][j]
            found["dinverse"][j] += found["dx_hat"][i, j] * c[i]
        found["droot"][j] = -found["dinverse"][j] / root**2
        found["dvar"][j] = found["droot"][j] / root / 2
        for i in range(n):
            found["dsquare"][i, j] = found["dvar"][j] / n
            found["dcentred"][i, j] = found["dx_hat"][i, j] / root + 2 * c[i] * found["dvar"][j] / n
            found["dmean"][j] -= found["dcentred"][i, j]
        found["dx"][:, j] = found["dcentred"][:, j] + found["dmean"][j] / n
    return found


OUTPUTS = tuple(
    Output(name, "(N, M)", "the shape of x")
    if name in ("dx_hat", "dsquare", "dcentred", "dx")
    else Output(name, "(M,)", "one number per feature")
    for name in NAMES
)

wrong = Mistakes(batch_norm_graph)

wrong.swap(
    "the square's branch forgotten", 'nodes["inverse"] + dsquare * 2 * centred', 'nodes["inverse"]'
).says("""`centred` is used twice: in the product with `inverse`, and in its own square. Your
    `dcentred` has the first use only.""")
wrong.swap(
    "the product's branch forgotten",
    'dx_hat * nodes["inverse"] + dsquare * 2 * centred',
    "dsquare * 2 * centred",
).says("""`centred` is used twice: in its own square, and in the product with `inverse`. Your
    `dcentred` has the first use only.""")
wrong.swap("the mean's branch forgotten", "dcentred + dmean / len(dout)", "dcentred").says("""
    `x` is used twice: in `x − mean`, and in the mean itself. Your `dx` has the first use only.""")
wrong.swap("sign of the mean lost", "-dcentred.sum(axis=0)", "dcentred.sum(axis=0)").says("""
    The mean is *subtracted*: what arrives there is the negative of what arrives at `centred`, added
    up over the samples.""")
wrong.swap("mean not divided", "dmean / len(dout)", "dmean").says("""
    A mean over N samples gives each of them 1/N. Your `dx` takes the whole of `dmean`.""")
wrong.swap("variance not divided", " * dvar / len(dout)", " * dvar").says("""
    The variance is the mean of the squares, so each square gets 1/N of `dvar`.""")
wrong.swap("sign of the reciprocal lost", "-dinverse / root**2", "dinverse / root**2").says("""
    The reciprocal falls where the root rises: its slope is −1/root².""")
wrong.swap("slope of the reciprocal", "-dinverse / root**2", "-dinverse / root").says("""
    The slope of 1/root is −1/root². You divide once.""")
wrong.swap("slope of the root", "droot / (2 * root)", "droot / root").says("""
    The slope of √v is 1 / (2√v). The 2 is lost.""")
wrong.swap("root multiplied", "droot / (2 * root)", "droot * 2 * root").says("""
    That is the slope of a square. Going backward through a root you divide by 2 · root.""")
wrong.swap("slope of the square", "dsquare * 2 * centred", "dsquare * centred").says("""
    The slope of a square is twice its input. The 2 is lost.""")
wrong.swap("gamma forgotten", "dout * gamma", "dout").says("""Between `x_hat` and the output stands
    a multiplication by γ. What arrives at `x_hat` is `dout` times γ.""")
wrong.swap("dgamma from the centred", '(dout * nodes["x_hat"])', "(dout * centred)").says("""
    γ multiplies `x_hat`, not `centred`: that is the other factor in its gradient.""")
wrong.swap("dgamma from dx_hat", "(dout * nodes", "(dout * gamma * nodes").says("""
    What arrives at the multiplication by γ is `dout` itself. You multiply it by γ first.""")
wrong.swap(
    "not summed over the batch",
    "(dx_hat * centred).sum(axis=0)",
    "(dx_hat * centred)",
).says("""`inverse` has one number per feature and serves all samples: what they send back is added
    up.""")
wrong.swap(
    "means where sums belong",
    "dout.sum(axis=0)",
    "dout.mean(axis=0)",
    '(dout * nodes["x_hat"]).sum(axis=0)',
    '(dout * nodes["x_hat"]).mean(axis=0)',
).says("""Every sample uses the same γ and β, so what the samples send back is added up. If the loss
    is a mean, its division is in `dout` already.""")
wrong.swap("recomputed from the output", 'dx_hat * nodes["inverse"]', "dx_hat * root").says("""
    In the forward pass `centred` is multiplied by `inverse`; so is what comes back to it. You
    multiply by the root.""")


EXERCISE = Exercise(
    id="ch09.batch_norm_graph",
    title="Batch normalisation backward, node by node",
    kind="function",
    points=5,
    difficulty=3,
    reference=batch_norm_graph,
    accepted=(by_einsum, by_columns),
    mistakes=wrong.all,
    hints=(
        "Two nodes have two children: `x` feeds the mean and the subtraction, `centred` feeds the "
        "square and the product. There, and only there, two gradients are added.",
        "Four operations send a gradient from shape (N, M) down to (M,): β, γ, `inverse` and the "
        "mean serve all samples, so the samples' parts are summed. A mean in the forward pass is a "
        "sum and a division by N.",
        "Go down the table from the bottom:\n    dinverse = (… * …).sum(axis=0)\n"
        "    droot = … / root**2\n    dvar = … / (2 * …)\n    dsquare = … / N, in every row\n"
        "    dcentred = … + …          # two children\n    dmean = -…\n"
        "    dx = … + …                # two children",
    ),
    probe=Probe(stages, {"names": NAMES}),
    draw=draw_nodes,
    outputs=OUTPUTS,
    remark="Ten lines, none of them longer than a gate of chapter 2, and no formula to look up.",
)
