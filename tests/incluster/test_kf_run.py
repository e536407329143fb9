"""kf-run on the embedded cluster: its Job runs with its rights alone, and its report comes back."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tarfile
import xml.etree.ElementTree
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes import client, config, utils
from kubernetes.dynamic import DynamicClient

from tests.cluster.remote import NAMESPACE, Remote, wait_until

ROOT = Path(__file__).parents[2]
SECONDS = 400
"""For what takes some twenty on a machine that is not busy."""

BACKGROUND = {"propagationPolicy": "Background"}
SUBMIT = (
    *("submit", "--kf-host=http://ml-pipeline.kubeflow:8888"),
    *("--kf-suites=pipelines", "--kf-volume-size=100Mi", "--kf-job-image=pytest-kubeflow:1"),
)


class Kubeflow:
    """The cluster, and kf-run as its user has it."""

    def __init__(self, remote: Remote, api: Any) -> None:
        self.core, self.batch = remote.core, client.BatchV1Api(api)
        self.rbac = client.RbacAuthorizationV1Api(api)
        self._kubeconfig = remote.endpoints.kubeconfig

    def run(self, *arguments: str, code: int = 0) -> str:
        """What kf-run writes; its exit code is `code`."""
        done = subprocess.run(
            [sys.executable, "-m", "pytest_kubeflow.incluster.commandline", *arguments],
            cwd=ROOT,
            env={
                **{key: text for key, text in os.environ.items() if key != "KF_PASSWORD"},
                "KF_KUBECONFIG": str(self._kubeconfig),
                "KF_NAMESPACE": NAMESPACE,
            },
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + (done.stderr if code else "")

    def things(self) -> set[str]:
        """What kf-run may make, by name."""
        core, batch, rbac = self.core, self.batch, self.rbac
        listed = [
            *(
                getattr(core, f"list_namespaced_{kind}")(NAMESPACE)
                for kind in (
                    *("service_account", "secret", "config_map", "persistent_volume_claim", "pod"),
                )
            ),
            batch.list_namespaced_job(NAMESPACE),
            rbac.list_namespaced_role(NAMESPACE),
            rbac.list_namespaced_role_binding(NAMESPACE),
            rbac.list_cluster_role(),
            rbac.list_cluster_role_binding(),
        ]
        return {
            f"{type(one).__name__} {item.metadata.name}" for one in listed for item in one.items
        }

    def log(self, name: str) -> str:
        pods = self.core.list_namespaced_pod(NAMESPACE, label_selector=f"job-name={name}").items
        if not pods or not (pods[0].status.container_statuses or [None])[0]:
            return ""
        if pods[0].status.container_statuses[0].state.waiting is not None:
            return ""
        return str(self.core.read_namespaced_pod_log(pods[0].metadata.name, NAMESPACE))


@pytest.fixture(scope="module")
def kubeflow(remote: Remote) -> Iterator[Kubeflow]:
    api = config.new_client_from_config(str(remote.endpoints.kubeconfig))
    yield Kubeflow(remote, api)
    api.close()


def test_a_session_is_submitted_followed_retrieved_and_deleted(
    kubeflow: Kubeflow, tmp_path: Path
) -> None:
    before = kubeflow.things()
    name = kubeflow.run(*SUBMIT, "-k", "pythagorean").strip()

    log = kubeflow.run("logs", "-f", name)
    assert "Kubeflow: fit" in log
    assert "403" not in log, "rights are missing"
    assert "left behind on the cluster" not in log
    found = kubeflow.run("status", "--wait", name)
    assert found.startswith(f"{name}: done with exit code 0 (passed) after ")
    assert found.endswith(", 5 passed\n")
    assert kubeflow.run("list") == found

    archive = tmp_path / "night.tar.gz"
    kubeflow.run("retrieve", name, "--to", str(archive))
    with tarfile.open(archive) as files:
        read = {one.name: files.extractfile(one) for one in files.getmembers()}
        assert {"junit.xml", "report.html", "session.json"} <= read.keys()
        junit = read["junit.xml"] or io.BytesIO()
        cases = list(xml.etree.ElementTree.parse(junit).iter("testcase"))  # noqa: S314 our own
    ran = [one for one in cases if ".suites." in str(one.get("classname"))]
    assert len(ran) == 5
    assert not [one for one in ran if list(one.iter("failure")) or list(one.iter("skipped"))]

    removed = kubeflow.run("delete", name)
    assert f"removed Job {name}\n" in removed
    wait_until(lambda: kubeflow.things() <= before, SECONDS)
    assert "there is no run" in kubeflow.run("status", name, code=1)


def test_a_cronjob_of_the_manifests_runs_at_its_time(kubeflow: Kubeflow, tmp_path: Path) -> None:
    before = kubeflow.things()
    printed = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--kf-manifests=cronjob"),
            *(*SUBMIT[1:], "-k", "passing", "--kf-namespace", NAMESPACE, "--kf-job-name=nightly"),
            "--kf-job-schedule=0 0 1 1 *",
        ],
        cwd=ROOT,
        env={key: text for key, text in os.environ.items() if key != "KF_PASSWORD"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert printed.returncode == 0, printed.stdout + printed.stderr
    objects = list(yaml.safe_load_all(printed.stdout))
    for one in objects:
        utils.create_from_dict(kubeflow.core.api_client, one)
    # The beginning of this year is still to come for it, and it is not too late.
    whenever = {"spec": {"startingDeadlineSeconds": None}}
    kubeflow.batch.patch_namespaced_cron_job("nightly", NAMESPACE, whenever)
    past = {"status": {"lastScheduleTime": "2020-06-01T00:00:00Z"}}
    kubeflow.batch.patch_namespaced_cron_job_status("nightly", NAMESPACE, past)

    def jobs() -> list[Any]:
        listed = kubeflow.batch.list_namespaced_job(NAMESPACE).items
        owned = [one for one in listed if one.metadata.owner_references]
        return [one for one in owned if one.metadata.owner_references[0].name == "nightly"]

    wait_until(lambda: jobs() and (jobs()[0].status.conditions or jobs()[0].status.failed), SECONDS)
    (made,) = jobs()
    log = kubeflow.log(made.metadata.name)
    assert made.status.succeeded == 1, log
    assert " 2 passed" in log
    assert "answers 403" not in log, "rights are missing"
    objects_of = DynamicClient(kubeflow.core.api_client)
    for one in reversed(objects):
        kind = objects_of.resources.get(api_version=one["apiVersion"], kind=one["kind"])
        kind.delete(one["metadata"]["name"], NAMESPACE, body=BACKGROUND)
    wait_until(lambda: kubeflow.things() <= before, SECONDS)


def test_one_that_does_not_start_says_why(kubeflow: Kubeflow) -> None:
    """Meanwhile no other is begun, and there is nothing to retrieve."""
    before = kubeflow.things()
    name = kubeflow.run(*SUBMIT, "--kf-job-image=registry.example/none:1").strip()
    wait_until(lambda: "ImagePull" in kubeflow.run("status", name), SECONDS)
    found = kubeflow.run("status", name)
    assert found.startswith(f"{name}: waiting since ")
    assert "registry.example/none:1" in found
    found = kubeflow.run(*SUBMIT, code=1)
    assert f"another session runs on this cluster: Job {NAMESPACE}/{name}; two at once" in found
    assert "its reports are written at its end" in kubeflow.run("retrieve", name, code=1)
    assert f"no log: {name}: waiting since" in kubeflow.run("logs", name, code=1)
    assert f"removed Job {name}\n" in kubeflow.run("delete", name)
    wait_until(lambda: kubeflow.things() <= before, SECONDS)


def test_a_deadline_ends_the_session_and_its_report_is_there(
    kubeflow: Kubeflow, tmp_path: Path
) -> None:
    name = kubeflow.run(*SUBMIT, "--kf-schedule=sequential").strip()
    try:
        wait_until(lambda: "::" in kubeflow.log(name), SECONDS)
        now = {"spec": {"activeDeadlineSeconds": 1}}
        kubeflow.batch.patch_namespaced_job(name, NAMESPACE, now)
        found = kubeflow.run("status", "--wait", name, code=1)
        assert "ended by its deadline" in found
        kubeflow.run("retrieve", name, "--to", str(tmp_path))
        session = json.loads((tmp_path / "session.json").read_text())
        assert session["exit_code"] == 2
        assert "SIGTERM" in str(session["ended_by"])
        assert (tmp_path / "junit.xml").is_file()
    finally:
        kubeflow.run("delete", name)


def test_what_kf_run_has_not_made_is_left_alone(kubeflow: Kubeflow) -> None:
    container = {"name": "main", "image": "busybox", "command": ["true"]}
    spec = {"template": {"spec": {"restartPolicy": "Never", "containers": [container]}}}
    kubeflow.batch.create_namespaced_job(
        NAMESPACE, {"metadata": {"name": "kf-run-theirs"}, "spec": {**spec, "suspend": True}}
    )
    found = kubeflow.run("delete", "kf-run-theirs", code=1)
    assert f"Job {NAMESPACE}/kf-run-theirs was not made by kf-run: it is left alone" in found
    kubeflow.batch.delete_namespaced_job("kf-run-theirs", NAMESPACE)


def test_a_submission_that_fails_leaves_nothing(kubeflow: Kubeflow) -> None:
    """The quota has no room for the Job; what was made before it goes again."""
    before = kubeflow.things()
    quota = {"metadata": {"name": "no-jobs"}, "spec": {"hard": {"count/jobs.batch": "0"}}}
    kubeflow.core.create_namespaced_resource_quota(NAMESPACE, quota)
    try:
        wait_until(
            lambda: kubeflow.core.read_namespaced_resource_quota_status("no-jobs", NAMESPACE).status
        )
        found = kubeflow.run(*SUBMIT, code=1)
        assert "exceeded quota: no-jobs" in found
    finally:
        kubeflow.core.delete_namespaced_resource_quota("no-jobs", NAMESPACE)
    wait_until(lambda: kubeflow.things() <= before)


def test_mistakes_are_told(kubeflow: Kubeflow) -> None:
    found = kubeflow.run("submit", "--kf-suites=pipelines", code=4)
    assert "needs --kf-job-image" in found
    assert "nothing was submitted" in found
    assert "--keep-for=soon" in kubeflow.run(*SUBMIT, "--keep-for=soon", code=4)
