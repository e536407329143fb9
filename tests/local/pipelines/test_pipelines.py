"""Pipelines and their versions: uploaded, found, listed, deleted."""

from __future__ import annotations

import io
import json
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from kfp import compiler
from kfp_server_api import ApiException
from kubernetes import client

from tests.local.pipelines.member import Member, name
from tests.local.pipelines.programs import greeting

UPLOAD = "pipelines/upload"


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("package") / "greeting.yaml"
    compiler.Compiler().compile(greeting, str(path))
    return path


def upload(member: Member, content: bytes, file: str = "p.yaml", **query: str) -> Any:
    return member.call("POST", UPLOAD, params=query, files={"uploadfile": (file, content)})


def status_of(ask: Callable[[], Any]) -> int:
    with pytest.raises(ApiException) as caught:
        ask()
    return int(caught.value.status)


def test_a_private_one_is_seen_in_its_namespace_alone(
    member: Member, stranger: Member, package: Path
) -> None:
    called = name("p")
    made = member.kfp.upload_pipeline(
        str(package), called, description="mine", namespace=member.namespace
    )
    assert (made.display_name, made.description, made.namespace) == (
        called,
        "mine",
        member.namespace,
    )
    assert member.kfp.get_pipeline(made.pipeline_id) == made
    assert status_of(lambda: stranger.kfp.get_pipeline(made.pipeline_id)) == 403
    assert called in names(member, namespace=member.namespace)
    assert called not in names(member)
    assert status_of(lambda: names(stranger, namespace=member.namespace)) == 403


def test_a_shared_one_is_everybodys(member: Member, stranger: Member, package: Path) -> None:
    called = name("p")
    made = member.kfp.upload_pipeline(str(package), called)
    assert made.namespace is None
    assert called in names(member)
    assert called in names(stranger)
    assert called not in names(member, namespace=member.namespace)
    assert stranger.kfp.get_pipeline(made.pipeline_id).display_name == called


def test_a_shared_one_is_written_by_who_may_in_the_systems_namespace(
    member: Member, stranger: Member, administrator: Any, package: Path
) -> None:
    """Uploads are open to all, as the real server of 2.17 has it; all else asks for a right."""
    base = "pipelines"
    shared = member.kfp.upload_pipeline(str(package), name("p"))
    version = member.kfp.upload_pipeline_version(
        str(package), name("v"), pipeline_id=shared.pipeline_id
    )
    one = f"{base}/{shared.pipeline_id}"
    beside = {"pipeline": {"display_name": name("p")}}
    nowhere = {"pipeline_version": {"package_url": {"pipeline_url": "no-url"}}}
    requests: list[tuple[str, str, dict[str, Any]]] = [
        ("POST", base, {"display_name": name("p")}),
        ("POST", f"{base}/create", {**beside, **nowhere}),
        ("PATCH", one, {"display_name": name("p")}),
        ("DELETE", f"{one}/versions/{version.pipeline_version_id}", {}),
        ("DELETE", f"{one}?cascade=true", {}),
    ]
    for method, path, body in requests:
        refused = member.call(method, path, json=body or None)
        assert refused.status_code == 403, (method, path, refused.text)
        assert "Namespace:kubeflow," in refused.text
    with rights_to_pipelines(administrator, member.namespace):
        codes = [
            member.call(method, path, json=body or None).status_code
            for method, path, body in requests
        ]
    assert codes == [200, 400, 200, 200, 200]
    assert status_of(lambda: stranger.kfp.get_pipeline(shared.pipeline_id)) == 404


