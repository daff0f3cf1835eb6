"""MNIST: 70,000 handwritten digits of 28 × 28 pixels, downloaded when first asked for."""

from __future__ import annotations

import gzip

import numpy as np
from numpy.typing import DTypeLike, NDArray

from exercises_lib.data.dataset import Dataset
from exercises_lib.data.download import fetch

MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
    "http://yann.lecun.com/exdb/mnist/",
)

SHA256 = {
    "train-images-idx3-ubyte.gz": (
        "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"
    ),
    "train-labels-idx1-ubyte.gz": (
        "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"
    ),
    "t10k-images-idx3-ubyte.gz": (
        "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"
    ),
    "t10k-labels-idx1-ubyte.gz": (
        "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"
    ),
}


def load_mnist(dtype: DTypeLike = np.float32, download: bool = True) -> Dataset:
    """Return 60,000 training and 10,000 test digits.

    Args:
        dtype: float32, or float64, which takes 440 MB.
        download: Whether the network may be asked; if not, only the cache is looked at.

    Returns:
        Images (N, 784) with pixels from 0 to 1, and integer labels (N,).

    Raises:
        DataNotAvailable: If the files are neither in the cache nor to be had from the network.

    Source: Y. LeCun, C. Cortes and C. Burges, "The MNIST database of handwritten digits".
    """
    arrays = [_read_idx(name, download) for name in SHA256]
    images_and_labels = [
        np.divide(a.reshape(len(a), -1), 255, dtype=dtype) if a.ndim == 3 else a.astype(np.int64)
        for a in arrays
    ]
    return Dataset(*images_and_labels)


def _read_idx(name: str, download: bool) -> NDArray[np.uint8]:
    """Read an IDX file: two zeros, the type, the number of axes, their lengths, the bytes."""
    urls = [mirror + name for mirror in MIRRORS]
    path = fetch(f"mnist/{name}", SHA256[name], urls, rounds=None if download else 0)
    with gzip.open(path) as file:
        content = file.read()
    axes = content[3]
    shape = np.frombuffer(content, ">i4", count=axes, offset=4)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * axes).reshape(shape)
