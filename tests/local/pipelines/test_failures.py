"""Tasks that fail: what the run, the task and the log say of it."""

from __future__ import annotations

from typing import Any

from tests.local.pipelines.containers import no_image, no_program, script
from tests.local.pipelines.member import Member


def failed(member: Member, text: str) -> tuple[Any, str, str]:
    """A run of a shell script: the run, its task's error and its log."""
    run = member.run(script, text=text)
    assert run.state == "FAILED"
    error = member.details(run.run_id)["run-script"]["error"]["message"]
    return run, error, member.log(run.run_id, "run-script")


def test_a_program_that_fails(member: Member) -> None:
    run, error, log = failed(member, "echo before the end; exit 3")
    assert error == "main: Error (exit code 1): failed to execute component: exit status 3"
    assert "before the end" in log
    assert "main.go:113] failed to execute component: exit status 3" in log
    # The field for it stays empty, as in the backend: the Workflow has the reason, and the log.
    assert run.error is None
    assert not [one for one in run.state_history if one.error]
    assert member.records(run.run_id)["run-script"].state == "FAILED"


def test_a_program_that_is_killed(member: Member) -> None:
    # In a value, Kubernetes makes one dollar of two.
    _, error, _ = failed(member, "kill -9 $$$$")
    assert error.endswith("failed to execute component: signal: killed")


def test_a_program_that_leaves_its_output_out(member: Member) -> None:
    _, error, log = failed(member, "true")
    assert 'failed to read output parameter name="out" type="NUMBER_INTEGER"' in error
    assert "no such file or directory" in error
    assert "output metadata file does not exist" in log


def test_an_output_of_another_type(member: Member) -> None:
    _, error, _ = failed(member, 'echo many > "$1"')
    assert 'failed to read output parameter name="out" type="NUMBER_INTEGER"' in error
    assert "many" in error


def test_a_program_that_prints_much(member: Member) -> None:
    run = member.run(script, text='seq 20000; echo 5 > "$1"')
    assert run.state == "SUCCEEDED", member.errors(run)
    lines = member.log(run.run_id, "run-script").splitlines()
    assert [one for one in lines if one.isdigit()] == [str(n) for n in range(1, 20001)]


def test_a_program_that_is_not_there(member: Member) -> None:
    run = member.run(no_program)
    assert run.state == "FAILED"
    error = member.details(run.run_id)["not-there"]["error"]["message"]
    assert 'exec: "no-such-program": executable file not found in $PATH' in error


def test_an_image_that_cannot_be_pulled_is_waited_for(member: Member) -> None:
    run_id = member.start(no_image)

    def why() -> str:
        found = member.details(run_id).get("no-such-image", {}).get("error") or {}
        return str(found.get("message", ""))

    member.until(lambda: "ImagePull" in why(), "the task to say what it waits for")
    assert "example.com/no/such:image" in why()
    assert member.details(run_id)["no-such-image"]["state"] == "PENDING"
    member.kfp.terminate_run(run_id)
    assert member.wait(run_id).state == "FAILED"
