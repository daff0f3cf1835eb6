"""The student's own library: what is kept, what is protected, and who stands in."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
import textwrap
import traceback

import numpy as np
import pytest

from exercises_lib import nn, own
from exercises_lib.own.shelf import Folder
from exercises_lib.own.sources import CannotKeepError, checked, module_source

SETUP = "import numpy as np\nfrom exercises_lib import check, nn\n"

RELU = """
class Relu:
    def forward(self, x):
        ### BEGIN SOLUTION
        self.mask = x > 0
        return x * self.mask
        ### END SOLUTION

    def backward(self, dout):
        return dout * self.mask
"""


@pytest.fixture
def shelf():
    kept = {}
    own.use(kept)
    yield kept
    own.use(None)


@pytest.fixture
def folder(tmp_path):
    kept = Folder(tmp_path / "mynn")
    own.use(kept)
    yield kept
    own.use(None)


def test_a_kept_class_is_imported_and_is_the_students_own(shelf):
    own.keep("ch03.Relu", "Relu", [SETUP, RELU])
    from mynn import Relu

    assert Relu is not nn.Relu
    assert Relu.__module__ == "mynn.ch03_Relu"
    np.testing.assert_array_equal(Relu().forward(np.array([-1.0, 2.0])), [0, 2])
    assert "SOLUTION" not in shelf["ch03.Relu"]


def test_what_is_missing_comes_from_nn_and_one_line_says_so(shelf, capsys):
    from mynn import Affine
    from mynn import Affine as again

    assert Affine is again is nn.Affine
    assert capsys.readouterr().out == (
        "mynn: Affine is the course's; none of your own has passed yet.\n"
    )


def test_a_name_that_nobody_has_cannot_be_imported(shelf):
    with pytest.raises(ImportError, match="Afine"):
        from mynn import Afine  # noqa: F401


def test_names_of_the_machinery_are_free_for_answers(shelf):
    cells = [f"def {name}():\n    return 7" for name in ("keep", "use", "library", "own", "update")]
    for name in ("keep", "use", "library", "own", "update"):
        own.keep(f"ch07.{name}", name, cells)
    from mynn import keep, library, update, use
    from mynn import own as theirs

    assert {keep(), library(), update(), use(), theirs()} == {7}


def test_a_newer_answer_is_there_at_the_next_import(shelf):
    own.keep("ch00.double", "double", ["def double(x):\n    return x + x"])
    from mynn import double as first

    own.keep(
        "ch00.double",
        "double",
        ["def double(x):\n    return x + x", "def double(x):\n    return 3"],
    )
    from mynn import double as second

    assert (first(4), second(4)) == (8, 3)


def test_an_answer_takes_along_imports_helpers_constants_and_bases_and_nothing_else(shelf):
    cells = [
        SETUP + "import math as m",
        "%matplotlib inline\nEPS = 1e-7\nSHAPE = np.zeros(2)\nunused = 5",
        "def helper(x):\n    return m.sqrt(x) + EPS",
        "class Base:\n    def twice(self, x):\n        return 2 * helper(x)",
        "class Layer(Base):\n    def forward(self, x=SHAPE):\n        return self.twice(x), x",
        "print(unknown)",
    ]
    own.keep("ch03.Layer", "Layer", cells)
    text = shelf["ch03.Layer"]
    assert "unused" not in text and "print" not in text and "exercises_lib" not in text
    from mynn import Layer

    assert Layer().forward(4.0)[0] == pytest.approx(4.0000002)


def test_answers_that_use_other_answers_import_them(shelf):
    net = """
    class Net:
        def __init__(self):
            self.layers = [Relu(), Relu()]

        def forward(self, x):
            for layer in self.layers:
                x = layer.forward(x)
            return x
    """
    cells = [SETUP, RELU, textwrap.dedent(net)]
    own.keep("ch03.Relu", "Relu", cells)
    own.keep("ch06.Net", "Net", cells)
    assert "from mynn import Relu" in shelf["ch06.Net"]
    assert "class Relu" not in shelf["ch06.Net"]
    from mynn import Net, Relu

    net = Net()
    assert type(net.layers[0]) is Relu
    np.testing.assert_array_equal(net.forward(np.array([-1.0, 2.0])), [0, 2])


def test_an_import_from_mynn_stays_one_and_nn_stands_in_until_the_answer_is_there(shelf):
    cells = ["from mynn import Relu", "def make():\n    return Relu()"]
    own.keep("ch03.make", "make", cells)
    from mynn import make

    assert type(make()) is nn.Relu


def test_the_last_definition_that_ran_counts_and_a_class_may_build_on_its_former_self(shelf):
    cells = [
        "class Tensor:\n    def one(self):\n        return 1",
        "class Tensor(Tensor):\n    def two(self):\n        return self.one() + 1",
        "def three(self):\n    return Tensor.two(self) + 1",
        "Tensor.three = three",
    ]
    own.keep("ch10.Tensor", "Tensor", cells)
    from mynn import Tensor

    assert (Tensor().one(), Tensor().two(), Tensor().three()) == (1, 2, 3)


@pytest.mark.parametrize(
    ("cells", "why"),
    [
        (["def f():\n    return data"], "uses `data`, which no cell defines"),
        (["data = load()", "def f():\n    return data"], "which another cell computes"),
        (["f = lambda: 1"], "not in this notebook"),
        ([], "not in this notebook"),
        (["def f(:\n"], "not in this notebook"),
    ],
)
def test_what_does_not_stand_alone_is_not_kept_and_the_reason_is_said(shelf, cells, why):
    said = own.keep("ch00.f", "f", cells)
    assert why in said and said.startswith("mynn does not keep f: ")
    assert shelf == {}


def test_local_names_are_not_taken_for_those_of_the_notebook():
    cells = ["x = load()", "def f(x):\n    y = [x for x in range(3)]\n    return x, y"]
    text = module_source("ch00.f", "f", cells, set())
    assert "load" not in text


def test_files_are_plain_and_lie_under_the_exercises_name(folder):
    own.keep("ch03.Relu", "Relu", [SETUP, RELU])
    path = folder.path / "ch03_Relu.py"
    text = path.read_text(encoding="utf-8")
    assert text.startswith('"""Relu: your answer to ch03.Relu')
    assert list(folder) == ["ch03.Relu"] and len(folder) == 1
    from mynn import Relu

    assert inspect.getsourcefile(Relu) == str(path)


