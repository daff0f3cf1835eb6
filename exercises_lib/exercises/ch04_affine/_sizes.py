"""Three sizes that are told apart."""

from __future__ import annotations

import numpy as np


def three_sizes(rng: np.random.Generator) -> tuple[int, int, int]:
    """Draw three sizes from 2 to 6, all different."""
    one, two, three = rng.choice(np.arange(2, 7), size=3, replace=False).tolist()
    return one, two, three