@contextmanager
def rights_to_pipelines(administrator: Any, namespace: str) -> Iterator[None]:
    """Let the `default-editor` of `namespace` write shared pipelines."""
    rbac = client.RbacAuthorizationV1Api(administrator)
    called = name("shared")
    metadata = {"name": called, "namespace": "kubeflow"}
    rbac.create_namespaced_role(
        "kubeflow",
        {
            "metadata": metadata,
            "rules": [
                {
                    "apiGroups": ["pipelines.kubeflow.org"],
                    "resources": ["pipelines"],
                    "verbs": ["create", "update", "delete"],
                }
            ],
        },
    )
    rbac.create_namespaced_role_binding(
        "kubeflow",
        {
            "metadata": metadata,
            "roleRef": {
                "apiGroup": "rbac.authorization.k8s.io",
                "kind": "Role",
                "name": called,
            },
            "subjects": [
                {"kind": "ServiceAccount", "name": "default-editor", "namespace": namespace}
            ],
        },
    )
    try:
        yield
    finally:
        rbac.delete_namespaced_role_binding(called, "kubeflow")
        rbac.delete_namespaced_role(called, "kubeflow")


def names(member: Member, **where: str) -> set[str]:
    answer = member.kfp._pipelines_api.pipeline_service_list_pipelines(page_size=200, **where)
    return {one.display_name for one in answer.pipelines or []}


def test_uploading_makes_the_first_version(member: Member, package: Path) -> None:
    called = name("p")
    made = member.kfp.upload_pipeline(str(package), called, namespace=member.namespace)
    (version,) = member.kfp.list_pipeline_versions(made.pipeline_id).pipeline_versions
    assert version.display_name == called
    whole = member.kfp.get_pipeline_version(made.pipeline_id, version.pipeline_version_id)
    assert whole.pipeline_spec == yaml.safe_load(package.read_text())


def test_a_version_name_is_taken_once_in_a_pipeline(member: Member, package: Path) -> None:
    first, second = (
        member.kfp.upload_pipeline(str(package), name("p"), namespace=member.namespace).pipeline_id
        for _ in range(2)
    )

    def add(pipeline_id: str) -> str:
        made = member.kfp.upload_pipeline_version(
            str(package), "v2", pipeline_id=pipeline_id, description="again"
        )
        return str(made.pipeline_version_id)

    versions = [add(first), add(second)]
    assert status_of(lambda: add(first)) == 409
    assert member.kfp.get_pipeline_version(second, versions[1]).description == "again"
    # Whichever pipeline the path names: what counts is the version.
    assert member.kfp.get_pipeline_version(first, versions[1]).description == "again"


def test_a_pipeline_is_found_by_its_name(member: Member, package: Path) -> None:
    called = name("p")
    made = member.kfp.upload_pipeline(str(package), called, namespace=member.namespace)
    assert member.kfp.get_pipeline_id(called) is None  # the client looks among shared ones only
    path = f"pipelines/names/{called}"
    where = {"namespace": member.namespace}
    assert member.call("GET", path, params=where).json()["pipeline_id"] == made.pipeline_id
    shared = member.call("GET", path)
    assert shared.status_code == 404
    assert shared.json()["code"] == 5
    open_to_all = member.kfp.upload_pipeline(str(package), called)
    assert member.kfp.get_pipeline_id(called) == open_to_all.pipeline_id


def test_it_is_deleted_after_its_versions(member: Member, package: Path) -> None:
    made = member.kfp.upload_pipeline(str(package), name("p"), namespace=member.namespace)
    refused = member.call("DELETE", f"pipelines/{made.pipeline_id}")
    assert refused.status_code == 400
    assert "existing pipeline versions" in refused.json()["message"]
    (version,) = member.kfp.list_pipeline_versions(made.pipeline_id).pipeline_versions
    member.kfp.delete_pipeline_version(made.pipeline_id, version.pipeline_version_id)
    member.kfp.delete_pipeline(made.pipeline_id)
    assert status_of(lambda: member.kfp.get_pipeline(made.pipeline_id)) == 404


def test_or_with_all_of_them(member: Member, package: Path) -> None:
    made = member.kfp.upload_pipeline(str(package), name("p"), namespace=member.namespace)
    (version,) = member.kfp.list_pipeline_versions(made.pipeline_id).pipeline_versions
    path = f"pipelines/{made.pipeline_id}"
    assert member.call("DELETE", path, params={"cascade": "true"}).status_code == 200
    assert member.call("GET", f"{path}/versions/{version.pipeline_version_id}").status_code == 404


