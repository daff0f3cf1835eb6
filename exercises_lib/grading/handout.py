"""What students get of a course whose answers matter: the chapters, and a library without them.

The copy has the chapters up to the last graded one. Chapters before the first graded one keep their
checks; from there on, references, known mistakes and solutions are left out, and of `nn` what they
would give away.
"""

from __future__ import annotations

import ast
import json
import re
import shutil
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path

import exercises_lib
from exercises_lib import exercises
from exercises_lib.chapters import CHAPTERS
from exercises_lib.course.notebooks import (
    Notebook,
    dump,
    notebook_name,
    read,
    source,
    write_text,
)
from exercises_lib.errors import UserError

PACKAGE = Path(exercises_lib.__file__).parent
WHOLE = ("checking", "data", "figures", "own")
"""Parts of the library that know no answers."""
FILES = (
    "__init__.py", "chapters.py", "clinic.py", "drills.py", "errors.py", "handed_out.py", "live.py",
    "mynn.py", "progress_store.py", "safe_path.py", "tutor.py",
)  # fmt: skip
JUNK = shutil.ignore_patterns("__pycache__", "*.pyc", ".*")
STAND_IN = """

def __getattr__(name):
    from exercises_lib.handed_out import left_out

    return left_out(name)
"""
README = """# Backprop, step by step

Install (Python 3.11 or newer), in this folder:

```sh
python3 -m venv .venv
.venv/bin/pip install -e .
.venv/bin/jupyter lab chapters
```

Graded here: {graded}. In these chapters `check` looks at the form of your answer; whether it is
right, the grader says when you have handed in. Where a cell needs something that the chapter asks
you for, it runs once you have defined it above.
"""


