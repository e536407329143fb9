"""The page of 500 tests with 2,000 tasks, and of a green night: how large, how soon.

`python -m benchmarks.report [TESTS]` writes both, opens them in Chromium where playwright and a
Chromium are installed, and prints a line for each figure.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from pytest_kubeflow.reporting.page import render
from pytest_kubeflow.reporting.records.session import SessionRecord
from pytest_kubeflow.reporting.records.tests import Outcome, Section, TestRecord
from tests.browser.chromium import executable
from tests.reporting.page.runs import BEGAN, run, task
from tests.reporting.page.sessions import green, session, trend

_TASKS = 4


def large(tests: int) -> SessionRecord:
    """A session of so many tests with a run of four tasks each; every tenth is red."""
    chance = random.Random(7)  # noqa: S311  # the same texts each time
    return session([_test(number, chance) for number in range(tests)], took=3_600.0, exit_code=1)


def _test(number: int, chance: random.Random) -> TestRecord:
    red = number % 10 == 0
    start = 6.8 * number
    words = "".join(
        f"INFO step {chance.random():.6f} of <run> & more is done\n" for _ in range(250)
    )
    tasks = [
        task(
            f"step-{each}",
            start + 9 * each,
            4 + 3 * chance.random(),
            *([f"step-{each - 1}"] if each else []),
            state="FAILED" if red and each == _TASKS - 1 else "SUCCEEDED",
            outputs={"Output": chance.random(), "rows": [chance.random() for _ in range(20)]},
            artifacts={"model": f"system.Model s3://mlpipeline/v2/artifacts/{number}/model"},
            log=words,
        )
        for each in range(_TASKS)
    ]
    return TestRecord(
        nodeid=f"suites/suite_{number % 12}/test_case_{number // 12}.py::test_it[{number}]",
        component=f"component-{number % 12}",
        outcome=Outcome.FAILED if red else Outcome.PASSED,
        sentence=f"Reason {number % 7} of step-3: a word was wrong" if red else "",
        started=BEGAN + start,
        seconds=2.5,
        details=words if red else "",
        evidence=(Section("Events", words), Section("Pods", words)) if red else (),
        captured=(Section("Captured log", words),),
        runs=(replace(run("case", number, tasks), state="FAILED" if red else "SUCCEEDED"),),
    )


def opened(page: Path, words: str) -> tuple[float, int]:
    """Seconds until a page is loaded and has searched, and how many tests it found."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable(), args=["--no-sandbox"])
        try:
            tab = browser.new_page()
            tab.goto("about:blank")
            began = time.perf_counter()
            tab.goto(page.as_uri())
            tab.fill("#q", words)
            tab.wait_for_function("document.querySelector('#found').textContent !== ''")
            took = time.perf_counter() - began
            return took, tab.locator("#list > li:not([hidden])").count()
        finally:
            browser.close()


def main() -> None:
    """Print the figures of both pages."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    night = green()
    with tempfile.TemporaryDirectory() as folder:
        for name, record, words in (
            (f"{count} tests, {count * _TASKS:,} tasks", large(count), "case_7.py reason"),
            (f"green night, {len(night.tests)} tests", night, "hypotenuse"),
        ):
            render(replace(record, tests=()))  # imports and templates
            began, busy = time.perf_counter(), time.process_time()
            page = render(record, trend(record))
            took, busy = time.perf_counter() - began, time.process_time() - busy
            path = Path(folder, "page.html")
            path.write_text(page)
            size = path.stat().st_size
            print(
                f"{name:30} written in {took:5.2f} s ({busy:.2f} s of a processor), "
                f"{size / 1024:,.0f} KiB",
                flush=True,
            )
            if executable() is None:
                print(f"{'':30} no Chromium here: not opened")
                continue
            took, found = opened(path, words)
            print(f"{'':30} opened and searched in {took:.2f} s: {found} tests found", flush=True)


if __name__ == "__main__":
    main()
