# ruff: noqa: E501 - the attacks are code in strings
"""The answers of the course are not in the kernel that grades them, however they are looked for."""

from __future__ import annotations

import hashlib
import os
import textwrap
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from exercises_lib import exercises
from exercises_lib.checking import Case, Exercise, Observation, Trial, missing_modules, run
from exercises_lib.checking.compare import find_problems
from exercises_lib.checking.judge import load
from exercises_lib.checking.trial import Known
from exercises_lib.course.notebooks import Notebook
from exercises_lib.data import load_digits
from exercises_lib.grading import library
from exercises_lib.grading.kernel import KernelFactory
from exercises_lib.grading.manifest import Plan
from exercises_lib.grading.sandbox import Limits
from exercises_lib.grading.task import Outcome

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="grading forks processes")

Grade = Callable[..., Outcome]
SETUP = ("setup", "import numpy as np\nfrom exercises_lib import check, nn")

BY_THE_LIBRARY = {
    "as it is": "Affine = nn.Affine",
    "inside an own class": """
        lib = nn
        class Affine:
            def __init__(self, W, b): self.layer = lib.Affine(W, b)
            def forward(self, x): return self.layer.forward(x)
            def backward(self, dout):
                dx = self.layer.backward(dout)
                self.dW, self.db = self.layer.dW, self.layer.db
                return dx
    """,
    "by attrgetter": "import operator\nAffine = operator.attrgetter('Affine')(nn)",
    "from an instance that a cell of the course makes": """
        net = nn.TwoLayerNet(3, 4, 2, np.random.default_rng(0))
        Affine = type(net.affine1)
    """,
    "by a class of the course that inherits": "class Given(nn.Affine): pass\nAffine = Given",
    "by map over names": "Affine, = map(lambda name: getattr(nn, name), ['Affine'])",
    "from its file": "from exercises_lib.nn.affine import Affine",
    "from a file by its path": """
        import importlib.util, exercises_lib
        path = exercises_lib.__path__[0] + '/nn/affine.py'
        spec = importlib.util.spec_from_file_location('affine', path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        Affine = module.Affine
    """,
    "from compiled files": """
        import glob, marshal, exercises_lib
        name, = glob.glob(exercises_lib.__path__[0] + '/nn/__pycache__/affine*.pyc')
        space = {}
        exec(marshal.loads(open(name, 'rb').read()[16:]), space)
        Affine = space['Affine']
    """,
    "from memory": """
        import gc
        Affine, = [one for one in gc.get_objects() if isinstance(one, type) and one.__name__ == 'Affine']
    """,
    "from code in memory": """
        import gc, types
        codes = [f.__code__ for f in gc.get_objects() if isinstance(f, types.FunctionType)]
        found, = [code for code in codes if code.co_qualname == 'Affine.backward']
        class Affine: backward = types.FunctionType(found, {'np': np})
    """,
    "after it is deleted from the modules": """
        import sys
        for name in [name for name in sys.modules if name.startswith('exercises_lib')]: del sys.modules[name]
        from exercises_lib.nn import Affine
    """,
}
"""Ways in which a student's `Affine` could be the library's."""


@pytest.mark.parametrize("code", BY_THE_LIBRARY.values(), ids=list(BY_THE_LIBRARY))
def test_the_librarys_layer_is_no_answer(code: str, grade: Grade) -> None:
    cells = [SETUP, ("own", textwrap.dedent(code)), ("x", 'check("ch04.Affine", Affine)')]
    verdict = grade(cells, "04").verdict("ch04.Affine")
    assert verdict.status != "passed" and verdict.earned == 0


PATCHES = {
    "flags nothing": "import exercises_lib.grading.child as c\nc.library_uses = lambda a: set()",
    "puts the library's object of the wanted name into the namespace": """
        import sys
        import exercises_lib.grading.child as c
        look = c._observe
        def patched(shell, request, connection):
            from exercises_lib import nn
            name = request["expression"]
            shell.user_ns[name] = getattr(nn, name, None) or getattr(nn.columns, name, None)
            found = look(shell, request, connection)
            found["library"] = []
            return found
        c._observe = patched
    """,
    "waits for what it is lent and answers with that": """
        import sys
        import exercises_lib.grading.child as c
        from exercises_lib.grading import lent
        def late(parcel, receive=lent.receive):
            receive(parcel)
            get_ipython().user_ns.update(vars(sys.modules["exercises_lib.nn"]))
        lent.receive = late
    """,
}