def test_a_change_by_hand_is_used_and_is_never_lost(folder):
    own.keep("ch00.double", "double", ["def double(x):\n    return x + x"])
    path = folder.path / "ch00_double.py"
    path.write_text(path.read_text().replace("x + x", "2 * x  # mine"), encoding="utf-8")
    from mynn import double

    assert "# mine" in inspect.getsource(double)
    assert own.keep("ch00.double", "double", ["def double(x):\n    return x * 2"]) == (
        "mynn/ch00_double.py had been changed by hand: that version is now "
        "mynn/ch00_double.edited-1.py, and your newer answer has taken its place."
    )
    assert "# mine" in (folder.path / "ch00_double.edited-1.py").read_text()
    path.write_text(path.read_text() + "# again\n", encoding="utf-8")
    own.keep("ch00.double", "double", ["def double(x):\n    return 2 * x"])
    assert "# again" in (folder.path / "ch00_double.edited-2.py").read_text()
    assert list(folder) == ["ch00.double"]


def test_an_answer_that_passes_again_unchanged_leaves_the_file_alone(folder):
    own.keep("ch00.double", "double", ["def double(x):\n    return x + x"])
    before = (folder.path / "ch00_double.py").stat().st_mtime_ns
    assert own.keep("ch00.double", "double", ["def double(x):\n    return x + x"]) == ""
    assert (folder.path / "ch00_double.py").stat().st_mtime_ns == before


