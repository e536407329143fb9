"""Platform configuration: what kfp.kubernetes asks for is in the task's pod, and works."""

from __future__ import annotations

import base64
from pathlib import Path

import yaml
from kfp import compiler

from tests.local.pipelines.member import Member, name
from tests.local.pipelines.platforms import (
    as_nobody,
    as_somebody,
    handing_on,
    nothing_to_delete,
    own_volume,
    placed,
    too_long,
    two_names,
    unclaimed,
    with_both,
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


def test_a_secret_and_a_config_map_of_one_name_are_no_two_volumes(member: Member) -> None:
    """Volumes have the names of what is in them: KFP 2.17 makes one of both, which is refused."""
    run = member.run(with_both, called=name("both"))
    assert run.state == "FAILED"
    assert "may not specify more than 1 volume type" in member.errors(run)


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


def test_claims_that_cannot_be_made_or_deleted_fail_their_task(member: Member) -> None:
    run = member.run(two_names)
    assert run.state == "FAILED"
    error = member.details(run.run_id)["createpvc"]["error"]["message"]
    assert "at most one of pvc_name and pvc_name_suffix can be non-empty" in error
    run = member.run(nothing_to_delete)
    assert run.state == "FAILED"
    task = member.details(run.run_id)["deletepvc"]
    message = (
        'failed to delete pvc never-made: cannot find pvc: persistentvolumeclaims "never-made"'
    )
    assert message in task["error"]["message"]
    assert "pod_name" not in task


def test_an_uploaded_version_keeps_its_platform_configuration(
    member: Member, experiment: str, tmp_path: Path
) -> None:
    package = tmp_path / "own-volume.yaml"
    compiler.Compiler().compile(own_volume, str(package))
    spec, platform = yaml.safe_load_all(package.read_text())
    pipeline = member.kfp.upload_pipeline(str(package), name("p"), namespace=member.namespace)
    (version,) = member.kfp.list_pipeline_versions(pipeline.pipeline_id).pipeline_versions
    assert version.pipeline_spec == {"pipeline_spec": spec, "platform_spec": platform}
    made = member.kfp.run_pipeline(
        experiment,
        name("r"),
        params={"text": "from a version"},
        pipeline_id=pipeline.pipeline_id,
        version_id=version.pipeline_version_id,
    )
    run = member.wait(made.run_id)
    assert run.state == "SUCCEEDED", member.errors(run)
    assert member.records(run.run_id)["read"].outputs == {"out": "from a version"}


def test_pods_are_placed_as_asked(member: Member) -> None:
    required = "required_during_scheduling_ignored_during_execution"
    run = member.run(
        placed,
        selector={"kubernetes.io/os": "linux"},
        tolerations=[{"key": "a", "operator": "Exists"}, {"key": "b", "operator": "Exists"}],
        affinity={
            "requiredDuringSchedulingIgnoredDuringExecution": {
                "nodeSelectorTerms": [
                    {"matchExpressions": [{"key": "kubernetes.io/os", "operator": "Exists"}]}
                ]
            }
        },
        secret="pull",
    )
    assert run.state == "SUCCEEDED", member.errors(run)
    details = member.details(run.run_id)
    pods = {pod.metadata.name: pod.spec for pod in member.pods(run.run_id)}
    one, other = (pods[details[task]["pod_name"]] for task in ("by parameters", "as it stands"))
    for spec in (one, other):
        assert spec.node_selector == {"kubernetes.io/os": "linux"}
    assert {"a", "b"} <= {each.key for each in one.tolerations}
    assert "gpu" in {each.key for each in other.tolerations}
    (term,) = getattr(one.affinity.node_affinity, required).node_selector_terms
    assert term.match_expressions[0].key == "kubernetes.io/os"
    (term,) = getattr(other.affinity.node_affinity, required).node_selector_terms
    assert term.match_expressions[0].key == "kubernetes.io/hostname"
    preferred = other.affinity.node_affinity.preferred_during_scheduling_ignored_during_execution
    assert [each.weight for each in preferred] == [5]
    assert [each.name for each in one.image_pull_secrets] == ["pull"]
    assert one.active_deadline_seconds == 60


def test_a_task_runs_as_whom_it_says(member: Member) -> None:
    records = member.succeed(as_somebody)
    assert records["identity"].outputs == {"out": "1234:2345"}
    run = member.run(as_nobody)
    error = member.details(run.run_id)["identity"]["error"]["message"]
    assert error.startswith("runAsUser=0 (root) is not allowed: runAsNonRoot is true")


def test_a_task_that_takes_too_long_fails(member: Member) -> None:
    run = member.run(too_long)
    assert run.state == "FAILED"
    assert "DeadlineExceeded" in member.details(run.run_id)["wait"]["error"]["message"]


def test_configuration_is_handed_on_to_the_task(member: Member) -> None:
    records = member.succeed(handing_on)
    config = records["handed-on"].outputs["Output"]
    assert config["env"] == [{"name": "COLOUR", "value": "red"}]
    assert config["colour"] == "red"  # for the task itself too
    assert config["resources"] == {"requests": {"cpu": "9999"}, "limits": {"memory": "100Mi"}}
    assert config["node_selector"] == {"disktype": "ssd"}
    assert [one["key"] for one in config["tolerations"]] == ["gpu"]
    assert [one["mountPath"] for one in config["volume_mounts"]] == ["/kfp-workspace"]
    assert [one["name"] for one in config["volumes"]] == ["kfp-workspace"]
