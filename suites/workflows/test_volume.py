"""Two tasks and a claim: what one writes is what the other prints, once and in its turn."""

import pytest

from pytest_kubeflow import Volume, Workflow

pytestmark = [pytest.mark.kf_requires("workflows"), pytest.mark.kf_images("--kf-base-image")]

TEXT = "Hello\n" * 15


def test_the_log_has_each_line_once(repeating: Workflow) -> None:
    """The log of a task has each line once."""
    log = repeating.wait().log("print-text")
    assert log == TEXT, f"{log.count('Hello')} lines of Hello instead of 15, in {log!r}"


def test_the_file_is_on_the_claim(repeating: Workflow, workdir: Volume) -> None:
    """The file that a task wrote is on the claim."""
    repeating.wait()
    assert workdir.list() == ["data"]
    assert workdir.read_text("data") == TEXT


def test_one_task_waits_for_the_other(repeating: Workflow) -> None:
    """A task starts after the one that it depends on has ended."""
    first, second = repeating.wait().node("repeat-line"), repeating.node("print-text")
    below = (*first.children, *repeating.last_attempt(first).children)
    assert second.id in below, f"print-text is not below repeat-line:\n{repeating.table()}"
    assert first.finished is not None
    assert second.started is not None
    message = (
        f"print-text began at {second.started:%X}, and repeat-line ended at {first.finished:%X}"
    )
    assert first.finished <= second.started, message
