"""Plain pictures are shown at once, with a text that never changes."""

from __future__ import annotations

import numpy as np
import pytest

from exercises_lib import figures
from exercises_lib.figures.pictures import _shared_words
from exercises_lib.figures.widget import png

RNG = np.random.default_rng(3)


@pytest.mark.parametrize(
    ("draw", "text"),
    [
        (
            lambda: figures.learning_curves({"loss": [2.0, 1.0], "test_accuracy": [0.5, 0.9]}),
            "<picture: Learning>",
        ),
        (lambda: figures.learning_curves({"loss": [1.0] * 500}, title="Long"), "<picture: Long>"),
        (
            lambda: figures.mistakes_gallery(RNG.random((9, 64)), [1] * 9, [1] * 6 + [2] * 3),
            "<picture: 3 of 9 are wrong>",
        ),
        (
            lambda: figures.mistakes_gallery(RNG.random((2, 64)), [1, 2], [1, 2]),
            "<picture: 0 of 2 are wrong>",
        ),
        (
            lambda: figures.image_gallery(RNG.random((9, 64)), range(9), title="Nine"),
            "<picture: Nine>",
        ),
        (
            lambda: figures.feature_pairs(RNG.random((30, 3)), [0, 1] * 15, ["a", "b", "c"]),
            "<picture: Every feature against every other>",
        ),
        (
            lambda: figures.confusion_matrix([0, 1, 1, 0], [[0, 1, 0, 0]], names=["no", "yes"]),
            "<picture: 3 of 4 right>",
        ),
        (
            figures.step_size_errors,
            "<picture: Error of a numerical derivative for every step size>",
        ),
        (figures.sigmoid_shape, "<picture: The sigmoid and its derivative>"),
    ],
)
def test_a_picture_is_shown_and_nothing_returned(draw, text, monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", shown.append)
    assert draw() is None
    (still,) = shown
    data, _ = still._repr_mimebundle_()
    assert data["text/plain"] == text
    assert data["image/png"].startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("names", "kind", "axis", "legend"),
    [
        (["loss"], "loss", "loss", ["loss"]),
        (["train accuracy", "test accuracy"], "accuracy", "accuracy", ["train", "test"]),
        (
            ["slow test accuracy", "fast test accuracy"],
            "accuracy",
            "test accuracy",
            ["slow", "fast"],
        ),
        (["loss", "test loss"], "loss", "loss", ["loss", "test loss"]),
        (["error", "distance"], "loss", "loss", ["error", "distance"]),
    ],
)
def test_words_that_all_curves_share_go_to_the_axis(names, kind, axis, legend):
    assert _shared_words(names, kind) == (axis, legend)


def test_features_that_do_not_match_their_names_are_refused():
    with pytest.raises(ValueError, match=r"\(4, 2\).*need \(4, 3\)"):
        figures.feature_pairs(np.zeros((4, 2)), [0, 1, 0, 1], ["a", "b", "c"])


def test_pictures_are_written_in_the_books_letters_and_a_students_own_are_not():
    import matplotlib
    from matplotlib.figure import Figure
    from matplotlib.text import Text

    before = matplotlib.rcParams["font.family"]
    picture = Figure()
    picture.suptitle("∂ of σ")
    png(picture)
    written = picture.findobj(Text)
    assert {tuple(text.get_fontfamily()) for text in written} == {("Backprop Sans", "DejaVu Sans")}
    assert matplotlib.rcParams["font.family"] == before
