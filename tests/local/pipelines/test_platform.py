"""Platform configuration: what kfp.kubernetes asks for is in the task's pod, and works."""

from __future__ import annotations

import base64

from tests.local.pipelines.member import Member, name
from tests.local.pipelines.platforms import (
    own_volume,
    unclaimed,
    with_pod_settings,
    with_secrets,
    with_settings,
)


def printed(member: Member, run_id: str, task: str) -> str:
    log = member.log(run_id, task)
    return next(line for line in log.splitlines() if line.startswith("<"))


def test_secrets_are_seen_as_variables_and_files(member: Member) -> None:
    called = name("s")
    values = {"user": "me", "password": "pass word"}
    data = {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}
    member.core.create_namespaced_secret(
        member.namespace, {"metadata": {"name": called}, "data": data}
    )
    run = member.run(with_secrets, secret=called)
    assert run.state == "SUCCEEDED", member.errors(run)
    assert printed(member, run.run_id, "secrets") == "<me><pass word><2>"
    (pod,) = member.pods(run.run_id)
    assert "pass word" not in str(pod)


def test_config_maps_are_seen_as_variables_and_files(member: Member) -> None:
    called = name("c")
    body = {"metadata": {"name": called}, "data": {"colour": "red", "size": "12"}}
    member.core.create_namespaced_config_map(member.namespace, body)
    run = member.run(with_settings, config=called)
    assert run.state == "SUCCEEDED", member.errors(run)
    assert printed(member, run.run_id, "settings") == "<red><12>"


def test_a_pipeline_makes_and_deletes_its_volume(member: Member) -> None:
    records = member.succeed(own_volume, text="kept")
    assert records["read"].outputs == {"out": "kept"}
    claim = records["createpvc"].outputs["name"]
    assert claim.endswith("-scratch")

    def there() -> bool:
        listed = member.core.list_namespaced_persistent_volume_claim(member.namespace).items
        return any(one.metadata.name == claim for one in listed)

    member.until(lambda: not there(), "the claim to be gone")


def test_settings_reach_the_pod(member: Member) -> None:
    run = member.run(with_pod_settings)
    assert run.state == "SUCCEEDED", member.errors(run)
    (pod,) = member.pods(run.run_id)
    me = pod.metadata.name
    line = printed(member, run.run_id, "surroundings")
    assert line.startswith(f"<{me}><")
    assert pod.metadata.labels["colour"] == "red"
    assert pod.metadata.annotations["why"] == "because"
    main = pod.spec.containers[0]
    assert main.image_pull_policy == "IfNotPresent"
    assert main.resources.limits == {"cpu": "500m", "memory": "64Mi"}
    assert main.resources.requests["memory"] == "16Mi"


def test_a_claim_that_is_missing_is_waited_for(member: Member) -> None:
    missing = name("v")
    run_id = member.start(unclaimed, pvc=missing)

    def waiting() -> str:
        return str((member.details(run_id).get("write", {}).get("error") or {}).get("message"))

    member.until(lambda: missing in waiting(), "the task to say what it waits for")
    assert member.details(run_id)["write"]["state"] == "PENDING"
    resources = {"requests": {"storage": "1Mi"}}
    spec = {"accessModes": ["ReadWriteOnce"], "resources": resources}
    body = {"metadata": {"name": missing}, "spec": spec}
    member.core.create_namespaced_persistent_volume_claim(member.namespace, body)
    run = member.wait(run_id)
    assert run.state == "SUCCEEDED", member.errors(run)