@pytest.mark.parametrize("code", PATCHES.values(), ids=list(PATCHES))
def test_a_patched_observer_over_untouched_chapters_earns_nothing(
    code: str,
    grade: Grade,
    untouched: Callable[[str], Notebook],
    plans: dict[str, Plan],
) -> None:
    for chapter in ("03", "04", "05", "07", "09"):
        notebook = untouched(chapter)
        first = notebook["cells"].index(
            next(cell for cell in notebook["cells"] if cell["cell_type"] == "code")
        )
        own = {**notebook["cells"][first], "id": "own", "source": textwrap.dedent(code)}
        notebook["cells"].insert(first + 1, own)
        outcome = grade(notebook, chapter)
        earned = {v.exercise_id: v.earned for v in outcome.verdicts if v.earned}
        # What a chapter hands out under the name of an answer is its own affair.
        assert not earned, (chapter, earned)


def test_an_exercise_left_open_is_not_answered_by_what_is_lent_for_the_next(
    grade: Grade,
) -> None:
    cells = [
        SETUP,
        ("ch03-relu-check", 'check("ch03.Relu", Relu)'),
        ("ch03-relu-fix-check", 'check("ch03.relu_fix", MendedRelu)'),
        ("late", "Relu = nn.Relu\nMendedRelu = nn.Relu\nclass Own(nn.Relu): pass"),
    ]
    outcome = grade(cells, "03")
    assert sum(verdict.earned for verdict in outcome.verdicts) == 0


def test_what_has_been_asked_for_is_lent_to_the_cells_below(grade: Grade) -> None:
    shop = """
        def shop(apple_price, apple_count, orange_price, orange_count, tax):
            names = "apple_price", "apple_count", "orange_price", "orange_count"
            apple, orange, add, last = MUL(), MUL(), ADD(), MUL()
            total = last.forward(add.forward(apple.forward(apple_price, apple_count), orange.forward(orange_price, orange_count)), tax)
            both, dtax = last.backward(1.0)
            one, other = add.backward(both)
            return total, dict(zip(names, (*apple.backward(one), *orange.backward(other)))) | {"tax": dtax}
    """
    shop = textwrap.dedent(shop).replace("MUL", "nn.MulLayer").replace("ADD", "nn.AddLayer")
    answer, look = ("ch03-shop", shop), ("ch03-shop-check", 'check("ch03.shop", shop)')
    layers = [
        ("ch03-mul-layer-check", 'check("ch03.MulLayer", MulLayer)'),
        ("ch03-add-layer-check", 'check("ch03.AddLayer", AddLayer)'),
    ]
    for cells in ([*layers, answer, look], [answer, look]):  # left open, or cut out altogether
        outcome = grade([SETUP, *cells], "03")
        earned = {v.exercise_id for v in outcome.verdicts if v.earned}
        assert earned == {"ch03.shop"}, outcome


def test_use_of_what_is_not_lent_is_said_in_the_verdict(grade: Grade) -> None:
    code = "class Affine:\n    def __init__(self, W, b):\n        self.layer = nn.Affine(W, b)\n    def forward(self, x):\n        return x\n    backward = forward"
    cells = [SETUP, ("ch04-affine-class", code), ("c", 'check("ch04.Affine", Affine)')]
    verdict = grade(cells, "04").verdict("ch04.Affine")
    assert "nn.Affine is not there" in verdict.message


def test_an_answer_below_a_demonstration_in_the_same_cell_counts(grade: Grade) -> None:
    cell = "layer = nn.Affine(np.ones((2, 2)), np.ones(2))\nprint(layer)\n\ndef bias_gradient(dout):\n    return dout.sum(axis=0)"
    cells = [SETUP, ("own", cell), ("c", 'check("ch04.bias_gradient", bias_gradient)')]
    assert grade(cells, "04").verdict("ch04.bias_gradient").status == "passed"


# --- labels and data ----------------------------------------------------------------------------


