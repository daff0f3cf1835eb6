"""1,372 banknotes, four numbers each: the real ones, or simulated ones that nobody has seen."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

FILE = "data_banknote_authentication.txt"
"""As the archive calls it; 46,400 bytes."""
SHA256 = "d0539aaed2139ba7a587b3e34fb345ce503ff7d5d33dbf9912d8e195ce425cb9"

NAMES = ("variance", "skewness", "curtosis", "entropy")
"""The four features, as their source spells them: three moments of the wavelet-transformed
image, and the image's entropy."""

SEED = 1372


class Banknotes(NamedTuple):
    """Banknotes and whether they are real.

    Attributes:
        x: Features, float64, (1372, 4), one note per row; `NAMES` says what they are.
        t: Classes 0 or 1, integers, (1372,).
        simulated: True if the notes were drawn from a model instead of measured.
    """

    x: NDArray[Any]
    t: NDArray[Any]
    simulated: bool

    @property
    def names(self) -> tuple[str, ...]:
        """What the four columns of x measure."""
        return NAMES

    @property
    def source(self) -> str:
        """One sentence that says where the notes come from."""
        if self.simulated:
            return "Simulated banknotes, drawn from Gaussians that were fitted to the real ones."
        return "Real banknotes: UCI banknote authentication data (V. Lohweg, 2012, CC BY 4.0)."

    def __repr__(self) -> str:
        kind = "simulated" if self.simulated else "real"
        return f"Banknotes({len(self.x)} {kind} notes of {self.x.shape[1]} numbers)"


def load_banknotes() -> Banknotes:
    """Return the UCI banknote authentication data: 762 notes of class 0 and 610 of class 1.

    They come with the package, as the archive has them.

    Source: V. Lohweg, "Banknote Authentication", UCI, 2012, doi 10.24432/C55P57, CC BY 4.0.
    """
    with files(__package__).joinpath(FILE).open(encoding="ascii") as lines:
        table = np.loadtxt(lines, delimiter=",")
    return Banknotes(table[:, :4], table[:, 4].astype(np.int64), simulated=False)


def simulated_banknotes(seed: int = SEED) -> Banknotes:
    """Return notes that resemble the real ones: as many a class, from five Gaussians a class.

    The parameters come with the package, so the same seed gives the same notes on every machine.
    Like the real ones they have four decimals, but none of them twice.

    Args:
        seed: Another seed draws other notes from the same Gaussians.
    """
    stored = files(__package__).joinpath("banknote_mixture.json").read_text(encoding="utf-8")
    rng = np.random.default_rng(seed)
    x, t = [], []
    for label, gaussians in enumerate(json.loads(stored)["classes"]):
        for gaussian in gaussians:
            z = rng.standard_normal((gaussian["notes"], 4))
            x.append(gaussian["mean"] + z @ np.transpose(gaussian["cholesky"]))
            t.append(np.full(gaussian["notes"], label))
    return Banknotes(np.concatenate(x).round(4), np.concatenate(t), simulated=True)
