# ruff: noqa: E501 - the attacks are code in strings
"""Attacks of a second round: on the border itself, on memory, on the flags, and fairness at the edges."""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from exercises_lib.course.notebooks import Notebook
from exercises_lib.grading.notebook import UnreadableError
from exercises_lib.grading.sandbox import Limits
from exercises_lib.grading.submissions import find
from exercises_lib.grading.task import Outcome

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="grading forks processes")

SETUP = "import numpy as np\nfrom exercises_lib import check, figures, hint, nn"
RIGHT = "def double(x):\n    return 2 * x"
WRONG = "def double(x):\n    return x + 2"
CHILD = 'import sys\nc = sys.modules["".join(["exercises_", "lib.grading.child"])]\n'
FORGED = (
    CHILD + "def forge(steps):\n"
    "    c._observe = lambda s, r, *_: {'runs': [[{'steps': steps, 'after': i[0], 'failure': None, 'printed': '', 'seconds': 0.0}] * 2\n"
    "                            for i in r['cases']], 'library': [], 'origin': ''}\n"
)
REPLY = """
import json, os, struct
def reply(**parts):
    message = json.dumps({"dict": [[k, v] for k, v in parts.items()]}).encode()
    for fd in range(3, 30):
        try: os.write(fd, struct.pack('!Q', len(message)) + message)
        except OSError: pass
"""

FOOLING = {
    "forges the reply to the cell after next": REPLY
    + "reply(outputs=[], error=None, **{'for': 'cell-2'})\nreply(runs=[[]], library=[], origin='', **{'for': 'cell-4'})",
    "forges replies from a thread": REPLY
    + "import threading\ndef go():\n    while True: reply(runs=[], library=[], origin='', **{'for': 'cell-3'})\n"
    "threading.Thread(target=go, daemon=True).start()",
    "sends descriptors along": (
        "import os, socket\nfor fd in range(3, 30):\n    try: socket.send_fds(socket.socket(fileno=os.dup(fd)), [b''], [0] * 50)\n"
        "    except OSError: pass"
    ),
    "lays a pipe over the connection": (
        "import os\nr, w = os.pipe()\nfor fd in range(3, 30):\n    try: os.fstat(fd)\n    except OSError: continue\n"
        "    if fd not in (r, w): os.dup2(w, fd)"
    ),
    "forges containers nested too deeply for a comparison": FORGED
    + "v = 1\nfor _ in range(450): v = [v]\nforge([('result', v), ('result', v)])",
    "forges a number of 2000 digits": FORGED + "forge([('result', 10 ** 1990)])",
    "forges ten thousand outputs": FORGED
    + "forge([('result', np.full(9, k + .1)) for k in range(9_999)])",
    "claims a failure of a kind that does not exist": CHILD
    + "c._observe = lambda s, r, *_: {'runs': [[{'steps': [], 'after': i[0], 'failure': ['passed', '', '', '', ''], 'printed': '', 'seconds': 0.0}]\n"
    "                        for i in r['cases']], 'library': [], 'origin': ''}",
    "has a metaclass that is equal to every type": (
        "class M(type):\n    def __instancecheck__(c, o): return True\n    def __eq__(c, o): return True\n"
        "    def __hash__(c): return hash(float)\nclass F(metaclass=M): pass\ndef right(x): return F()"
    ),
    "changes the answer from a thread": (
        "import threading, time\ndef go():\n    while True:\n        globals()['double'] = lambda x: 0\n        time.sleep(.001)\n"
        "threading.Thread(target=go, daemon=True).start()"
    ),
}


def cells(code: str, answer: str) -> list[tuple[str, str]]:
    """Lay out a notebook of chapter 00."""
    check = 'check("ch00.double", double)'
    return [
        ("ch00-setup", SETUP),
        ("attack", code),
        ("ch00-double", answer),
        ("ch00-double-check", check),
    ]


def is_undisturbed(grade: Callable[..., Outcome]) -> bool:
    """Tell whether the same worker still gives an honest notebook its mark."""
    return grade(cells("", RIGHT)).verdict("ch00.double").status == "passed"


def test_what_is_forged_does_reach_the_judge(grade: Callable[..., Outcome]) -> None:
    verdict = grade(cells(FORGED + "forge([('result', 123.0)])", WRONG)).verdict("ch00.double")
    assert verdict.status == "wrong" and "result is " in verdict.message


@pytest.mark.parametrize("code", FOOLING.values(), ids=FOOLING.keys())
def test_what_is_forged_on_the_border_earns_nothing(
    code: str, grade: Callable[..., Outcome]
) -> None:
    answer = "def double(x):\n    return F()" if "class F" in code else WRONG
    outcome = grade(cells(code, answer), limits=Limits(2.0, 12.0, memory=512 << 20))
    assert outcome.verdict("ch00.double").earned == 0
    assert outcome.status != "grader-failed"  # else it would be tried again, and be nobody's fault
    assert outcome.seconds < 12
    assert is_undisturbed(grade)