def test_the_nearest_picture_and_the_nearest_note_earn_nothing(grade: Grade) -> None:
    pictures = """
        from exercises_lib.data import load_digits
        class Nearest:
            def __init__(self, rng):
                known = load_digits()
                self.x, self.t = np.vstack([known[0], known[2]]), np.concatenate([known[1], known[3]])
                self.params = {"W1": rng.normal(size=(64, 10)), "b1": np.zeros(10)}
            def predict(self, x):
                return np.eye(10)[self.t[((x[:, None] - self.x) ** 2).sum(2).argmin(1)]]
        def train_digits(x_train, t_train, rng):
            return Nearest(rng)
    """
    notes = """
        def train_notes(x, t, rng):
            return {"weight1": x.T, "bias1": -(x**2).sum(0)[:, None] / 2, "weight2": 2 * t - 1, "bias2": np.zeros((1, 1))}
    """
    limits = Limits(cell_seconds=60.0, total_seconds=120.0)
    for chapter, name, code, words in (
        ("06", "reach_digits", pictures, "drawn anew"),
        ("07", "reach_banknotes", notes, "at most 1,000"),
    ):
        function = "train_digits" if chapter == "06" else "train_notes"
        look = ("look", f'check("ch{chapter}.{name}", {function})')
        verdict = grade([SETUP, ("own", textwrap.dedent(code)), look], chapter, limits).verdict(
            f"ch{chapter}.{name}"
        )
        assert verdict.status != "passed" and verdict.earned == 0
        assert words in verdict.message


def test_no_kernel_has_a_test_digit_of_the_course() -> None:
    factory = KernelFactory()
    kernel = factory.kernel([], Limits())
    code = """
        import glob, hashlib, exercises_lib.data
        for row in exercises_lib.data.load_digits().x_test: print(hashlib.sha256(row.tobytes()).hexdigest()[:16])
        print(len(glob.glob(exercises_lib.data.__path__[0] + "/*.npz")))
    """
    try:
        reply = kernel.request({"code": textwrap.dedent(code)}, 10.0)
    finally:
        kernel.stop()
        factory.close()
    *told, files = reply["outputs"][0][1].split()
    there = {hashlib.sha256(row.tobytes()).hexdigest()[:16] for row in load_digits().x_test}
    assert len(told) == 360 and not there & set(told) and files == "0"


# --- the table ----------------------------------------------------------------------------------


def everything() -> dict[str, Any]:
    """Return every function and class of `nn`, public or not, by the place that defines it."""
    import importlib

    found = {}
    for module in library._order():
        home = importlib.import_module(f"exercises_lib.nn.{module}")
        for name in library._file(module).defined:
            if callable(getattr(home, name)):
                found[f"{module}.{name}"] = getattr(home, name)
    return found


def test_every_name_of_the_library_has_its_place_in_the_table() -> None:
    from exercises_lib import nn

    public = {name for name in nn.__all__ if name != "columns"}
    public |= {
        f"columns.{name}"
        for name in vars(nn.columns)
        if getattr(getattr(nn.columns, name), "__module__", "") == nn.columns.__name__
    }
    assert public <= library.LOANS.keys()
    assert library.LOANS.keys() <= library._places().keys()
    known = {exercise.id for exercise in exercises.all_exercises()}
    named = {one for loan in library.LOANS.values() for one in loan.after}
    assert {one for one in named - known if not one.startswith("ch10.")} == set()


def disguises(thing: Any) -> Iterator[Any]:
    """Yield an object of the library as it is, and with a few words around it."""
    yield thing
    if isinstance(thing, type):
        yield type("Own", (thing,), {})
        for name, part in vars(thing).items():
            if callable(part) and not name.startswith("_"):
                yield part
    else:
        yield lambda *arguments: thing(*arguments)
        yield lambda *arguments: thing(*arguments[::-1])
        yield lambda *arguments: thing(*arguments)[0]


def passes(
    exercise: Exercise, cases: list[Case], expected: Sequence[Observation], answer: Any
) -> bool:
    """Tell whether an answer is right on the cases."""
    seen = run(exercise, answer, cases)
    return not any(find_problems(Trial(exercise, cases, seen, expected)))


@pytest.mark.parametrize("chapter", [f"{number:02}" for number in range(11)])
def test_nothing_that_is_lent_while_an_exercise_is_open_answers_it(chapter: str) -> None:
    things = everything()
    asked = [e.id for e in exercises.chapter_exercises(chapter)]
    for name in asked:
        exercise = exercises.get(name)
        if exercise.kind in ("number", "choice", "target") or missing_modules(exercise):
            continue
        exercise = replace(exercise, mistakes=(), seconds=60.0)
        load(exercise)
        cases = list(exercise.draw(np.random.default_rng(zlib.crc32(name.encode()))))
        expected = Known.of(exercise, cases).expected
        # Everything but this one has been judged: the most that a kernel can have been lent.
        judged = set(asked) - {name}
        for place in library.lent_names(chapter, judged):
            for part in library._parts(place) & things.keys():
                for answer in disguises(things[part]):
                    # Most are no answer to a single case.
                    if all(passes(exercise, cases[:n], expected[:n], answer) for n in (1, None)):
                        pytest.fail(f"{part} answers {name}")
