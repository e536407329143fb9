"""Runs made by a request of one's own, with every field as one wants it."""

from __future__ import annotations

from typing import Any

from tests.local.pipelines.member import Member, name
from tests.local.pipelines.programs import greeting
from tests.local.pipelines.wellformed import spec_of


def submit(member: Member, experiment: str, called: str = "", **fields: Any) -> Any:
    """The answer to a request for a run of `greeting`; `fields` go over the usual ones."""
    body = {
        "display_name": called or name("r"),
        "experiment_id": experiment,
        "pipeline_spec": spec_of(greeting),
        **fields,
    }
    return member.call("POST", "runs", json=body)
