"""Components in Python: their defaults, and their exceptions."""

from __future__ import annotations

from tests.local.pipelines.member import Member
from tests.local.pipelines.tables import complaining, with_defaults


def test_what_is_not_given_has_its_default(member: Member) -> None:
    records = member.succeed(with_defaults)
    outputs = {one.display_name: one.outputs.get("Output") for one in records.values()}
    nested = {one.path: one for one in records.values()}[("inside", "defaults")]
    assert outputs["own"] == {
        "text": "a default",
        "number": 1.5,
        "items": [1, 2],
        "nothing": None,
    }
    assert outputs["given"] == {
        "text": "from the pipeline",
        "number": 2.0,
        "items": [],
        "nothing": "something",
    }
    assert nested.outputs["Output"]["text"] == "from the nested pipeline"


def test_arguments_go_before_defaults(member: Member) -> None:
    records = member.succeed(with_defaults, text="from the run")
    given = next(one for one in records.values() if one.display_name == "given")
    assert given.outputs["Output"]["text"] == "from the run"


def test_an_exception_is_in_the_log(member: Member) -> None:
    run = member.run(complaining)
    assert run.state == "FAILED"
    error = member.details(run.run_id)["complain"]["error"]["message"]
    assert error == "main: Error (exit code 1): failed to execute component: exit status 1"
    log = member.log(run.run_id, "complain")
    assert "on the way" in log
    assert "ValueError: this is why" in log
