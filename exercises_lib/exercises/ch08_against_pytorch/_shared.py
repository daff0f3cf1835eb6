"""What several exercises of this chapter share."""

from __future__ import annotations

SECONDS = 30.0
"""The first import of PyTorch alone can take several on a slow machine."""
