"""The affine layer x · W + b, and the two rules it is made of: matrix product and broadcasting."""

from __future__ import annotations

from exercises_lib.nn.arrays import Array


class Affine:
    """A fully connected layer: out = x · W + b.

    Args:
        W: Weights, float, (D, M). The layer works on this very array: update it in place.
        b: Bias, float, (M,). The same holds.
        needs_dx: False for the first layer of a network, whose dx nobody uses; `backward`
            then saves that matrix product and returns None.

    Raises:
        ValueError: If the shapes of W and b do not belong together.
    """

    def __init__(self, W: Array, b: Array, needs_dx: bool = True) -> None:
        if W.ndim != 2 or b.shape != W.shape[1:]:
            raise ValueError(
                f"W must have shape (D, M) and b (M,); they have {W.shape} and {b.shape}."
            )
        self.W, self.b, self.needs_dx = W, b, needs_dx

    def forward(self, x: Array) -> Array:
        """Return x · W + b.

        Args:
            x: float, (N, D); an image batch such as (N, 8, 8) is flattened to (N, 64).

        Returns:
            float, (N, M).

        Raises:
            ValueError: If a sample does not have D numbers.
        """
        self.x_shape = x.shape
        self.x = x if x.ndim == 2 else x.reshape(len(x), -1)
        if self.x.shape[1] != len(self.W):
            raise ValueError(
                f"x has shape {x.shape}: {self.x.shape[1]} numbers per sample, but W has shape "
                f"{self.W.shape} and takes {len(self.W)}."
            )
        out: Array = self.x @ self.W
        out += self.b
        return out

    def backward(self, dout: Array) -> Array | None:
        """Set dW = xᵀ · dout and db = Σₙ doutₙ, and return dx = dout · Wᵀ.

        Args:
            dout: float, (N, M).

        Returns:
            dx with the shape of x, or None where `needs_dx` is False.
        """
        self.dW: Array = self.x.T @ dout
        self.db: Array = dout.sum(axis=0)
        if not self.needs_dx:
            return None
        dx: Array = dout @ self.W.T
        return dx.reshape(self.x_shape)


def matmul_backward(W: Array, X: Array, dD: Array) -> tuple[Array, Array]:
    """Return the gradients of D = W · X: dW = dD · Xᵀ and dX = Wᵀ · dD.

    The shapes leave no choice: dW must have W's shape, and only this order of factors has it.

    Args:
        W: float, (R, K).
        X: float, (K, C).
        dD: The gradient with respect to D, float, (R, C).

    Returns:
        (dW, dX), with the shapes of W and X.
    """
    return dD @ X.T, W.T @ dD


def unbroadcast(grad: Array, shape: tuple[int, ...]) -> Array:
    """Sum a gradient over the axes along which an input of this shape was repeated.

    Broadcasting copies an input; where a number is used several times, its gradients add up.

    Args:
        grad: float, the broadcast shape.
        shape: The shape of the input before it was broadcast.

    Returns:
        float, the given shape.
    """
    if grad.shape == shape:
        return grad
    added = grad.ndim - len(shape)
    summed: Array = grad.sum(axis=tuple(range(added)))
    for axis, size in enumerate(shape):
        if size == 1 and summed.shape[axis] > 1:
            summed = summed.sum(axis=axis, keepdims=True)
    return summed
