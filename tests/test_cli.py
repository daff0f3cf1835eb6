"""The command as it is typed: what it says, and what it returns."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from click.testing import CliRunner

from exercises_lib import check, hint, progress, progress_store
from exercises_lib.cli import main


@pytest.fixture
def course(root, tmp_path, monkeypatch):
    """A small copy of the course: chapters 00 and 01."""
    (tmp_path / "exercises_lib").mkdir()
    for folder in ("solutions", "chapters"):
        (tmp_path / folder).mkdir()
        for name in ("00_welcome.ipynb", "01_computation_graphs.ipynb"):
            shutil.copy(root / folder / name, tmp_path / folder / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*words):
    done = CliRunner().invoke(main, words)
    return done.exit_code, done.stdout, done.stderr


@pytest.mark.parametrize("command", [["check"], ["reset"], ["build"], ["lab"], ["audit"]])
def test_an_unknown_chapter_is_said_in_one_sentence(course, command):
    code, _, err = run(*command, "77")
    assert code == 1
    assert "77" in err and "Traceback" not in err


def test_an_unknown_command_is_a_matter_of_usage():
    assert run("nonsense")[0] == 2
    assert run("reset")[0] == 2


def test_reset_keeps_the_old_notebook(course):
    path = course / "chapters" / "01_computation_graphs.ipynb"
    path.write_text("my work", encoding="utf-8")
    code, out, _ = run("reset", "1")
    assert code == 0 and "01_computation_graphs.yours.ipynb" in out
    kept = course / "chapters" / "01_computation_graphs.yours.ipynb"
    assert kept.read_text(encoding="utf-8") == "my work"
    assert json.loads(path.read_text(encoding="utf-8"))["nbformat"] == 4


def test_reset_leaves_the_students_own_library_alone(course):
    library = course / "chapters" / "mynn"
    library.mkdir()
    (library / "ch01_apple_total.py").write_text("mine", encoding="utf-8")
    assert run("reset", "1")[0] == 0
    assert (library / "ch01_apple_total.py").read_text(encoding="utf-8") == "mine"


def test_build_says_what_it_kept_and_check_writes_nothing(course):
    path = course / "chapters" / "00_welcome.ipynb"
    notebook = json.loads(path.read_text(encoding="utf-8"))
    notebook["cells"][0]["source"] = ["# mine"]
    path.write_text(json.dumps(notebook), encoding="utf-8")
    before = path.read_bytes()
    code, _, err = run("build", "--check", "00")
    assert code == 1 and "differs" in err and path.read_bytes() == before
    code, out, err = run("build", "00")
    assert code == 0, err
    assert "kept as chapters/00_welcome.yours.ipynb" in out


def test_a_broken_solution_is_said_and_nothing_is_written(course):
    (course / "solutions" / "00_welcome.ipynb").write_text("{", encoding="utf-8")
    before = (course / "chapters" / "00_welcome.ipynb").read_bytes()
    code, _, err = run("build", "00")
    assert code == 1 and "cannot be read as JSON" in err
    assert (course / "chapters" / "00_welcome.ipynb").read_bytes() == before


def test_check_shows_each_verdict_and_fails_only_for_wrong_answers(course):
    code, out, _ = run("check", "00")
    assert code == 0 and "0 of 1 passed" in out and "not answered yet" in out
    path = course / "chapters" / "00_welcome.ipynb"
    text = path.read_text(encoding="utf-8").replace("raise NotImplementedError", "return x**2")
    path.write_text(text, encoding="utf-8")
    code, out, _ = run("check", "00")
    assert code == 1 and "That is x times itself" in out


def test_the_doctor_names_what_the_course_needs():
    code, out, _ = run("doctor")
    assert code == 0
    assert "numpy" in out and "jupyterlab" in out


def test_the_audit_counts(course):
    code, out, _ = run("audit", "ch00", "--details")
    assert code == 0
    assert "ch00.double" in out and "4 of 4" in out


def test_a_hint_opens_only_after_a_try():
    first = hint("ch00.double")
    again = hint("ch00.double")
    assert (first.number, again.number) == (1, 1)
    assert "run your check once" in str(again)
    check("ch00.double", lambda x: x, seed=0)
    assert hint("ch00.double").number == 2
    assert hint("ch00.double", 3).number == 3
    assert "<pre" in hint("ch00.double", 3)._repr_html_()
    with pytest.raises(ValueError, match="1, 2 and 3"):
        hint("ch00.double", 4)


def test_progress_is_kept_in_a_file_and_counts_what_passed(tmp_path, monkeypatch):
    monkeypatch.setenv("BACKPROP_PROGRESS", str(tmp_path / "p.sqlite"))
    assert progress().passed == 0
    check("ch00.double", lambda x: x)
    assert progress().passed == 0
    check("ch00.double", lambda x: 2 * x)
    assert progress().passed == 1
    assert "●" in str(progress()) and "ch00.double: passed" in progress()._repr_html_()


def test_what_passed_under_an_old_id_counts_for_the_exercise_that_has_moved(tmp_path, monkeypatch):
    import sqlite3

    path = tmp_path / "p.sqlite"
    monkeypatch.setenv("BACKPROP_PROGRESS", str(path))
    check("ch00.double", lambda x: x)
    with sqlite3.connect(path) as store:
        store.execute(
            "INSERT INTO attempt (exercise, status) VALUES ('ch01.backward_sweep', 'passed')"
        )
    assert progress().passed == 1
    assert "ch02.backward_sweep: passed" in progress()._repr_html_()


def test_an_optional_exercise_is_shown_and_counts_in_no_sum(tmp_path, monkeypatch):
    from exercises_lib.exercises import all_exercises

    monkeypatch.setenv("BACKPROP_PROGRESS", str(tmp_path / "p.sqlite"))
    optional = [one for one in all_exercises() if one.optional]
    assert progress().total == len(all_exercises()) - len(optional)
    assert optional and str(progress()).count("◇") == len(optional) + 1
    check(optional[0].id, optional[0].reference)
    assert progress().passed == 0 and "◆" in str(progress())


def test_two_kernels_can_write_progress_at_once(tmp_path, monkeypatch):
    path = tmp_path / "p.sqlite"
    code = (
        "from exercises_lib import check\nfor _ in range(40): check('ch00.double', lambda x: 2 * x)"
    )
    writers = [
        subprocess.Popen(
            [sys.executable, "-W", "error", "-c", code],
            env={"BACKPROP_PROGRESS": str(path), "PATH": ""},
            stderr=subprocess.PIPE,
        )
        for _ in range(2)
    ]
    assert [writer.communicate()[1] for writer in writers] == [b"", b""]
    with sqlite3.connect(path) as connection:
        count = connection.execute("SELECT count(*) FROM attempt").fetchone()[0]
    connection.close()
    assert count == 80


def test_a_progress_file_that_cannot_be_written_costs_a_warning_and_no_verdict(
    tmp_path, monkeypatch
):
    (tmp_path / "p.sqlite").write_bytes(b"this is no database, it only has the name of one" * 40)
    monkeypatch.setenv("BACKPROP_PROGRESS", str(tmp_path / "p.sqlite"))
    with pytest.warns(UserWarning, match="could not be saved"):
        assert check("ch00.double", lambda x: 2 * x).status == "passed"
    assert progress_store.passed_exercises() == set()


def test_an_answer_can_be_checked_outside_the_main_thread():
    found = []
    thread = threading.Thread(target=lambda: found.append(check("ch00.double", lambda x: 2 * x)))
    thread.start()
    thread.join()
    assert found[0].status == "passed"


def test_the_lab_opens_without_a_pop_up_about_news(monkeypatch):
    started = []
    monkeypatch.setattr("os.execve", lambda *words: started.append(words))
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", "/mine")
    done = CliRunner().invoke(main, ["lab", "--no-browser"])
    assert done.exit_code == 0, done.output
    (_, _, environment) = started[0]
    course, mine = environment["JUPYTER_CONFIG_PATH"].split(os.pathsep)
    assert mine == "/mine"
    settings = Path(course) / "labconfig" / "page_config.json"
    assert json.loads(settings.read_text(encoding="utf-8")) == {
        "disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}
    }
