"""A Job of --kf-manifests runs on the embedded cluster with its rights; its report comes back."""

from __future__ import annotations

import json
import subprocess
import sys
import xml.etree.ElementTree
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes import client, config, utils

from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.k8s.ownership import Ownership
from pytest_kubeflow.k8s.pod_template import PodTemplate
from pytest_kubeflow.k8s.volumes import Volume, Volumes
from tests.cluster.remote import NAMESPACE, Remote, wait_until

ROOT = Path(__file__).parents[2]
TEST = "suites/pipelines/test_pythagorean.py"
IMAGE = "pytest-kubeflow:1"


def printed(kind: str, *arguments: str) -> list[dict[str, Any]]:
    """The manifests for one quick test of the suites, as kubectl would read them."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-p", "no:cacheprovider", f"--kf-manifests={kind}"),
            *(f"--kf-namespace={NAMESPACE}", f"--kf-job-image={IMAGE}"),
            "--kf-host=http://ml-pipeline.kubeflow:8888",
            *arguments,
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return list(yaml.safe_load_all(done.stdout))


@dataclass
class Cluster:
    """The cluster, as its administrator has it."""

    remote: Remote
    api: Any

    def apply(self, documents: list[dict[str, Any]]) -> None:
        for document in documents:
            utils.create_from_dict(self.api, document)

    def job(self, name: str) -> Any:
        return client.BatchV1Api(self.api).read_namespaced_job(name, NAMESPACE)

    def pod_of(self, job: str) -> Any:
        pods = self.remote.core.list_namespaced_pod(NAMESPACE, label_selector=f"job-name={job}")
        return pods.items[0] if pods.items else None

    def log_of(self, job: str) -> str:
        pod = self.pod_of(job)
        return str(self.remote.core.read_namespaced_pod_log(pod.metadata.name, NAMESPACE))

    def reports(self, claim: str) -> Volume:
        kubernetes = KubernetesClient(self.remote.endpoints.kubeconfig)
        volumes = Volumes(
            kubernetes,
            NAMESPACE,
            ownership=Ownership("tests@incluster"),
            image="python:3.11-slim",
            template=PodTemplate(),
            timeout=60,
            start_timeout=30,
        )
        return Volume(volumes, claim)


@pytest.fixture(scope="module")
def cluster(remote: Remote) -> Iterator[Cluster]:
    api = config.new_client_from_config(str(remote.endpoints.kubeconfig))
    yield Cluster(remote, api)
    api.close()


def test_it_runs_and_its_report_comes_back(cluster: Cluster) -> None:
    documents = printed("job", "--kf-suites=pipelines", "-k", "pythagorean", "--kf-quiet")
    cluster.apply(documents)
    ended = wait_until(lambda: (cluster.job("acceptance").status.conditions or [None])[-1], 200)
    assert ended.type in {"Complete", "SuccessCriteriaMet"}, cluster.log_of("acceptance")
    reports = cluster.reports("acceptance-reports")
    there = set(reports.list())
    assert {f"acceptance/{one}" for one in ("junit.xml", "report.html", "session.json")} <= there
    found = json.loads(reports.read_text("acceptance/session.json"))
    suite = xml.etree.ElementTree.fromstring(reports.read_text("acceptance/junit.xml"))[0]  # noqa: S314
    assert int(suite.get("tests", 0)) > 0
    assert int(suite.get("skipped", 0)) == int(suite.get("failures", 0)) == 0
    assert "rights" not in json.dumps(found.get("warnings", ""))