def test_a_lost_list_of_what_was_written_protects_every_file(folder):
    own.keep("ch00.double", "double", ["def double(x):\n    return x + x"])
    (folder.path / ".written.json").write_text("{", encoding="utf-8")
    assert "by hand" in own.keep("ch00.double", "double", ["def double(x):\n    return 2 * x"])
    assert json.loads((folder.path / ".written.json").read_text())["ch00_double.py"]


def test_a_file_that_cannot_be_run_is_named_with_what_to_do(folder):
    own.keep("ch00.double", "double", ["def double(x):\n    return x + x"])
    path = folder.path / "ch00_double.py"
    path.write_text(path.read_text() + "\n1 / 0\n", encoding="utf-8")
    with pytest.raises(ImportError, match=r"ch00_double.py cannot be run: ZeroDivisionError"):
        from mynn import double  # noqa: F401


def test_a_traceback_shows_the_students_line(shelf):
    own.keep("ch00.f", "f", ["def f(x):\n    return 1 / x  # here"])
    from mynn import f

    with pytest.raises(ZeroDivisionError) as caught:
        f(0)
    assert "return 1 / x  # here" in "".join(traceback.format_exception(caught.value))


def test_answers_are_found_in_a_notebook_that_is_not_run():
    cells = [
        SETUP,
        RELU,
        'check("ch03.Relu", Relu)',
        'check("ch03.Relu", Relu, seed=3)\ncheck("ch03.lost", lost)\ncheck("ch03.f", lambda x: x)',
        "raise SystemExit",
    ]
    assert checked(cells) == {"ch03.Relu": "Relu", "ch03.lost": "lost"}
    found = own.from_cells(cells)
    assert list(found) == ["ch03.Relu"]
    own.use(found)
    try:
        from mynn import Relu

        assert Relu.__module__ == "mynn.ch03_Relu"
    finally:
        own.use(None)


def test_a_definition_that_is_missing_cannot_be_kept():
    with pytest.raises(CannotKeepError):
        module_source("ch00.f", "f", ["f = 3"], set())


def test_plain_python_in_the_students_folder_finds_the_library(folder):
    own.keep("ch00.double", "double", ["def double(x):\n    return x + x"])
    for words in (
        "import mynn; print(mynn.double(4))",
        "from mynn import double; print(double(4))",
    ):
        done = subprocess.run(
            [sys.executable, "-c", words],
            cwd=folder.path.parent,
            env={"PYTHONPATH": ":".join(p for p in sys.path if p)},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout == "8\n"


def run_notebook(folder, cells):
    """Run cells in a real kernel in this folder; return what each has printed or shown."""
    nbformat = pytest.importorskip("nbformat")
    nbclient = pytest.importorskip("nbclient")
    notebook = nbformat.v4.new_notebook()
    notebook.cells = [nbformat.v4.new_code_cell(cell) for cell in cells]
    nbclient.NotebookClient(
        notebook,
        timeout=60,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
    ).execute()
    return [
        "".join(output.get("text") or output.get("data", {}).get("text/plain", ""))
        for cell in notebook.cells
        for output in cell.outputs
    ]


def test_in_a_notebook_check_keeps_what_passes_and_the_next_notebook_imports_it(
    tmp_path, monkeypatch
):
    monkeypatch.delenv("BACKPROP_PROGRESS")
    first = run_notebook(
        tmp_path,
        [
            "from exercises_lib import check",
            "def double(x):\n    y = 2 * x  # my own way\n    return y",
            'check("ch00.double", lambda x: 3 * x)',
            'check("ch00.double", double)',
        ],
    )
    assert "passed" in first[-1]
    second = run_notebook(
        tmp_path,
        ["import exercises_lib", "from mynn import double, Relu", "print(double(21))"],
    )
    assert second == ["mynn: Relu is the course's; none of your own has passed yet.\n", "42\n"]
    assert "# my own way" in (tmp_path / "mynn" / "ch00_double.py").read_text()
