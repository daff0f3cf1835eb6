"""What the loaders of labelled images return."""

from __future__ import annotations

from typing import Any, NamedTuple

from numpy.typing import NDArray


class Dataset(NamedTuple):
    """Images and labels, already divided; `x_train, t_train, x_test, t_test = load_digits()`.

    Attributes:
        x_train: Training images, one per row, pixels from 0 to 1.
        t_train: Their labels, integers.
        x_test: Test images.
        t_test: Their labels.
    """

    x_train: NDArray[Any]
    t_train: NDArray[Any]
    x_test: NDArray[Any]
    t_test: NDArray[Any]

    def __repr__(self) -> str:
        return (
            f"Dataset({len(self.x_train)} training and {len(self.x_test)} test samples "
            f"of {self.x_train.shape[1]} numbers)"
        )
