"""The 1,797 real handwritten digits that come with the package."""

from __future__ import annotations

from importlib.resources import files

import numpy as np
from numpy.typing import DTypeLike

from exercises_lib.data.dataset import Dataset


def load_digits(dtype: DTypeLike = np.float64) -> Dataset:
    """Return 1,437 training and 360 test digits of 8 × 8 pixels, the same on every machine.

    Which digits are for testing is stored with them: 36 of each class, drawn once at random.

    Args:
        dtype: float64, or float32.

    Returns:
        Images (N, 64) with pixels from 0 to 1, and integer labels (N,).

    Source: E. Alpaydin and C. Kaynak, "Optical Recognition of Handwritten Digits", UCI, 1998,
    doi 10.24432/C50P49, CC BY 4.0; see `ORIGIN.md` beside this file.
    """
    with files(__package__).joinpath("digits.npz").open("rb") as file, np.load(file) as stored:
        x = stored["pixels"].astype(dtype) / 16
        t = stored["labels"].astype(np.int64)
        test = stored["is_test"]
    return Dataset(x[~test], t[~test], x[test], t[test])
