"""The two gates of a computation graph that everything begins with: multiply and add."""

from __future__ import annotations

from typing import TypeAlias

from exercises_lib.nn.arrays import Array

Number: TypeAlias = float | Array


class MulLayer:
    """Multiply two numbers or arrays of one shape: out = x · y."""

    def forward(self, x: Number, y: Number) -> Number:
        """Return x · y and keep both factors for the way back."""
        self.x, self.y = x, y
        return x * y

    def backward(self, dout: Number) -> tuple[Number, Number]:
        """Return (dx, dy): each factor receives `dout` times the *other* factor."""
        return dout * self.y, dout * self.x


class AddLayer:
    """Add two numbers or arrays of one shape: out = x + y."""

    def forward(self, x: Number, y: Number) -> Number:
        """Return x + y; the way back needs nothing from it."""
        return x + y

    def backward(self, dout: Number) -> tuple[Number, Number]:
        """Return (dx, dy): both summands receive `dout` as it is."""
        return dout, dout
