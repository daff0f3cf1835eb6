"""Data for the course: digits and banknotes that come with the package, and MNIST to download."""

from exercises_lib.data.banknotes import Banknotes, load_banknotes, simulated_banknotes
from exercises_lib.data.dataset import Dataset
from exercises_lib.data.digits import load_digits
from exercises_lib.data.download import DataNotAvailable, cache_folder
from exercises_lib.data.mnist import load_mnist
from exercises_lib.data.recorded import recorded_mnist, recorded_pytorch

__all__ = [
    "Banknotes",
    "DataNotAvailable",
    "Dataset",
    "cache_folder",
    "load_banknotes",
    "load_digits",
    "load_mnist",
    "recorded_mnist",
    "recorded_pytorch",
    "simulated_banknotes",
]
