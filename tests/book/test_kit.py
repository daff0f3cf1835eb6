"""Python for the pages: fetched as promised, or not at all; and its verdicts are the course's."""

from __future__ import annotations

import json
import subprocess

import pytest

from exercises_lib.course import kit
from exercises_lib.course.colophon import colophon
from exercises_lib.course.notebooks import CourseError
from exercises_lib.course.running import audit_in_page


@pytest.fixture
def run(root, tmp_path):
    """A copy of book/run in which nothing is installed."""
    for name in ("package.json", "package-lock.json", ".npmrc"):
        (tmp_path / name).write_bytes((root / "book" / "run" / name).read_bytes())
    return tmp_path


def test_every_package_has_its_sha512_and_none_an_address(root):
    text = (root / "book" / "run" / "package-lock.json").read_text(encoding="utf-8")
    packages = json.loads(text)["packages"]
    named = {name: entry for name, entry in packages.items() if name}
    assert "node_modules/pyodide" in named
    assert all(entry["integrity"].startswith("sha512-") for entry in named.values())
    assert not any("resolved" in entry for entry in named.values())
    assert "://" not in text.replace("https://opencollective", "").replace("https://github", "")
    wanted = json.loads((root / "book" / "run" / "package.json").read_text(encoding="utf-8"))
    for versions in (wanted["dependencies"], wanted["devDependencies"]):
        for name, version in versions.items():
            assert named[f"node_modules/{name}"]["version"] == version


def test_a_package_that_is_another_one_ends_the_build(run, tools):
    lock = json.loads((run / "package-lock.json").read_text(encoding="utf-8"))
    name = "node_modules/crelt"
    lock["packages"] = {key: lock["packages"][key] for key in ("", name)}
    lock["packages"][""] = {"dependencies": {"crelt": lock["packages"][name]["version"]}}
    lock["packages"][name]["integrity"] = "sha512-" + "A" * 86 + "=="
    (run / "package-lock.json").write_text(json.dumps(lock), encoding="utf-8")
    (run / "package.json").write_text(json.dumps(lock["packages"][""]), encoding="utf-8")
    with pytest.raises(CourseError, match="Do not use it"):
        kit.fetch(run)


def test_without_a_network_there_is_a_reason_and_nothing_half_made(run, monkeypatch):
    monkeypatch.setattr(kit.shutil, "which", lambda name: None)
    with pytest.raises(kit.KitError, match="npm is not installed"):
        kit.fetch(run)
    failed = subprocess.CompletedProcess([], 1, "", "npm error network is unreachable")
    monkeypatch.setattr(kit.shutil, "which", lambda name: "npm")
    monkeypatch.setattr(kit.subprocess, "run", lambda *words, **more: failed)
    with pytest.raises(kit.KitError, match="network is unreachable"):
        kit.fetch(run)
    assert not (run / "node_modules").exists()


def test_a_folder_that_is_no_pyodide_is_refused_with_what_it_lacks(root, tmp_path):
    with pytest.raises(CourseError, match=r"no Pyodide distribution: it has no pyodide\.js"):
        kit.make_kit(root / "exercises_lib", root / "book" / "run", tmp_path, tmp_path)


def test_the_colophon_names_what_the_pages_carry(root, tools):
    folder = kit.fetch(root / "book" / "run")
    text = colophon([folder], pyodide_given=False)
    for row in ("`pyodide` | 0.27.7 | MPL-2.0", "`@emscripten-forge/numpy`", "`@codemirror/view`"):
        assert f"| {row}" in text
    assert "not said" not in text
    assert "esbuild" not in text
    assert "`pyodide`" not in colophon([folder], pyodide_given=True)


SAMPLE = ["ch01.apple_total", "ch03.Sigmoid", "ch04.bias_gradient", "ch10.zero_grad_fix"]


def test_a_sample_of_the_audit_gives_the_same_in_the_python_of_the_pages(root, tools):
    results = list(audit_in_page(root, SAMPLE))
    assert [result.exercise.id for result in results] == SAMPLE
    for result in results:
        assert result.faults == []
        assert result.accepted == result.right
        assert result.rejected == result.named == len(result.exercise.mistakes) > 0
