"""Chapter 08: agreement with PyTorch, the recorded numbers, and the chapter where there is none.

``python tests/exercises/test_ch08.py`` records the numbers anew.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from exercises_lib import data, exercises, nn
from exercises_lib.checking import check
from exercises_lib.course.notebooks import check_cells, read, source
from exercises_lib.exercises.ch08_against_pytorch import module, same_gradients, training_loop
from exercises_lib.grading.manifest import plan_of

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOK = ROOT / "solutions" / "08_against_pytorch.ipynb"

HIDING = """
import importlib.machinery as machinery
original = machinery.PathFinder.find_spec
def find_spec(cls, name, path=None, target=None):
    return None if name.partition(".")[0] == "torch" else original(name, path, target)
machinery.PathFinder.find_spec = classmethod(find_spec)
"""
"""A sitecustomize that makes PyTorch look as if it were not installed."""


@pytest.fixture
def without_torch(tmp_path):
    """An environment for a Python that cannot find PyTorch."""
    (tmp_path / "sitecustomize.py").write_text(HIDING)
    path = os.pathsep.join(filter(None, (str(tmp_path), os.environ.get("PYTHONPATH"))))
    return {**os.environ, "PYTHONPATH": path, "BACKPROP_PROGRESS": "off"}


def verdict(exercise, answer, seed=0):
    return check(exercise, answer, np.random.default_rng(seed))


def chapter_names():
    """Run the chapter's cells, without its checks, and return what they define."""
    notebook = read(NOTEBOOK)
    checks = {cell.id for cell in check_cells(notebook)}
    space: dict = {"__name__": "chapter"}
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code" and cell["id"] not in checks:
            exec(compile(source(cell), cell["id"], "exec"), space)
    return space


def record():
    """Compute with PyTorch everything that the chapter shows."""
    import torch

    names = chapter_names()
    version = torch.__version__.partition("+")[0]
    return {
        "made_with": f"PyTorch {version} on a CPU",
        "graph": names["graph_example"](),
        "half": names["hand_in_torch"](0.5),
        "square": names["hand_in_torch"](1.0),
        "square float32": names["hand_in_torch"](1.0, "float32"),
        "linear": names["linear_example"](),
        "digits": names["digits_in_torch"](),
        "twice": names["backward_twice"](),
        "steps": names["steps_in_torch"](),
        "gradcheck": names["gradcheck_example"](),
    }


def numbers(value):
    """Spread nested containers of numbers out, each with its place."""
    if isinstance(value, dict):
        return {f"{k}.{n}": x for k, v in value.items() for n, x in numbers(v).items()}
    if isinstance(value, list):
        return {f"{k}.{n}": x for k, v in enumerate(value) for n, x in numbers(v).items()}
    return {"": value}


def test_the_recorded_numbers_are_those_of_pytorch(capsys):
    pytest.importorskip("torch")
    now, then = record(), data.recorded_pytorch()
    now.pop("made_with")
    assert then.pop("made_with").startswith("PyTorch 2.")
    now32, then32 = (numbers(each.pop("square float32")) for each in (now, then))
    assert then32 == pytest.approx(now32, rel=1e-6)
    assert numbers(then) == pytest.approx(numbers(now), rel=1e-10, abs=1e-13)