def test_a_name_is_free_again_after_deletion(member: Member, package: Path) -> None:
    called = name("p")
    first = member.kfp.upload_pipeline(str(package), called, namespace=member.namespace)
    assert (
        status_of(
            lambda: member.kfp.upload_pipeline(str(package), called, namespace=member.namespace)
        )
        == 409
    )
    member.call("DELETE", f"pipelines/{first.pipeline_id}", params={"cascade": "true"})
    second = member.kfp.upload_pipeline(str(package), called, namespace=member.namespace)
    assert second.pipeline_id != first.pipeline_id


def test_without_a_name_it_is_called_as_its_file(member: Member, package: Path) -> None:
    file = f"{name('p')}.yaml"
    made = upload(member, package.read_bytes(), file, namespace=member.namespace).json()
    assert made["display_name"] == file


def test_tags_are_kept(member: Member, package: Path) -> None:
    query = {"name": name("p"), "namespace": member.namespace, "tags": '{"team": "ml"}'}
    made = upload(member, package.read_bytes(), **query).json()
    assert made["tags"] == {"team": "ml"}
    bad = upload(member, package.read_bytes(), **(query | {"tags": "[1]"}))
    assert bad.status_code == 400
    assert "Expected JSON object" in bad.json()["error_message"]


def test_names_and_tags_can_be_changed(member: Member, stranger: Member, package: Path) -> None:
    query = {"name": name("p"), "namespace": member.namespace, "tags": '{"team": "ml"}'}
    made = upload(member, package.read_bytes(), **query).json()
    pipeline = f"pipelines/{made['pipeline_id']}"
    (version,) = member.call("GET", f"{pipeline}/versions").json()["pipeline_versions"]
    for path in (pipeline, f"{pipeline}/versions/{version['pipeline_version_id']}"):
        assert stranger.call("PATCH", path, json={"display_name": "theirs"}).status_code == 403
        first = member.call("PATCH", path, json={"display_name": "new name"}).json()
        assert (first["display_name"], first["name"]) == ("new name", query["name"])
        assert first["tags"] == {"team": "ml"}
        second = member.call("PATCH", path, json={"tags": {"env": "dev"}, "name": "no"}).json()
        assert second == first | {"tags": {"env": "dev"}}
        refused = member.call("PATCH", path, json={"tags": {"a.b": "x"}})
        assert refused.status_code == 400
        assert "must not contain '.'" in refused.json()["message"]
        third = member.call("PATCH", path, json={"tags": {}, "display_name": ""}).json()
        assert "tags" not in third
        assert member.call("GET", path).json() == third
        assert third["display_name"] == "new name"
    assert member.call("PATCH", f"pipelines/{name()}", json={}).status_code == 404


