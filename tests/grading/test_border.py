"""What an instructor has beside the submissions stays unseen, and what students hand in unimported.

Every run is a command of its own in a foreign folder: the course and its Python stand in a home
folder that also holds a key and a token, and the submissions lie beside them. It is made once as
root and once as an ordinary user.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from exercises_lib.course.notebooks import Notebook, dump, notebook_name
from exercises_lib.grading.gradebook import Gradebook, SubmissionResult

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="the walls are those of Linux"
)
ORDINARY = 12_345
SECRET = "a-key-that-nobody-may-read"
KEPT = {".ssh/id_rsa": 0o600, ".netrc": 0o600, "private.txt": 0o644, "course/.git/config": 0o644}
"""What stands in the instructor's home folder, beside the submissions."""
HANDED_IN = (
    *("conftest", "pytest", "nbval", "_pytest", "numpy", "json", "pickle", "sqlite3", "socket"),
    *("select", "struct", "hashlib", "zlib", "secrets", "dataclasses", "tempfile", "subprocess"),
    *("threading", "ast", "re", "click", "rich", "IPython", "matplotlib", "traitlets", "readline"),
    *("ipywidgets", "anywidget", "concurrent", "multiprocessing", "sitecustomize", "typing"),
    *("usercustomize", "rfc3987_syntax", "importlib_metadata"),
)
"""Modules that a student hands in beside a notebook."""


