"""What all tests share: the course's folder, and what happens where a tool is missing."""

from __future__ import annotations

import gc
import os
import shutil
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

# How fast examples are drawn says something about the machine, and nothing about the code.
settings.register_profile("course", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("course")

AT_START = dict(os.environ)
"""The environment before any test has changed it."""
os.environ["BACKPROP_PROGRESS"] = "off"
for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

NO_SKIPS = "BACKPROP_NO_SKIPS"
"""Set to 1 by .ci/run where the real data are beside the course; no hosted CI has them."""

ROOT = Path(__file__).resolve().parents[1]
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def pytest_addoption(parser):
    """Let the whole be asked for where `make test` takes a sample."""
    parser.addoption("--whole", action="store_true", help="all seeds and submissions: make whole")


@pytest.fixture(scope="session")
def whole(request: pytest.FixtureRequest) -> bool:
    """Whether to try all of what `make test` tries a sample of."""
    return bool(request.config.getoption("--whole"))


@pytest.fixture(scope="session")
def environment_at_start() -> dict[str, str]:
    """The environment before any test has changed it, for programs that a user would start."""
    return {key: value for key, value in AT_START.items() if key != "BACKPROP_PROGRESS"}


@pytest.fixture(scope="session")
def root() -> Path:
    """The folder of the course."""
    return ROOT


class Heard:
    """A plugin of the session in which nbval runs: what became of each cell."""

    def __init__(self) -> None:
        self.passed = 0
        self.failed: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count a cell that passed, keep what is said of one that did not."""
        if report.failed:
            self.failed.append(f"{report.nodeid}: {report.longrepr}")
        elif report.when == "call" and report.passed:
            self.passed += 1


# What belongs to the session around it, or would disturb it.
APART = ("xdist", "hypothesispytest", "cacheprovider", "faulthandler", "conftest")
APART += ("unraisableexception", "threadexception")


@pytest.fixture
def nbval(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Run nbval on notebooks; gives how many cells passed, and what is said of the others.

    It runs in this process: importing nbval alone takes seconds.
    """

    def run(place: Path, how: str) -> tuple[int, list[str]]:
        monkeypatch.chdir(tmp_path)
        words = ["-p", "nbval", how, "--nbval-cell-timeout=120", "-o", "addopts=", "-q"]
        words += [word for plugin in APART for word in ("-p", f"no:{plugin}")]
        heard = Heard()
        with warnings.catch_warnings(action="ignore", category=ResourceWarning):
            pytest.main([*words, f"--rootdir={tmp_path}", str(place)], plugins=[heard])
            gc.collect()  # nbval leaves a file open
        return heard.passed, heard.failed

    return run


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium, or a skip with its reason."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("Chromium is not installed (Debian: apt-get install chromium)")
    return path


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Any]:
    """A headless Chromium, the only one of a session: Playwright does not like company."""
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as driver:
        instance = driver.chromium.launch(executable_path=chromium, args=CHROMIUM_ARGUMENTS)
        yield instance
        instance.close()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """Turn a skip into a failure where NO_SKIPS is set: there every tool and all data are."""
    outcome = yield
    report = outcome.get_result()
    if report.skipped and not hasattr(report, "wasxfail") and os.environ.get(NO_SKIPS) == "1":
        report.outcome = "failed"
        report.longrepr = f"skipped although {NO_SKIPS}=1: {report.longrepr}"


@pytest.hookimpl(hookwrapper=True)
def pytest_make_collect_report(collector):
    """The same for a module that skips itself while it is collected."""
    outcome = yield
    report = outcome.get_result()
    if report.skipped and os.environ.get(NO_SKIPS) == "1":
        report.outcome = "failed"
        report.longrepr = f"skipped although {NO_SKIPS}=1: {report.longrepr}"