def tarball(content: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        info = tarfile.TarInfo("pipeline.yaml")
        info.size = len(content)
        archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def zipped(content: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("pipeline.yaml", content)
    return buffer.getvalue()


@pytest.mark.parametrize("pack", [tarball, zipped])
def test_archives_are_opened(member: Member, package: Path, pack: Callable[[bytes], bytes]) -> None:
    content = pack(package.read_bytes())
    made = upload(member, content, "p.archive", name=name("p"), namespace=member.namespace)
    assert made.status_code == 200
    (version,) = member.kfp.list_pipeline_versions(made.json()["pipeline_id"]).pipeline_versions
    assert version.pipeline_spec["pipelineInfo"]["name"] == "greeting"


@pytest.mark.parametrize(
    ("tags", "message"),
    [
        ("no json", "Failed to parse tags"),
        ('["a"]', "Failed to parse tags"),
        ('{"a": 1}', "Failed to parse tags"),
        ('{"a": "\\ud800"}', "Failed to parse tags"),
        ('{"": "x"}', "tag key cannot be empty"),
        ('{"a.b": "x"}', "must not contain '.' character"),
        (json.dumps({"k" * 64: "x"}), "exceeds maximum length of 63"),
        (json.dumps({"k": "ö" * 64}), "exceeds maximum length of 63"),
        (json.dumps({f"k{n}": "x" for n in range(21)}), "number of tags (21) exceeds maximum"),
    ],
)
def test_tags_have_limits(member: Member, package: Path, tags: str, message: str) -> None:
    answer = upload(
        member, package.read_bytes(), name=name("p"), namespace=member.namespace, tags=tags
    )
    assert answer.status_code == 400
    assert message in answer.json()["error_message"]


def test_lists_are_filtered_by_tags(member: Member, package: Path) -> None:
    team = name("team")
    for called, tags in (("one", {"team": team}), ("two", {"team": "other"}), ("three", {})):
        query = {"name": name(called), "namespace": member.namespace, "tags": json.dumps(tags)}
        assert upload(member, package.read_bytes(), **query).status_code == 200

    def listed(operation: str) -> Any:
        predicate = {"key": "tags.team", "operation": operation, "string_value": team}
        query = {
            "namespace": member.namespace,
            "filter": json.dumps({"predicates": [predicate]}),
        }
        return member.call("GET", "pipelines", params=query)

    (found,) = listed("EQUALS").json()["pipelines"]
    assert found["tags"] == {"team": team}
    refused = listed("NOT_EQUALS")
    assert refused.status_code == 400
    assert "only EQUALS operation is supported for tag filtering" in refused.json()["message"]


ARGO = b"apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nspec: {}\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "unknown template format"),
        (b"key: [", "failed to parse"),
        (b"just text", "unknown template format"),
        (ARGO, "spec.entrypoint is required"),
        (ARGO.replace(b"{}", b"{entrypoint: x}"), "template name 'x' undefined"),
        (ARGO.replace(b"{}", b"null"), "spec.entrypoint is required"),
        (ARGO.replace(b"{}", b"[a]"), "cannot restore struct from: slice"),
        (ARGO + b"metadata: {labels: [a]}\n", "cannot restore map from: slice"),
        (ARGO + b"metadata: [a]\n", "cannot restore struct from: slice"),
        (ARGO.replace(b"Workflow", b"CronWorkflow"), "Expected: Workflow. Received: CronWorkflow"),
        (b"pipelineInfo: {name: x}\n", "root is missing"),
    ],
)
def test_what_is_no_pipeline_is_refused(member: Member, content: bytes, message: str) -> None:
    answer = upload(member, content, name=name("p"), namespace=member.namespace)
    assert answer.status_code == 400
    assert message in answer.json()["error_message"]


def test_a_package_of_kfp_1_is_kept_as_it_is(member: Member) -> None:
    workflow = ARGO.replace(b"{}", b"{entrypoint: x, templates: [{name: x, suspend: {}}]}")
    made = upload(member, workflow, name=name("p"), namespace=member.namespace).json()
    (version,) = member.kfp.list_pipeline_versions(made["pipeline_id"]).pipeline_versions
    assert version.pipeline_spec["kind"] == "Workflow"


def test_an_upload_without_a_file_is_refused(member: Member) -> None:
    answer = member.call("POST", UPLOAD, data={"name": "x"})
    assert answer.status_code == 400
    assert answer.json()["error_message"] == "Failed to read pipeline from file"


def test_nobody_uploads_into_a_foreign_namespace(
    member: Member, stranger: Member, package: Path
) -> None:
    query = {"name": name("p"), "namespace": member.namespace}
    refused = upload(stranger, package.read_bytes(), **query)
    # The real handler answers 400 here, whatever the reason.
    assert refused.status_code == 400
    assert "not authorized" in refused.json()["error_details"]
    assert upload(member, package.read_bytes(), **query).status_code == 200