@dataclass(frozen=True)
class Place:
    """A home folder with a Python, the course, secrets and submissions, and whose it is."""

    home: Path
    user: int | None

    @property
    def bin(self) -> Path:
        """Where its commands are."""
        return self.home / "venv/bin"

    def run(self, words: Sequence[str | Path], folder: Path) -> str:
        """Run a command as the owner of the place; returns what it says."""
        done = subprocess.run(
            list(map(str, words)),
            cwd=folder,
            env={"HOME": str(self.home), "PATH": f"{self.bin}:/usr/bin:/bin", "LANG": "C.UTF-8"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            **({} if self.user is None else {"user": self.user, "group": self.user}),
            **({} if self.user is None else {"extra_groups": []}),
        )
        assert done.returncode == 0, done.stdout
        return done.stdout

    def own(self) -> None:
        """Give the folder to its user, down to every file."""
        if self.user is not None:
            for path in (self.home, *self.home.rglob("*")):
                os.chown(path, self.user, self.user, follow_symlinks=False)


def python_for(user: int | None) -> str:
    """Return a Python of this version that the user may start."""
    base = Path(getattr(sys, "_base_executable", sys.executable)).resolve()
    if user is None:
        return str(base)
    code = "import sys; print(*sys.version_info[:2], sys.base_prefix)"
    for path in (str(base), "/usr/bin/python3", "/usr/local/bin/python3"):
        if Path(path).exists():
            options = {"user": user, "group": user, "extra_groups": []}
            try:
                done = subprocess.run([path, "-c", code], capture_output=True, **options)
            except PermissionError:
                continue
            version = "{} {}".format(*sys.version_info[:2]).encode()
            if done.returncode == 0 and done.stdout.startswith(version):
                return path
    pytest.skip("no Python of this version that another user may start")


@pytest.fixture(scope="module", params=["root", "ordinary user"])
def place(request: pytest.FixtureRequest, root: Path) -> Iterator[Place]:
    """A home folder, of root and of an ordinary user."""
    if os.geteuid() != 0 and request.param == "root":
        pytest.skip("needs root")
    user = ORDINARY if request.param == "ordinary user" and os.geteuid() == 0 else None
    base = python_for(user)
    home = Path(tempfile.mkdtemp(prefix="border-", dir="/var/tmp"))
    home.chmod(0o755)
    try:
        words = [base, "-m", "venv", "--without-pip", "--symlinks", home / "venv"]
        if subprocess.run(words, capture_output=True).returncode:
            pytest.skip("no virtual environment can be made")
        packages = next((home / "venv/lib").glob("python3*/site-packages"))
        (packages / "course.pth").write_text(
            f"{home / 'course'}\n{sysconfig.get_path('purelib')}\n"
        )
        script = home / "venv/bin/backprop"
        script.write_text(
            f"#!{home}/venv/bin/python\nimport sys\nfrom exercises_lib.cli import main\n"
            "sys.exit(main())\n"
        )
        script.chmod(0o755)
        without = shutil.ignore_patterns("__pycache__")
        shutil.copytree(root / "exercises_lib", home / "course/exercises_lib", ignore=without)
        (home / "course/solutions").mkdir()
        for number in ("00", "03", "04"):
            shutil.copy(root / "solutions" / notebook_name(number), home / "course/solutions")
        for name, mode in KEPT.items():
            (home / name).parent.mkdir(exist_ok=True)
            (home / name).write_text(SECRET)
            (home / name).chmod(mode)
        made = Place(home, user)
        made.own()
        yield made
    finally:
        shutil.rmtree(home)


def hand_in(place: Place, folder: str, **notebooks: Notebook) -> Path:
    """Write submissions into a folder of the home."""
    given = place.home / folder
    shutil.rmtree(given, ignore_errors=True)
    given.mkdir()
    for name, notebook in notebooks.items():
        (given / f"{name}.ipynb").write_text(dump(notebook))
    return given


def answered(notebook: Notebook, code: str) -> Notebook:
    """Put code into the place of the answer of chapter 00."""
    for cell in notebook["cells"]:
        if cell.get("id") == "ch00-double":
            cell["source"] = code
    return notebook


def records(path: Path) -> dict[str, SubmissionResult]:
    """Read a gradebook: student → what it says."""
    book = Gradebook(path, create=False)
    try:
        return {one.student: one for one in book.records()}
    finally:
        book.close()


READER = """
import os
def double(x):
    found = []
    for path in {paths!r}:
        try: found.append(open(path).read())
        except OSError: pass
    for line in open('/proc/self/mounts'):
        top = line.split()[1]
        if top.startswith(('/proc', '/usr', '/lib', '/bin', '/sbin', '/sys')): continue
        for folder, inner, files in os.walk(top):
            if 'site-packages' in folder or 'python3.' in folder: inner.clear()
            for name in files:
                if name not in {names!r} and not name.endswith('.ipynb'): continue
                found.append(name)
                try: found.append(open(os.path.join(folder, name), errors='replace').read(400))
                except OSError: continue
    raise RuntimeError('seen: ' + ' '.join(found) + ' in all')
"""


@pytest.mark.parametrize("where", ["home", "submissions"])
def test_a_student_reads_nothing_that_lies_beside_the_submissions(
    place: Place, where: str, solved: Callable[[str], Notebook]
) -> None:
    names = [Path(name).name for name in (*KEPT, "beside.txt", "marks.db")]
    paths = [str(place.home / name) for name in (*KEPT, "subs/beside.txt", "marks.db")]
    code = READER.format(paths=paths, names=names)
    given = hand_in(place, "subs", spy=answered(solved("00"), code), other=solved("00"))
    (given / "beside.txt").write_text(SECRET)
    place.own()
    folder = place.home if where == "home" else given
    words = ["backprop", "grade", given, "--require-sandbox", "--jobs", "1", "--again"]
    said = place.run([place.bin / words[0], *words[1:], "--gradebook", "marks.db"], folder)
    found = records(folder / "marks.db")
    (folder / "marks.db").unlink()
    (row,) = found["spy"].rows
    assert SECRET not in said + row.message + row.traceback
    assert "RuntimeError in double(x): seen:  in all." in row.message
    assert found["other"].points == 1


COMMANDS = {
    "the command": ["backprop"],
    "python -m": ["python", "-m", "exercises_lib.cli"],
}


@pytest.mark.parametrize("command", COMMANDS.values(), ids=list(COMMANDS))
def test_nothing_that_is_handed_in_is_imported(
    place: Place,
    command: list[str],
    solved: Callable[[str], Notebook],
    untouched: Callable[[str], Notebook],
) -> None:
    given = hand_in(place, "subs", open=untouched("00"), right=solved("00"))
    trace = place.home / "imported"
    for name in HANDED_IN:
        (given / f"{name}.py").write_text(
            f"open({str(trace)!r}, 'a').write(__name__ + ' ')\n"
            "try:\n"
            "    import exercises_lib.grading.plugin as p\n"
            "    from exercises_lib.checking import Verdict\n"
            "    p.judge = lambda exercise, *_: Verdict.of(exercise, 'passed')\n"
            "except Exception: pass\n"
        )
    (given / "pytest.ini").write_text("[pytest]\naddopts = -p numpy\n")
    place.own()
    words = [place.bin / command[0], *command[1:], "grade", ".", "--jobs", "1", "--again"]
    said = place.run(words, given)
    assert not trace.exists(), (trace.read_text(), trace.unlink())
    found = records(given / "marks.db")
    assert (found["open"].points, found["right"].points) == (0, 1), said


def test_the_code_that_runs_for_students_comes_from_the_course_and_its_packages_alone(
    place: Place, solved: Callable[[str], Notebook]
) -> None:
    code = """
import json, sys
def double(x):
    raise RuntimeError(json.dumps([sys.path, sys.flags.safe_path, sys.flags.no_user_site]))
"""
    given = hand_in(place, "subs", spy=answered(solved("00"), code))
    place.own()
    place.run([place.bin / "backprop", "grade", ".", "--jobs", "1", "--again"], given)
    (row,) = records(given / "marks.db")["spy"].rows
    path, safe, alone = json.loads(
        row.message[row.message.index("[[") : row.message.rindex("]") + 1]
    )
    assert safe and alone
    for entry in path:
        assert not {"", str(given), str(place.home), str(place.home / "course")} & {entry}, path


TAKEN = {
    "as it is": """
from exercises_lib import nn
for name in nn.__all__: globals()[name] = getattr(nn, name)
""",
    "from files": """
import glob, importlib.util, exercises_lib
for path in glob.glob(exercises_lib.__path__[0] + '/**', recursive=True):
    spec = importlib.util.spec_from_file_location('taken', path)
    taken = importlib.util.module_from_spec(spec)
    try: spec.loader.exec_module(taken)
    except Exception: continue
    globals().update(vars(taken))
""",
    "when it is wanted": """
import sys
child = sys.modules['exercises_lib.grading.child']
def patched(shell, request, *more, look=child._observe):
    from exercises_lib import nn
    for home in (nn, nn.columns):
        shell.user_ns.setdefault(request['expression'], getattr(home, request['expression'], None))
    return {**look(shell, request, *more), 'library': [], 'origin': ''}
child._observe = patched
""",
}
"""Ways in which a first cell could bring the answers of the library."""


def test_the_library_s_answers_are_nowhere_to_be_taken_from(
    place: Place, solved: Callable[[str], Notebook], untouched: Callable[[str], Notebook]
) -> None:
    notebooks = {"ann": solved("03"), "zoe": solved("04")}
    for number, code in enumerate(TAKEN.values()):
        for chapter in ("03", "04"):
            notebook = untouched(chapter)
            cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
            own = {**cells[0], "id": "own", "source": code, "metadata": {}}
            notebook["cells"].insert(notebook["cells"].index(cells[0]) + 1, own)
            notebooks[f"mia{number}{chapter}"] = notebook
    given = hand_in(place, "subs", **notebooks)
    place.own()
    said = place.run([place.bin / "backprop", "grade", ".", "--jobs", "1", "--again"], given)
    points = {name: one.points for name, one in records(given / "marks.db").items()}
    honest = {name: points.pop(name) for name in ("ann", "zoe")}
    assert all(honest.values()) and not any(points.values()), said