def test_the_factor_between_the_two_losses_is_two():
    recorded = data.recorded_pytorch()
    assert round(recorded["half"]["after"], 6) == 1.619155
    assert round(recorded["square"]["after"], 6) == 1.935951
    for name in ("W1", "b1", "W2", "b2"):
        half, square = (np.array(recorded[loss][name]) for loss in ("half", "square"))
        np.testing.assert_allclose(square, 2 * half, rtol=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_the_library_network_has_the_gradients_of_pytorch_to_ten_digits(seed):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(seed)
    d, h, c, n = (int(size) for size in rng.choice(np.arange(2, 12), 4, replace=False))
    net = nn.TwoLayerNet(d, h, c, rng, std=0.7)
    x, t = rng.normal(size=(n, d)), rng.integers(0, c, n)
    p = {k: torch.tensor(v, requires_grad=True) for k, v in net.params.items()}
    scores = torch.relu(torch.tensor(x) @ p["W1"] + p["b1"]) @ p["W2"] + p["b2"]
    loss = torch.nn.functional.cross_entropy(scores, torch.tensor(t))
    loss.backward()
    ours, grads = net.loss_and_gradient(x, t)
    assert ours == pytest.approx(loss.item(), rel=1e-12)
    for name, grad in grads.items():
        np.testing.assert_allclose(grad, p[name].grad.numpy(), rtol=1e-10, atol=1e-14)


def test_pytorch_is_loaded_before_the_kernels_of_a_grading_are_forked():
    assert "torch" in plan_of("08", read(NOTEBOOK)).modules


def test_a_difference_in_the_eighth_digit_is_rejected():
    pytest.importorskip("torch")

    def nearly(x, t, params):
        ours, theirs = same_gradients.same_gradients(x, t, params)
        return ours, {name: grad * (1 + 1e-8) for name, grad in theirs.items()}

    assert verdict(same_gradients.EXERCISE, nearly).status == "wrong"


def test_what_a_check_does_to_pytorch_is_undone():
    torch = pytest.importorskip("torch")
    before = torch.autograd.backward, torch.autograd.grad, torch.get_num_threads()
    state = torch.random.get_rng_state()
    assert verdict(same_gradients.EXERCISE, same_gradients.same_gradients)
    assert verdict(module.EXERCISE, module.torch_net)
    assert verdict(training_loop.EXERCISE, training_loop.training_loop)
    assert (torch.autograd.backward, torch.autograd.grad, torch.get_num_threads()) == before
    assert torch.equal(torch.random.get_rng_state(), state)


def test_a_module_class_of_the_usual_form_passes_and_an_instance_is_refused():
    torch = pytest.importorskip("torch")

    class TorchNet(torch.nn.Module):
        def __init__(self, input_size, hidden_size, output_size):
            super().__init__()
            self.hidden = torch.nn.Linear(input_size, hidden_size)
            self.out = torch.nn.Linear(hidden_size, output_size)

        def forward(self, x):
            return self.out(torch.nn.functional.relu(self.hidden(x)))

    assert verdict(module.EXERCISE, TorchNet).status == "passed"
    found = verdict(module.EXERCISE, TorchNet(2, 3, 4))
    assert found.status == "wrong" and "class itself" in found.message


def test_steps_without_backward_and_cleared_too_late_are_named():
    torch = pytest.importorskip("torch")

    def cleared_too_late(net, x, t, batches, lr):
        optimiser, losses = torch.optim.SGD(net.parameters(), lr=lr), []
        for batch in batches:
            loss = torch.nn.functional.cross_entropy(net(x[batch]), t[batch])
            loss.backward()
            optimiser.zero_grad()
            optimiser.step()
            losses.append(loss.item())
        return losses

    assert verdict(training_loop.EXERCISE, cleared_too_late).mistake == "nothing moves"


def test_without_pytorch_the_exercises_are_unavailable_and_never_wrong(without_torch):
    code = (
        "from exercises_lib import check, exercises\n"
        "for e in exercises.chapter_exercises('08'):\n"
        "    for answer in (None, 3, lambda *a: 1 / 0):\n"
        "        v = check(e.id, answer)\n"
        "        assert v.status == 'unavailable' and 'PyTorch' in v.message, v\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=without_torch
    )
    assert done.returncode == 0, done.stderr


def test_with_pytorch_every_check_of_the_chapter_passes(capsys):
    pytest.importorskip("torch")
    names = chapter_names()
    for cell in check_cells(read(NOTEBOOK)):
        answer = eval(cell.expression, names)
        assert verdict(exercises.get(cell.exercise_id), answer).status == "passed"


def test_without_pytorch_the_chapter_gives_the_outputs_that_it_stores(without_torch, tmp_path):
    words = ["-m", "pytest", "-p", "nbval", "--nbval", "--nbval-cell-timeout=120", str(NOTEBOOK)]
    done = subprocess.run(
        [sys.executable, *words, "-q", "-o", "addopts=", "-p", "no:cacheprovider"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=without_torch,
    )
    assert done.returncode == 0, done.stdout[-4000:]


def test_without_pytorch_the_chapter_says_how_to_install_it(without_torch, tmp_path):
    notebook = read(NOTEBOOK)
    code = [source(cell) for cell in notebook["cells"] if cell["cell_type"] == "code"]
    script = tmp_path / "first_cells.py"
    script.write_text("\n".join(code[:2]))
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, env=without_torch
    )
    assert "pip install torch" in done.stdout and "recorded with PyTorch 2." in done.stdout


if __name__ == "__main__":
    path = ROOT / "exercises_lib" / "data" / "pytorch_recorded.json"
    path.write_text(json.dumps(record(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
