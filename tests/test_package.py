"""The package as a whole: who imports whom, what an import costs, and files that must agree."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib

import pytest

ALLOWED = {
    "chapters": set(),
    "errors": set(),
    "nn": set(),
    "own": {"nn"},
    "mynn": {"own"},
    "data": set(),
    "checking": set(),
    "probes": {"checking", "own", "nn", "data"},
    "exercises": {"checking", "probes", "nn", "data", "clinic"},
    "figures": {"nn", "data"},
    "clinic": {"figures"},
    "handed_out": {"checking"},
    "progress_store": {"exercises", "checking", "handed_out"},
    "drills": {"probes"},
    "live": {"checking"},
    "tutor": {"handed_out", "live", "checking", "exercises", "own", "progress_store"},
    "in_page": {"checking", "exercises", "figures", "nn", "own", "progress_store"},
    "course": {"errors", "exercises", "checking", "probes", "nn", "data", "figures"},
    "grading": {
        "errors",
        "handed_out",
        "checking",
        "exercises",
        "probes",
        "course",
        "progress_store",
        "tutor",
        "nn",
        "figures",
        "own",
    },
}


def imports_of(path):
    text = path.read_text(encoding="utf-8")
    text = re.sub(r"\(\s*([^()]*?)\s*\)", lambda found: found[1].replace("\n", " "), text)
    for line in text.split("\n"):
        if match := re.match(r"\s*import (exercises_lib[\w.]*)", line):
            yield match[1]
        elif match := re.match(r"\s*from (exercises_lib[\w.]*) import ([\w, ]+)", line):
            yield match[1]
            if match[1] == "exercises_lib":
                names = (part.split()[0] for part in match[2].split(",") if part.strip())
                yield from (f"exercises_lib.{name}" for name in names)


def test_imports_run_one_way(root):
    package = root / "exercises_lib"
    wrong = []
    for path in package.rglob("*.py"):
        part = path.relative_to(package).parts[0].removesuffix(".py")
        if part in ("__init__", "cli"):
            continue
        for name in imports_of(path):
            match = re.match(r"exercises_lib\.(\w+)", name)
            if match and match[1] not in {part, "chapters"} | ALLOWED[part]:
                wrong.append(f"{path.relative_to(root)} imports {name}")
    assert wrong == []


def test_importing_the_library_loads_numpy_and_nothing_heavier():
    heavy = "matplotlib ipywidgets anywidget pytest IPython nbformat pooch torch sqlite3 rich click"
    code = (
        "import sys, exercises_lib, exercises_lib.nn, exercises_lib.checking; "
        f"print(*[m for m in {heavy.split()!r} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def dependency_names(words):
    return {re.split(r"[<>=\[;~! ]", word)[0].lower() for word in words}


def test_environment_yml_agrees_with_pyproject(root):
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = (root / "environment.yml").read_text(encoding="utf-8").split("\n")
    entries = [line.strip()[2:] for line in lines if line.strip().startswith("- ")]
    listed = {entry for entry in entries if not entry.endswith(":")}
    assert "-e ." in listed
    names = dependency_names(listed - {"-e .", "conda-forge", "nodefaults"}) - {"python", "pip"}
    assert names == dependency_names(project["dependencies"])
    needed = {re.sub(r"\s", "", entry) for entry in listed}
    for dependency in project["dependencies"]:
        assert re.sub(r"\s", "", dependency) in needed, dependency
    assert f"python{project['requires-python']}" in needed


def test_the_constraints_pin_every_dependency(root):
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    pins = (root / "constraints.txt").read_text(encoding="utf-8")
    pinned = {
        line.split("==")[0].lower().replace("_", "-") for line in pins.split() if "==" in line
    }
    wanted = set(project["dependencies"])
    for name, extra in project["optional-dependencies"].items():
        wanted |= set(extra) if name != "torch" else set()
    assert dependency_names(wanted) - {"torch"} <= pinned
    assert not re.search(r"https?:|file:|@", pins)


def test_the_workflow_runs_the_two_commands_on_three_systems_and_publishes_the_book(root):
    yaml = pytest.importorskip("yaml")
    text = (root / ".github" / "workflows" / "course.yml").read_text(encoding="utf-8")
    jobs = yaml.safe_load(text)["jobs"]
    systems = jobs["course"]["strategy"]["matrix"]["system"]
    assert [name.partition("-")[0] for name in systems] == ["ubuntu", "macos", "windows"]
    readme = (root / "README.md").read_text(encoding="utf-8")
    commands = re.findall(r"^(make lab|make test)\b", readme, re.MULTILINE)
    assert commands == ["make lab", "make test"]
    ran = "\n".join(step.get("run", "") for step in jobs["course"]["steps"])
    assert all(command in ran for command in commands)
    targets = re.findall(
        r"^([\w ]+):", (root / "Makefile").read_text(encoding="utf-8"), re.MULTILINE
    )
    for job in jobs.values():
        for step in job["steps"]:
            for target in re.findall(r"^\s*make ([a-z]+)", step.get("run", ""), re.MULTILINE):
                assert target in targets
            assert re.search(r"@v\d+$", step.get("uses", "x@v1"))
    assert {"path": "book/_build/html"} in [step.get("with") for step in jobs["book"]["steps"]]


def test_binder_finds_its_environment(root):
    yaml = pytest.importorskip("yaml")
    found = yaml.safe_load((root / "environment.yml").read_text(encoding="utf-8"))
    # Binder builds with the whole repository at hand only if pip installs something from it.
    assert {"pip": ["-e ."]} in found["dependencies"]
    assert "conda-forge" in found["channels"]


def test_no_file_names_a_registry_or_a_path_of_this_machine(root):
    done = subprocess.run(["git", "ls-files"], cwd=root, capture_output=True, text=True)
    if done.returncode:
        pytest.skip("not a git checkout")
    bad = re.compile(
        "|".join([r"pypi\.or" + "g", r"registry\.npm" + "js", r"/ro" + "ot/", "/wo" + "rk/"])
    )
    found = []
    for name in done.stdout.split("\n"):
        path = root / name
        if path.is_file() and path.suffix in {
            ".py",
            ".md",
            ".toml",
            ".txt",
            ".json",
            ".ipynb",
            ".yml",
            "",
        }:
            text = path.read_text(encoding="utf-8", errors="ignore")
            if bad.search(text):
                found.append(name)
    assert found == []