def test_outputs_without_number_do_not_keep_the_grader_busy(grade: Callable[..., Outcome]) -> None:
    code = CHILD + (
        "run = c._run\ndef flood(*a):\n    return {**run(*a), 'outputs': [['stdout', 'x']] * 100_000}\nc._run = flood"
    )
    outcome = grade(cells(code, RIGHT), limits=Limits(5.0, 12.0))
    assert outcome.seconds < 8
    assert is_undisturbed(grade)


def test_memory_that_processes_share_cannot_be_taken_without_being_counted(
    grade: Callable[..., Outcome],
) -> None:
    code = "import mmap\ntry:\n    mmap.mmap(-1, 4096)\nexcept OSError:\n    refused = True\n"
    answer = "if refused:\n    def double(x):\n        return 2 * x"
    assert grade(cells(code, answer)).verdict("ch00.double").status == "passed"


DISGUISES = {
    "asks getattr": ("", "getattr(nn, 'Relu')()"),
    "hides the import in a cell that is not plain Python": (
        "x = !true\nfrom exercises_lib.nn import Relu as R\nmake = iter([R] * 999)",
        "next(make)()",
    ),
    "hides the import behind a magic": (
        "%time from exercises_lib.nn import Relu as R\n%time make = iter([R] * 999)",
        "next(make)()",
    ),
    "keeps it in an array": ("box = np.array([nn.Relu], dtype=object)", "box[0]()"),
    "keeps it in a namespace": ("import types\nbox = types.SimpleNamespace(r=nn.Relu)", "box.r()"),
    "makes the kernel say nothing": (
        CHILD + "c.library_uses = lambda answer: set()\nbox = [nn.Relu]",
        "box[0]()",
    ),
}


@pytest.mark.parametrize(("before", "make"), DISGUISES.values(), ids=DISGUISES.keys())
def test_the_librarys_own_layer_in_disguise_earns_nothing(
    before: str, make: str, grade: Callable[..., Outcome]
) -> None:
    answer = (
        f"class Relu:\n    def __init__(self): self.i = {make}\n    def forward(self, x): return self.i.forward(x)\n"
        "    def backward(self, dout): return self.i.backward(dout)"
    )
    outcome = grade(
        [
            ("ch03-setup", SETUP),
            ("own", before),
            ("ch03-relu", answer),
            ("ch03-relu-check", 'check("ch03.Relu", Relu)'),
        ],
        "03",
    )
    assert outcome.verdict("ch03.Relu").status in ("wrong", "error", "unanswered")


def _without_ids(notebook: Notebook) -> None:
    notebook["nbformat_minor"] = 0
    for cell in notebook["cells"]:
        del cell["id"]


def _one_id(notebook: Notebook) -> None:
    for cell in notebook["cells"]:
        cell["id"] = "a"


def _odd_types(notebook: Notebook) -> None:
    notebook["metadata"] = []
    for number, cell in enumerate(notebook["cells"]):
        cell |= {"id": [number], "metadata": 3, "outputs": "x"}


def _timed(notebook: Notebook) -> None:
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell["source"] = "%%time\n" + "".join(cell["source"])


def _twice(notebook: Notebook) -> None:
    notebook["cells"] = [copy.deepcopy(cell) for cell in notebook["cells"] for _ in range(2)]


def _in_one_cell(notebook: Notebook) -> None:
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    joined = "\n".join("".join(cell["source"]) for cell in code)
    notebook["cells"] = [{**code[0], "source": joined, "id": "all"}]


def _windows_lines(notebook: Notebook) -> None:
    for cell in notebook["cells"]:
        cell["source"] = "".join(cell["source"]).replace("\n", "\r\n")


def _noisy(notebook: Notebook) -> None:
    words = ["input('?')", "files = !ls", "def (", "raise KeyboardInterrupt", "%matplotlib widget"]
    words += ["from google.colab import drive", "%%bash\necho hi", "await __import__('asyncio').sleep(0)"]  # fmt: skip
    extra = [{"cell_type": "code", "id": "", "source": word} for word in words]
    notebook["cells"] = [*extra, *notebook["cells"], *extra]


@pytest.mark.parametrize(
    "change",
    [_without_ids, _one_id, _odd_types, _timed, _twice, _in_one_cell, _windows_lines, _noisy],
    ids=lambda change: change.__name__,
)
def test_right_work_keeps_its_marks_however_the_notebook_was_saved(
    change: Callable[[Any], None],
    solved: Callable[[str], Notebook],
    grade: Callable[..., Outcome],
) -> None:
    notebook = json.loads(json.dumps(solved("03")))
    change(notebook)
    outcome = grade(notebook, "03", limits=Limits(10.0, 60.0))
    assert [one.exercise_id for one in outcome.verdicts if one.status != "passed"] == []


def test_links_that_lead_in_a_circle_are_a_row_and_no_end(tmp_path: Path) -> None:
    (tmp_path / "ana.ipynb").write_text("{}")
    try:
        (tmp_path / "loop.ipynb").symlink_to("loop.ipynb")
    except OSError:
        pytest.skip("no links here")
    loop = next(one for one in find(tmp_path) if one.student == "loop")
    with pytest.raises(UnreadableError) as caught:
        loop.read()
    assert caught.value.status == "unsafe"
