"""What the SDK documents and the backend does not do: it works, but on a strict cluster."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from pytest_kubeflow.local.cluster import LocalKubeflow
from tests.local.pipelines import documented
from tests.local.pipelines.conftest import make_member
from tests.local.pipelines.member import Member


@pytest.fixture(scope="module")
def strict() -> Iterator[Member]:
    """A member of a strict cluster."""
    from kubernetes import config

    with LocalKubeflow(strict=True) as cluster:
        endpoints = cluster.endpoints
        api = config.new_client_from_config(str(endpoints.kubeconfig))
        yield make_member(endpoints, api, endpoints.namespace)
        api.close()


def told(member: Member, pipeline: Any) -> str:
    """What the only task of a pipeline prints, or why it fails."""
    run = member.run(pipeline)
    detail = member.details(run.run_id)["show"]
    if run.state == "FAILED":
        return str(detail["error"]["message"])
    log = member.log(run.run_id, "show")
    return log[log.index("<") : log.rindex(">") + 1]


@pytest.mark.parametrize(
    ("pipeline", "kind", "as_the_backend"),
    [
        (documented.concatenated, "<a=x>", '<{"Concat": ["a=", "x"]}>'),
        (
            documented.by_default,
            "<default>",
            "failed to resolve container args: failed to resolve input parameters: parameter "
            '"text" not found in executor input',
        ),
        (
            documented.nested_clause,
            "<a=x>",
            "failed to resolve container args: failed to resolve condition: non-string item in "
            "IfPresent Then/Else array: map[string]interface {}",
        ),
        (documented.if_artifact, "<given>", "<absent>"),
        (
            documented.of_metadata,
            '"display_name": "data"',
            "{{$.inputs.artifacts['data'].metadata}}",
        ),
    ],
)
def test_documented_and_not_done(
    member: Member, strict: Member, pipeline: Any, kind: str, as_the_backend: str
) -> None:
    assert kind in told(member, pipeline)
    assert as_the_backend in told(strict, pipeline)


def test_a_child_that_is_forgotten(member: Member, strict: Member) -> None:
    """It holds the output of its component, which is therefore not over."""
    run = member.run(documented.forgetful)
    assert run.state == "SUCCEEDED", member.errors(run)
    run_id = strict.start(documented.forgetful)
    strict.wait(run_id, "RUNNING")
    strict.until(lambda: "component ends" in _log(strict, run_id), "the component to end")
    assert strict.kfp.get_run(run_id).state == "RUNNING"
    strict.kfp.terminate_run(run_id)
    assert strict.wait(run_id).state == "FAILED"


def _log(member: Member, run_id: str) -> str:
    begun = [one.metadata.name for one in member.pods(run_id) if one.status.phase == "Running"]
    if not begun:
        return ""
    return str(member.core.read_namespaced_pod_log(begun[0], member.namespace, container="main"))
