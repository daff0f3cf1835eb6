"""What the benchmarks share: one BLAS thread, interleaved medians, a table of ratios.

Import this before NumPy: the number of threads is read when a library loads.
"""

from __future__ import annotations

import os

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"

import argparse
import gc
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))


def arguments(description: str) -> argparse.Namespace:
    """Read the command line: every benchmark has --quick."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--quick", action="store_true", help="fewer repetitions, rougher ratios")
    return parser.parse_args()


def interleaved(
    contenders: dict[str, Callable[[], object]], rounds: int, warm_up: int = 1, calls: int = 1
) -> dict[str, float]:
    """Return the median processor seconds of each contender, all taking turns in every round.

    Processor time, for with one thread it is the time on the clock of a quiet machine. A machine
    that others use slows all contenders of a round alike, so the ratios hold where the times do
    not. Every measurement starts with an empty nursery of the garbage collector, and
    takes the mean of so many calls.
    """
    for run in contenders.values():
        for _ in range(warm_up):
            run()
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, run in contenders.items():
            gc.collect()
            start = time.process_time()
            for _ in range(calls):
                run()
            seconds[name].append((time.process_time() - start) / calls)
    return {name: statistics.median(times) for name, times in seconds.items()}


def table(
    title: str,
    seconds: dict[str, float],
    unit: tuple[str, float],
    ratios: dict[str, Callable[[float], float]],
) -> None:
    """Print the median of each contender and its ratios."""
    name, scale = unit
    print(f"\n{title}")
    print(f"  {'':42}{name:>12}" + "".join(f"{column:>18}" for column in ratios))
    for contender, s in seconds.items():
        cells = "".join(f"{ratio(s):18.2f}" for ratio in ratios.values())
        print(f"  {contender:42}{s * scale:12.4g}{cells}")


def budget(what: str, measured: float, least: float) -> bool:
    """Print whether a ratio is as large as promised, and return it."""
    good = measured >= least
    print(f"  {'within budget' if good else 'BELOW BUDGET'}: {what} {measured:.4g} (>= {least:g})")
    return good


def missing(name: str) -> None:
    """Say that a contender is not installed, which is no error."""
    print(f"  {name}: not installed")


def data_folder() -> Path | None:
    """Point the loaders at the real data beside the repository, and say where they are."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    if "BACKPROP_DATA" not in os.environ and (beside / "mnist").is_dir():
        os.environ["BACKPROP_DATA"] = str(beside)
    folder = os.environ.get("BACKPROP_DATA")
    return Path(folder) if folder else None
