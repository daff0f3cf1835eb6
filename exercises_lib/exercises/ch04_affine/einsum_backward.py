"""ch04.einsum_backward: the gradients of any product that einsum can write."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from exercises_lib.checking import Case, Exercise, Output, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.probes import call


def einsum_backward(subscripts, a, b, dout):
    inputs, out = subscripts.split("->")
    sa, sb = inputs.split(",")
    da = np.einsum(f"{out},{sb},{sa}->{sa}", dout, b, np.ones(a.shape))
    db = np.einsum(f"{out},{sa},{sb}->{sb}", dout, a, np.ones(b.shape))
    return da, db


def by_stretching(subscripts, a, b, dout):
    """Sum what the others have, then copy along the letters that nobody else has."""

    def one(mine, shape, other, array):
        shared = "".join(letter for letter in mine if letter in out + other)
        grad = np.einsum(f"{out},{other}->{shared}", dout, array)
        where = tuple(k for k, letter in enumerate(mine) if letter not in shared)
        return np.broadcast_to(np.expand_dims(grad, where), shape).copy()

    left, out = subscripts.split("->")
    sa, sb = left.split(",")
    return one(sa, a.shape, sb, b), one(sb, b.shape, sa, a)


def by_the_whole_product(subscripts, a, b, dout):
    """Lay out every product of the forward pass with all its letters, and sum."""
    left, out = subscripts.split("->")
    sa, sb = left.split(",")
    letters = "".join(sorted(set(left) - {","}))
    sizes = {**dict(zip(sa, a.shape, strict=True)), **dict(zip(sb, b.shape, strict=True))}
    every = np.ones([sizes[letter] for letter in letters])
    da = np.einsum(f"{letters},{out},{sb}->{sa}", every, dout, b)
    return da, np.einsum(f"{letters},{out},{sa}->{sb}", every, dout, a)


def draw_subscripts(rng: np.random.Generator) -> Iterator[Case]:
    for subscripts, note in (
        ("nd,dm->nm", "x · W"),
        ("nd,md->nm", "x · Wᵀ"),
        ("i,j->ij", "an outer product"),
        ("bij,bjk->bik", "one matrix product for each b"),
        ("i,i->", "an inner product: dout is one number"),
        ("ij,ij->ij", "entry by entry"),
        ("nd,d->n", "a matrix times a vector"),
        ("ij,jk->ki", "the result transposed"),
        ("ijk,j->j", "i and k occur in a alone"),
        ("ij,kj->i", "k occurs in b alone"),
    ):
        left, out = subscripts.split("->")
        letters = sorted(set(left) - {","})
        sizes = dict(zip(letters, rng.permutation([2, 3, 4, 5])[: len(letters)], strict=True))

        def array(names: str, sizes: dict[str, int] = sizes) -> np.ndarray:
            return np.asarray(rng.normal(size=[sizes[name] for name in names]))

        sa, sb = left.split(",")
        given = {"a": array(sa), "b": array(sb), "dout": array(out)}
        yield Case({"subscripts": subscripts, **given}, f"'{subscripts}', {note}")


wrong = Mistakes(einsum_backward)


def only_shared_letters(subscripts, a, b, dout):
    inputs, out = subscripts.split("->")
    sa, sb = inputs.split(",")
    return np.einsum(f"{out},{sb}->{sa}", dout, b), np.einsum(f"{out},{sa}->{sb}", dout, a)


wrong.answer("letters of one array alone", only_shared_letters).says("""A letter that stands in one
    array only, and not in the result, was summed away. Its entries all receive the same gradient,
    and einsum cannot make up a letter that none of its arrays has.""")

wrong.swap(
    "a and b not exchanged",
    "dout, b, np",
    "dout, a, np",
    "{sb},{sa}->{sa}",
    "{sa},{sa}->{sa}",
    "dout, a, np.ones(b.shape)",
    "dout, b, np.ones(b.shape)",
    "{sa},{sb}->{sb}",
    "{sb},{sb}->{sb}",
).says("""
    You multiply dout by the array itself. A product answers with the *other* factor.""")

wrong.swap("gradients exchanged", "return da, db", "return db, da").says("""The two gradients have
    changed places: `da, db` is the order.""")

wrong.swap(
    "dout ignored",
    "dout, b, np.ones(a.shape)",
    "np.ones(dout.shape), b, np.ones(a.shape)",
    "dout, a, np.ones(b.shape)",
    "np.ones(dout.shape), a, np.ones(b.shape)",
).says("""
    `dout` does not occur in your gradients. Multiply by what arrives.""")


def matrices_only(subscripts, a, b, dout):
    return dout @ b.T, a.T @ dout


wrong.answer("matrix products only", matrices_only).says("""That is right for one subscript, the
    matrix product. Read the letters instead of assuming where they stand.""")

wrong.swap(
    "forward once more",
    "{out},{sb},{sa}->{sa}",
    "{sa},{sb},{sa}->{sa}",
    "dout, b, np.ones(a.shape)",
    "a, b, np.ones(a.shape)",
).says("""
    In da you put a where dout belongs. dout has the letters of the result.""")

wrong.swap(
    "mean instead of sum", "    return da, db", "    return da / dout.size, db / dout.size"
).says("""
    You divide by the number of outputs. What comes back from several uses is added up, not
    averaged.""")

wrong.swap("db left out", "return da, db", "return da, np.zeros(b.shape)").says("""Your db is 0
    everywhere. b is a factor as a is, and the rule is the same with the letters exchanged.""")


EXERCISE = Exercise(
    id="ch04.einsum_backward",
    title="Backward through any einsum",
    kind="function",
    points=0,
    difficulty=3,
    reference=einsum_backward,
    accepted=(by_stretching, by_the_whole_product),
    mistakes=wrong.all,
    hints=(
        "Write the three products of x · W with letters: forward, dx and dW. What happens to the "
        "letters of the result and of x when you go from the first to the second?",
        "The operand and the result change places: the letters of dout come in, those of the "
        "operand come out. A letter that then stands on the right side alone needs an array of ones "
        "that has it.",
        "The skeleton:\n    inputs, out = subscripts.split('->')\n    sa, sb = …\n"
        "    da = np.einsum(f'{out},…->…', dout, …)\n    db = …      # the same, a and b exchanged",
    ),
    probe=Probe(call, {"returns": ("da", "db")}),
    draw=draw_subscripts,
    outputs=(Output("da"), Output("db")),
    remark="Matrix products, inner and outer products, batches of matrices: one rule, and the letters "
    "do the work. The affine layer is the subscript nd,dm->nm.",
)
