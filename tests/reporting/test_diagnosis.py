"""What a failed test shows of its run."""

from __future__ import annotations

from pytest_kubeflow.redaction import MASK, Redactor
from pytest_kubeflow.reporting.diagnosis import diagnosis

from .runs import NAME, RUN_ID, Fake, dead, task


def headings(fake: Fake) -> list[str]:
    return [heading for heading, _ in diagnosis(fake.run(), str).sections]


def test_a_failed_run_shows_the_log_of_the_task_that_failed() -> None:
    fake = Fake(
        state="FAILED",
        tasks=[task("square", 9), task("tell", state="FAILED")],
        logs={"pod-of-tell": "about to fail\nValueError"},
    )
    shown = diagnosis(fake.run(), str).render()
    assert shown.startswith(
        f"run {NAME} ({RUN_ID})\n--- log of tell\nabout to fail\nValueError\n--- tasks\n"
    )
    assert shown.endswith("--- state\nFAILED")
    assert "log of square" not in shown


def test_a_run_that_is_fine_shows_the_logs_of_the_tasks_that_ended_last() -> None:
    fake = Fake(
        tasks=[task(f"t{number}", start=number) for number in range(5)],
        logs={f"pod-of-t{number}": f"said by t{number}" for number in range(5)},
    )
    assert headings(fake) == ["tasks", "state", "log of t2", "log of t3", "log of t4"]


def test_logs_of_tasks_that_are_fine_are_short() -> None:
    log = "\n".join(f"line {number}" for number in range(100))
    shown = diagnosis(Fake(logs={"pod-of-tell": log}).run(), str).render()
    assert "line 59\n" not in shown
    assert "line 60\n" in shown
    assert shown.endswith("line 99")


def test_logs_that_are_gone_are_told() -> None:
    assert "(no log of pod pod-of-tell)" in diagnosis(Fake().run(), str).render()


def test_a_dead_cluster_hides_nothing_and_raises_nothing() -> None:
    shown = diagnosis(dead().run(), str).render()
    assert shown.startswith(f"run {NAME} ({RUN_ID})")
    assert "ML Metadata answers 503" in shown


def test_answers_that_nobody_foresaw_are_told() -> None:
    shown = diagnosis(Fake(tasks=ValueError("`event_time` must not be `None`")).run(), str).render()
    assert "(not to be had: `event_time` must not be `None`)" in shown


def test_secrets_are_taken_out_before_logs_are_cut() -> None:
    key = "-----BEGIN PRIVATE KEY-----\n" + "MIIabc\n" * 100 + "-----END PRIVATE KEY-----\n"
    fake = Fake(tasks=[task("tell")], logs={"pod-of-tell": f"{key}done"})
    shown = diagnosis(fake.run(), Redactor().redact).render()
    assert shown.endswith(f"-----BEGIN PRIVATE KEY-----{MASK}-----END PRIVATE KEY-----\ndone")