def write(root: Path, folder: Path, graded: Sequence[str]) -> None:
    """Write what students get into a new folder.

    Args:
        root: the course's folder.
        folder: where to; it must be empty, or not be there.
        graded: the chapters whose answers are left out.

    Raises:
        UserError: if the folder is not empty, or cannot be written.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UserError(f"{folder} is not empty; name a folder that is new.")
    first, last = min(graded), max(graded)
    try:
        library = folder / "exercises_lib"
        for name in WHOLE:
            shutil.copytree(PACKAGE / name, library / name, ignore=JUNK)
        for name in FILES:
            shutil.copy(PACKAGE / name, library / name)
        _write_checks(library, first)
        _write_nn(library / "nn", first)
        _write_asked(library / "asked.json", first, last)
        (folder / "chapters").mkdir(parents=True)
        for number in CHAPTERS:
            if number <= last:
                path = root / "chapters" / notebook_name(number)
                notebook = _tagged(read(path), left_out(first))
                write_text(folder / "chapters" / path.name, dump(notebook))
        for name in ("LICENSE", "LICENSE-TEXT"):
            shutil.copy(root / name, folder / name)
        write_text(folder / "pyproject.toml", _project(root))
        titles = [CHAPTERS[number].title for number in CHAPTERS if first <= number <= last]
        write_text(folder / "README.md", README.format(graded=", ".join(titles)))
    except OSError as error:
        raise UserError(f"{folder} cannot be written: {error.strerror or error}.") from error


def _write_checks(library: Path, first: str) -> None:
    """Copy the exercises before the first graded chapter, and what observes any answer."""
    shutil.copytree(PACKAGE / "probes", library / "probes", ignore=JUNK)
    (library / "exercises").mkdir()
    for path in sorted((PACKAGE / "exercises").iterdir()):
        chapter = re.match(r"ch(\d\d)", path.name)
        if path.name == "__pycache__" or (chapter and chapter[1] >= first):
            continue
        if path.is_dir():
            shutil.copytree(path, library / "exercises" / path.name, ignore=JUNK)
        else:
            shutil.copy(path, library / "exercises")


# --- the library without what is asked ---------------------------------------------------------


def kept_names(first: str) -> frozenset[str]:
    """Return what of `nn` answers nothing from a chapter on: ``activations.Relu`` and the like."""
    from exercises_lib.grading.library import lent_names

    return frozenset(lent_names(first, ()))


def _write_nn(folder: Path, first: str) -> None:
    kept = kept_names(first)
    folder.mkdir()
    for path in sorted((PACKAGE / "nn").glob("*.py")):
        text = path.read_text(encoding="utf-8")
        if path.stem == "__init__":
            text = _imports(text, kept)
        else:
            names = {name.partition(".")[2] for name in kept if name.startswith(f"{path.stem}.")}
            text = cut(text, names)
        write_text(folder / path.name, text.rstrip("\n") + "\n" + STAND_IN)


def _imports(text: str, kept: frozenset[str]) -> str:
    """Leave of the imports of `nn` itself those of names that are kept; the others are asked for.

    A name that is imported would be what stands in for it for good, also where the notebook has
    defined its own since.
    """
    tree = ast.parse(text)
    body: list[ast.stmt] = tree.body[:1]
    for node in tree.body:
        if isinstance(node, ast.ImportFrom):
            home = (node.module or "").removeprefix("exercises_lib.nn").lstrip(".")
            there = [one for one in node.names if not home or f"{home}.{one.name}" in kept]
            if there:
                body.append(ast.ImportFrom(node.module, there, node.level))
    return ast.unparse(ast.Module(body, []))


def cut(text: str, names: set[str]) -> str:
    """Leave of a module its docstring, its imports, and of its definitions those named.

    What a definition that stays needs of the same module stays, too.
    """
    tree = ast.parse(text)
    lines = text.split("\n")
    defined = {name: node for node in tree.body for name in _defines(node)}
    wanted, todo = set(names), list(names)
    while todo:
        node = defined.get(todo.pop())
        used = {one.id for one in ast.walk(node) if isinstance(one, ast.Name)} if node else set()
        todo += sorted((used & defined.keys()) - wanted)
        wanted |= used & defined.keys()
    kept = []
    for place, node in enumerate(tree.body):
        is_docstring = place == 0 and isinstance(node, ast.Expr)
        is_import = isinstance(node, (ast.Import, ast.ImportFrom))
        if is_docstring or is_import or set(_defines(node)) & wanted:
            decorators = getattr(node, "decorator_list", [])
            start = min([node.lineno, *(one.lineno for one in decorators)])
            kept.append("\n".join(lines[start - 1 : node.end_lineno]))
    return "\n\n".join(kept) + "\n"


def _defines(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        yield node.name
    elif isinstance(node, (ast.Assign, ast.AnnAssign)):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        yield from (one.id for one in targets if isinstance(one, ast.Name))


def _public() -> list[str]:
    """List the names that somebody may ask of `nn` or of one of its files."""
    found: set[str] = set()
    for path in (PACKAGE / "nn").glob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        found |= {name for node in tree.body for name in _defines(node)}
    return sorted(name for name in found if not name.startswith("__"))


def left_out(first: str) -> frozenset[str]:
    """Return the names of `nn` that a copy does not have."""
    return frozenset(_public()) - {name.partition(".")[2] for name in kept_names(first)}


def _tagged(notebook: Notebook, missing: frozenset[str]) -> Notebook:
    """Mark the cells that show what is left out, so that a run of the whole does not end there.

    Also those that use what such a cell computes. They run once the notebook has what they need.
    """
    broken: set[str] = set()
    for cell in notebook["cells"]:
        if cell.get("cell_type") != "code" or "YOUR CODE HERE" in source(cell):
            continue
        try:
            tree = ast.parse(source(cell))
        except SyntaxError:
            continue
        nodes = list(ast.walk(tree))
        names = {node.id for node in nodes if isinstance(node, ast.Name)}
        stored = {
            node.id
            for node in nodes
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
        }
        stored |= {node.name for node in nodes if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
        shown = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
        if shown & missing or names & missing or (names - stored) & broken:
            if not cell.get("id", "").endswith("-check"):
                tags = cell.setdefault("metadata", {}).setdefault("tags", [])
                tags += [tag for tag in ("raises-exception",) if tag not in tags]
            broken |= stored
        else:
            broken -= stored
    return notebook


def _write_asked(path: Path, first: str, last: str) -> None:
    asked = [
        {
            "id": one.id,
            "title": one.title,
            "kind": one.kind,
            "points": one.points,
            "hints": list(one.hints),
            "blanks": {item.name: list(item.options) for item in one.fields},
        }
        for number in CHAPTERS
        if first <= number <= last
        for one in exercises.chapter_exercises(number)
    ]
    data = {"exercises": asked, "left_out": _public()}
    write_text(path, json.dumps(data, indent=1, ensure_ascii=False) + "\n")


def _project(root: Path) -> str:
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    needed = "".join(f"  {json.dumps(one)},\n" for one in project["project"]["dependencies"])
    return (
        "[build-system]\n"
        f"requires = {json.dumps(project['build-system']['requires'])}\n"
        f"build-backend = {json.dumps(project['build-system']['build-backend'])}\n\n"
        "[project]\n"
        f"name = {json.dumps(project['project']['name'] + '-handout')}\n"
        f"version = {json.dumps(project['project']['version'])}\n"
        f"requires-python = {json.dumps(project['project']['requires-python'])}\n"
        f"dependencies = [\n{needed}]\n\n"
        '[tool.hatch.build.targets.wheel]\npackages = ["exercises_lib"]\n'
    )
