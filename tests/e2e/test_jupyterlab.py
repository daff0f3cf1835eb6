"""One student's evening in JupyterLab itself: open, run, play, answer, be diagnosed, come back."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import pytest


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


@pytest.fixture
def course(root, tmp_path):
    """A copy of the course's notebooks, with the library beside them."""
    for folder in ("solutions", "chapters"):
        shutil.copytree(root / folder, tmp_path / folder)
    (tmp_path / "exercises_lib").symlink_to(root / "exercises_lib")
    return tmp_path


@pytest.fixture
def lab(course, environment_at_start):
    """The address of a JupyterLab that `backprop lab` serves."""
    port = free_port()
    log = course / "lab.log"
    with log.open("w") as stream:
        server = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "exercises_lib.cli",
                "lab",
                "--no-browser",
                f"--port={port}",
                "01",
            ],
            cwd=course,
            env={
                **environment_at_start,
                "JUPYTERLAB_SETTINGS_DIR": str(course / "settings"),
                "JUPYTERLAB_WORKSPACES_DIR": str(course / "workspaces"),
            },
            stdout=stream,
            stderr=stream,
            start_new_session=True,
        )
    try:
        address = None
        for _ in range(150):
            match = re.search(rf"http://127\.0\.0\.1:{port}/lab/tree/\S+token=\w+", log.read_text())
            if match:
                address = match[0]
                break
            assert server.poll() is None, log.read_text()
            time.sleep(0.2)
        assert address, log.read_text()
        yield address
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(timeout=20)


def run_cell(page, cell_text, *, replace=None):
    """Click into the cell that holds a text, write another text into it if asked, and run it."""
    cell = page.locator(".jp-Notebook .jp-CodeCell", has_text=cell_text).first
    cell.scroll_into_view_if_needed()
    cell.locator(".cm-content").click()
    if replace is not None:
        page.keyboard.press("Control+A")
        page.keyboard.insert_text(replace)
    page.keyboard.press("Control+Enter")
    return cell


def open_notebook(page, address):
    page.goto(address)
    page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=60_000)
    page.wait_for_selector('.jp-Notebook-ExecutionIndicator[data-status="idle"]', timeout=60_000)


def test_a_student_opens_a_chapter_plays_answers_and_comes_back(lab, course, browser):
    playwright = pytest.importorskip("playwright.sync_api")
    settings = course / "settings" / "@jupyterlab"
    for extension, name, values in [
        ("apputils-extension", "notification", {"fetchNews": "false", "checkForUpdates": False}),
        ("notebook-extension", "tracker", {"windowingMode": "none"}),
    ]:
        (settings / extension).mkdir(parents=True, exist_ok=True)
        (settings / extension / f"{name}.jupyterlab-settings").write_text(json.dumps(values))
    page = browser.new_page(viewport={"width": 1300, "height": 1000})
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    open_notebook(page, lab)

    # the chapter runs from the top to the first figure
    figure = page.locator(".bp-graph").first
    for _ in range(4):  # on a busy machine a first key stroke can come before the notebook listens
        run_cell(page, "from exercises_lib import")
        run_cell(page, "apples = price * count")
        run_cell(page, "def apple_receipt")
        try:
            figure.wait_for(timeout=25_000)
            break
        except playwright.TimeoutError:
            continue
    assert figure.is_visible()

    # the figure steps
    before = figure.locator(".bp-status").inner_text()
    figure.get_by_role("button", name=re.compile("previous|back", re.I)).first.click()
    page.wait_for_function(
        "([element, text]) => element.innerText !== text",
        arg=[figure.locator(".bp-status").element_handle(), before],
    )

    # a check whose answer does not exist yet
    verdict = run_cell(page, 'check("ch01.apple_total"').locator(".bp-verdict")
    page.get_by_text("does not exist yet").first.wait_for(timeout=30_000)

    # an exercise that is still empty
    run_cell(page, "def apple_total")
    verdict = run_cell(page, 'check("ch01.apple_total"').locator(".bp-verdict")
    page.get_by_text("not answered yet").first.wait_for(timeout=30_000)
    assert "not answered yet" in verdict.inner_text()

    # a wrong answer is told which mistake it is
    wrong = "def apple_total(price, count, tax):\n    return price * count"
    run_cell(page, "def apple_total", replace=wrong)
    cell = run_cell(page, 'check("ch01.apple_total"')
    cell.locator(".bp-verdict", has_text="not yet").wait_for(timeout=30_000)
    from exercises_lib import check, exercises

    def wrong_answer(price, count, tax):
        return price * count

    name = check("ch01.apple_total", wrong_answer, seed=0).mistake
    asked = exercises.get("ch01.apple_total").mistakes
    message = next(mistake.message for mistake in asked if mistake.name == name)
    assert message.replace("`", "")[:40] in cell.locator(".bp-verdict").inner_text()

    # the right one passes: its cell alone is run, and the verdict below is replaced
    right = "def apple_total(price, count, tax):\n    return price * count * tax"
    run_cell(page, "def apple_total", replace=right)
    cell.locator(".bp-verdict", has_text="passed").wait_for(timeout=30_000)
    assert cell.locator(".bp-verdict").count() == 1
    assert errors == []
    page.close()

    # the kernel restarts: progress is still there
    base, token = lab.split("/lab/")[0], lab.split("token=")[1]
    listing = urllib.request.urlopen(f"{base}/api/kernels?token={token}").read()
    for kernel in json.loads(listing):
        request = urllib.request.Request(
            f"{base}/api/kernels/{kernel['id']}/restart?token={token}", method="POST"
        )
        urllib.request.urlopen(request).read()
    page = browser.new_page(viewport={"width": 1300, "height": 1000})
    open_notebook(page, lab)
    text = "from exercises_lib import progress\nprogress()"
    cell = run_cell(page, "from exercises_lib import", replace=text)
    cell.locator(".bp-progress").wait_for(timeout=30_000)
    assert cell.locator('[title="ch01.apple_total: passed"]').count() == 1
    assert cell.locator('[title="ch01.fruit_gradients: open"]').count() == 1
    page.close()
    assert (course / "chapters" / ".progress.sqlite").exists()
