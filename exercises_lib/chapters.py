"""The chapters of the course: the one table of what they are called and how long they take."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Chapter:
    """One chapter.

    Args:
        number: two digits; the primer, which stands beside the chapters, is ``00p``.
        topic: what its notebook ``NN_topic`` and its exercises ``chNN_topic`` are called.
        title: as it stands at the head of the notebook.
        label: short, for the road map.
        promise: what it is about, in a line.
        minutes: how long it takes, as its notebook says.
        optional: whether the road leads past it.
    """

    number: str
    topic: str
    title: str
    label: str
    promise: str
    minutes: int
    optional: bool = False

    @property
    def stem(self) -> str:
        """What its notebook is called, without the ending."""
        return f"{self.number[:2]}_{self.topic}"


CHAPTERS: dict[str, Chapter] = {
    chapter.number: chapter
    for chapter in (
        Chapter("00", "welcome", "Welcome", "Welcome", "Run, edit, check, hint.", 15),
        Chapter(
            "00p",
            "primer",
            "Primer: Python and NumPy",
            "Primer",
            "Functions as values, classes, arrays.",
            20,
            optional=True,
        ),
        Chapter(
            "01",
            "computation_graphs",
            "Computation graphs",
            "Computation graphs",
            "Forward left to right, backward right to left.",
            100,
        ),
        Chapter(
            "02",
            "chain_rule",
            "The chain rule",
            "The chain rule",
            "Local derivative times what arrives.",
            130,
        ),
        Chapter(
            "03",
            "layers",
            "Layers",
            "Layers",
            "Objects that remember what the backward pass needs.",
            110,
        ),
        Chapter(
            "04",
            "affine",
            "Affine: matrix gradients",
            "Affine",
            "Matrix gradients, read off the shapes.",
            130,
        ),
        Chapter(
            "05",
            "softmax_with_loss",
            "Softmax with loss",
            "Softmax with loss",
            "Scores, probabilities, and the gradient y − t.",
            130,
        ),
        Chapter(
            "06",
            "training",
            "Training",
            "Training",
            "A network that reads handwritten digits.",
            150,
        ),
        Chapter(
            "07",
            "banknotes",
            "Banknotes, end to end",
            "Banknotes",
            "A classifier from the first line to the last, and a clinic.",
            200,
        ),
        Chapter(
            "08",
            "against_pytorch",
            "Checked against PyTorch",
            "Against PyTorch",
            "The same gradients, to ten digits.",
            60,
        ),
        Chapter(
            "09",
            "better_training",
            "Better training",
            "Better training",
            "Optimisers, first weights, dropout, batch norm.",
            250,
        ),
        Chapter(
            "10",
            "autograd",
            "Your own autograd",
            "Your own autograd",
            "An engine that writes the backward pass for you.",
            180,
        ),
    )
}
"""By number, in the order of the course."""


def chapter_of(exercise_id: str) -> str:
    """Return the number of the chapter in which an exercise is asked.

    Args:
        exercise_id: ``chNN.name``; those of the primer are called ``ch00.primer_…``.
    """
    return "00p" if exercise_id.startswith("ch00.primer_") else exercise_id[2:4]
