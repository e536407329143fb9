"""What is left before an upgrade is looked at after it, and each thing that was lost is seen."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_kubeflow.k8s.sessions.upgrade_record import THING
from pytest_kubeflow.local.cluster import LocalKubeflow
from pytest_kubeflow.local.faults import CONFIG_MAP, IN_EFFECT
from tests.cluster.remote import wait_until
from tests.local.webapps.conftest import logged_in
from tests.suites.test_red import run_pytest, ways_in

LOST = {
    "test_inventory.py::test_no_custom_resource_was_lost": (
        r"pvcviewers.kubeflow.org was there before, and is not now: with its definition its objects"
    ),
    "test_notebook.py::test_the_notebook_has_its_file_and_runs_code": (
        r"read Notebook \S+/kf-notebook-\w+: .*not found"
    ),
    "test_pipelines.py::test_its_versions_are_as_they_were_and_run": (
        r"pipeline kept-over-upgrade-\w+ had versions \[.*\], and has \["
    ),
    "test_pipelines.py::test_the_run_has_its_result_and_its_artifact": (
        r"artifact \S+/note of run kept-over-upgrade-\w+ is another than before"
    ),
    "test_pipelines.py::test_the_recurring_run_has_rested_and_starts_runs_again": (
        r"recurring run \S+ was disabled, and is enabled now"
    ),
    "test_serving.py::test_the_model_is_served_and_says_the_same": (
        r"InferenceService kf-model-\w+ predicts something else than before"
    ),
    "test_storage.py::test_the_volume_has_its_files_and_takes_more": r"kf-volume-\w+.*not found",
    "test_storage.py::test_the_object_is_in_the_store": (
        r"/kept/object.bin is another than before"
    ),
}
"""Of each test after the upgrade, what it says of what `lose` has done."""


class Upgraded:
    """An embedded cluster, before and after.

    `upgrade` starts it anew on its data directory, with the next release of Trainer.
    """

    def __init__(self, data: Path) -> None:
        self.data = data
        self.start("2.1")

    def start(self, trainer: str) -> None:
        from kubernetes import client, config

        self.cluster = LocalKubeflow(data=self.data, trainer=trainer)
        self.where = where = self.cluster.start()
        api = config.new_client_from_config(str(where.kubeconfig))
        self.core, self.custom = client.CoreV1Api(api), client.CustomObjectsApi(api)
        self.definitions = client.ApiextensionsV1Api(api)

    def upgrade(self) -> None:
        self.cluster.stop()
        self.start("2.2")

    def session(self, phase: str, *more: str, tests: str = "") -> tuple[dict[str, str], str]:
        """Outcomes by test of the suite, and the output."""
        options, environment = ways_in(self.where, 60)
        # KServe looks at whole buckets, which the keys of a profile may not.
        environment["KF_S3_ACCESS_KEY"] = self.where.s3_access_key
        environment["KF_S3_SECRET_KEY"] = self.where.s3_secret_key
        options += [f"--kf-upgrade={phase}", *more]
        outcomes, output = run_pytest(options, environment, [f"upgrade/{tests}"])
        return {name.removeprefix("upgrade/"): one for name, one in outcomes.items()}, output

    def left(self) -> dict[str, Any]:
        """The facts of all that was left, and where."""
        found = self.core.list_config_map_for_all_namespaces(label_selector=THING).items
        return {
            one.metadata.labels[THING]: {
                "namespace": one.metadata.namespace,
                **json.loads(one.data["facts.json"]),
            }
            for one in found
        }

    def lose(self) -> None:
        """Take away or change each thing in a way that an upgrade may."""
        left = self.left()
        namespace = left["volume"]["namespace"]
        self.definitions.delete_custom_resource_definition("pvcviewers.kubeflow.org")
        self.custom.delete_namespaced_custom_object(
            "kubeflow.org", "v1", namespace, "notebooks", left["notebook"]["name"]
        )
        self.core.delete_namespaced_persistent_volume_claim(left["volume"]["name"], namespace)
        where = left["object"]
        self.put(where["bucket"], f"{where['prefix']}kept/object.bin")
        bucket, _, key = left["run"]["artifact"].partition("://")[2].partition("/")
        self.put(bucket, key)
        pipeline, recurring = left["pipeline"], left["recurring-run"]
        version = next(iter(pipeline["versions"]))
        user = logged_in(self.where, str(self.where.username), str(self.where.password), namespace)
        for method, path in (
            ("DELETE", f"pipelines/{pipeline['id']}/versions/{version}"),
            ("POST", f"recurringruns/{recurring['id']}:enable"),
        ):
            answer = user.ask(method, f"/pipeline/apis/v2beta1/{path}")
            assert answer.status_code == 200, answer.text
        self.break_predictors()

    def put(self, bucket: str, key: str) -> None:
        """Another content for an object."""
        from minio import Minio

        store = Minio(
            self.where.s3_endpoint.partition("://")[2],
            access_key=self.where.s3_access_key,
            secret_key=self.where.s3_secret_key,
            secure=False,
        )
        store.put_object(bucket, key, io.BytesIO(b"another"), len(b"another"))

    def break_predictors(self) -> None:
        """Have models predict something else."""
        namespace, name = CONFIG_MAP
        body: Any = {"metadata": {"name": name}, "data": {"predictor-wrong": "on"}}
        self.core.create_namespaced_config_map(namespace, body)

        def is_on() -> bool:
            found = self.core.read_namespaced_config_map(name, namespace)
            return "predictor-wrong" in (found.metadata.annotations or {}).get(IN_EFFECT, "")

        wait_until(is_on, seconds=60)


@pytest.fixture
def upgraded(tmp_path: Path) -> Iterator[Upgraded]:
    upgraded = Upgraded(tmp_path / "data")
    try:
        yield upgraded
    finally:
        upgraded.cluster.stop()


def test_what_was_left_is_found_and_what_was_lost_is_told(upgraded: Upgraded) -> None:
    outcomes, output = upgraded.session("before")
    assert set(outcomes.values()) == {"PASSED"}, output
    assert len(outcomes) == len(LOST), output
    left = upgraded.left()
    assert len(left) == len(LOST), left

    upgraded.upgrade()
    assert upgraded.left() == left
    outcomes, output = upgraded.session("after", "--kf-keep=always")
    assert outcomes == dict.fromkeys(LOST, "PASSED"), output
    assert re.search(r"image of \S+trainer\S*: .* -> ", output), output
    assert upgraded.left() == left

    upgraded.lose()
    outcomes, output = upgraded.session("after")
    assert outcomes.keys() == LOST.keys(), output
    assert set(outcomes.values()) == {"FAILED"}, output
    for text in LOST.values():
        assert re.search(text, output), f"{text}\n{output}"
    assert "stays, since tests failed" in output
    assert upgraded.left() == left


def test_it_is_removed_once_all_of_it_was_found(upgraded: Upgraded) -> None:
    outcomes, output = upgraded.session("after", tests="test_storage.py")
    assert outcomes == {}, output
    assert "nothing is left in any namespace by a session with --kf-upgrade=before" in output

    outcomes, output = upgraded.session("before", tests="test_storage.py")
    assert set(outcomes.values()) == {"PASSED"}, output
    profile = upgraded.left()["volume"]["namespace"]

    one = "test_storage.py::test_the_object_is_in_the_store"
    outcomes, output = upgraded.session("after", tests=one)
    assert outcomes == {one: "PASSED"}, output
    assert "stays, since nobody has looked at its volume" in output

    outcomes, output = upgraded.session("after")
    assert outcomes.pop(one) == "PASSED", output
    assert outcomes.pop("test_storage.py::test_the_volume_has_its_files_and_takes_more") == "PASSED"
    assert "no service was left by session" in output
    assert upgraded.left() == {}
    namespaces = [one.metadata.name for one in upgraded.core.list_namespace().items]
    assert profile not in namespaces
