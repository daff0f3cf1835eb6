"""What an import and a check cost.

Prints the time of ``import exercises_lib`` as a multiple of ``import numpy``, and for all exercises
the time of checking a right answer and of diagnosing wrong ones.

    python benchmarks/checking.py [--quick]
"""

from __future__ import annotations

import os

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"
os.environ["BACKPROP_PROGRESS"] = "off"

import argparse
import statistics
import subprocess
import sys
import time

import numpy as np

from exercises_lib import exercises
from exercises_lib.checking import Exercise, check, missing_modules


def import_seconds(module: str) -> float:
    """Time one import in a fresh interpreter, without the interpreter's own start."""
    code = f"import time; t = time.perf_counter(); import {module}; print(time.perf_counter() - t)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return float(done.stdout)


def check_seconds(exercise: Exercise, answer: object, repeats: int) -> float:
    """Median time of one check."""
    times = []
    for seed in range(repeats):
        rng = np.random.default_rng(seed)
        started = time.perf_counter()
        check(exercise, answer, rng)
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="fewer repetitions")
    repeats = 3 if parser.parse_args().quick else 11

    pairs = [(import_seconds("numpy"), import_seconds("exercises_lib")) for _ in range(repeats)]
    ratio = statistics.median(ours / numpy for numpy, ours in pairs)
    print(f"import exercises_lib: {ratio:.2f} × import numpy (budget 1.3)")

    asked = [
        exercise
        for exercise in exercises.all_exercises()
        if exercise.kind != "target" and not missing_modules(exercise)
    ]
    right, wrong = {}, {}
    for exercise in asked:
        right[exercise.id] = check_seconds(exercise, exercise.reference, repeats)
        wrong[exercise.id] = max(
            (check_seconds(exercise, mistake.answer, 1) for mistake in exercise.mistakes), default=0
        )
    median = statistics.median(right.values())
    slowest = max(right, key=right.__getitem__)
    print(f"{len(asked)} exercises")
    print(f"check of a right answer: median {1000 * median:.1f} ms (budget 20)")
    print(f"  slowest: {slowest}, {1000 * right[slowest]:.0f} ms (budget 200)")
    worst = max(wrong, key=wrong.__getitem__)
    median = statistics.median(wrong.values())
    print(f"check with diagnosis: median {1000 * median:.1f} ms (budget 60)")
    print(f"  slowest: {worst}, {1000 * wrong[worst]:.0f} ms (budget 600)")


if __name__ == "__main__":
    main()
