"""A cluster with its clients, and the sessions of pytest that benchmarks of declared runs begin.

Without `annotations` of the future: KFP needs the types themselves.
"""

import contextlib
import io
import json
import os
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

import kfp
from kfp import compiler, dsl
from kubernetes import client, config

from pytest_kubeflow.auth.token import BearerToken
from pytest_kubeflow.config.groups.gateway import GatewaySettings
from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.k8s.sessions.ownership import Ownership
from pytest_kubeflow.local.cluster import LocalKubeflow
from pytest_kubeflow.pipelines.client import make_kfp_client
from pytest_kubeflow.pipelines.experiment import Experiment
from pytest_kubeflow.pipelines.following.session_runs import SessionRuns
from pytest_kubeflow.pipelines.following.watcher import RunWatcher
from pytest_kubeflow.pipelines.runs.view import RunView
from pytest_kubeflow.redaction import Secret

_PIPELINE = """
import os, pytest
from kfp import dsl

@dsl.container_component
def work(seconds: str):
    return dsl.ContainerSpec(image="busybox", command=["sleep"], args=[seconds])

@dsl.pipeline
def working(seconds: str):
    work(seconds=seconds)

COUNT, SECONDS = int(os.environ["COUNT"]), os.environ["SECONDS"]
"""
DECLARING = (
    _PIPELINE
    + """
@pytest.mark.parametrize("number", range(COUNT))
@pytest.mark.kf_pipeline(working, arguments={"seconds": SECONDS}, timeout=3600)
def test_declared(pipeline_run, number):
    pass
"""
)
PLAIN = (
    _PIPELINE
    + """
import kfp

@pytest.fixture(scope="session")
def client():
    return kfp.Client(os.environ["API"], existing_token=os.environ["TOKEN"],
                      namespace=os.environ["NAMESPACE"])

@pytest.mark.parametrize("number", range(COUNT))
def test_plain(client, number):
    run = client.create_run_from_pipeline_func(
        working, arguments={"seconds": SECONDS}, enable_caching=False,
        namespace=os.environ["NAMESPACE"], experiment_name="plain")
    assert client.wait_for_run_completion(run.run_id, 600).state == "SUCCEEDED"
"""
)
_STAMPS = """
import json, os, pathlib, time, pytest
stamps = {}

@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_finish():
    began = time.perf_counter()
    yield
    stamps["plan"] = time.perf_counter() - began

@pytest.hookimpl(optionalhook=True)
def pytest_kubeflow_schedule(config, plan):
    stamps["began"] = time.time()

def pytest_runtest_logreport(report):
    stamps["ended"] = time.time()

def pytest_unconfigure(config):
    lines = pathlib.Path("/proc/self/status").read_text().splitlines()
    stamps["mib"] = next(int(one.split()[1]) for one in lines if one.startswith("VmHWM")) / 1024
    if not hasattr(config, "workerinput"):
        pathlib.Path("stamps.json").write_text(json.dumps(stamps))
"""


@dsl.container_component
def work(seconds: str) -> dsl.ContainerSpec:
    """A task of so many seconds."""
    return dsl.ContainerSpec(image="busybox", command=["sleep"], args=[seconds])


@dsl.pipeline(name="working")
def working(seconds: str) -> None:
    """One task."""
    work(seconds=seconds)


class Bench:
    """A cluster, a plain client of it, and watchers of one experiment's runs."""

    def __init__(self, cluster: LocalKubeflow, folder: Path) -> None:
        self.where = cluster.endpoints
        self._folder = folder
        self._package = str(folder / "working.yaml")
        compiler.Compiler().compile(working, self._package)
        core = client.CoreV1Api(config.new_client_from_config(str(self.where.kubeconfig)))
        request = {"spec": {"expirationSeconds": 7200}}
        self._token = core.create_namespaced_service_account_token(
            "default-editor", self.where.namespace, request
        ).status.token
        self._api = f"{self.where.host}/pipeline"
        self.plain = kfp.Client(
            self._api, existing_token=self._token, namespace=self.where.namespace
        )
        self._ours = make_kfp_client(
            self._api,
            credentials=BearerToken(Secret(self._token), origin="benchmark"),
            settings=GatewaySettings(self.where.host),
            namespace=self.where.namespace,
        )
        self._experiment = Experiment(self._ours, self.where.namespace, Ownership("benchmark"))

    def submit(self, seconds: str) -> RunView:
        """A run of one task of so many seconds."""
        with contextlib.redirect_stdout(io.StringIO()):  # kfp prints a line for each
            run = self._ours.run_pipeline(
                self._experiment.id,
                uuid.uuid4().hex,
                self._package,
                params={"seconds": seconds},
                enable_caching=False,
            )
        return RunView.of(run)

    def watcher(self, *, watch: bool) -> RunWatcher:
        """A watcher with or without Kubernetes."""
        kubernetes = KubernetesClient(self.where.kubeconfig) if watch else None
        return RunWatcher(
            SessionRuns(
                self._ours, self._experiment, kubernetes=kubernetes, namespace=self.where.namespace
            )
        )

    def counted(self, kfp_client: Any) -> list[str]:
        """A list that grows with each request of this client."""
        seen: list[str] = []
        rest = kfp_client._run_api.api_client.rest_client
        send = rest.request

        def request(method: str, url: str, **kwargs: Any) -> Any:
            seen.append(url)
            return send(method, url, **kwargs)

        rest.request = request
        return seen

    @property
    def requests(self) -> tuple[list[str], list[str]]:
        """Requests of the plain client and of ours, from now on."""
        return self.counted(self.plain), self.counted(self._ours)

    def clear(self, runs: list[RunView]) -> None:
        """End these."""
        for run in runs:
            self._ours.terminate_run(run.run_id)

    def session(
        self, source: str, *arguments: str, count: int, seconds: str
    ) -> subprocess.Popen[str]:
        """Begin a session of pytest whose tests are `source`."""
        (self._folder / "test_it.py").write_text(source)
        (self._folder / "conftest.py").write_text(_STAMPS)
        return subprocess.Popen(
            [sys.executable, "-m", "pytest", "-q", *arguments],
            cwd=self._folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={
                **os.environ,
                "KF_PASSWORD": "12341234",
                "COUNT": str(count),
                "SECONDS": seconds,
                "API": self._api,
                "TOKEN": self._token,
                "NAMESPACE": self.where.namespace,
            },
        )

    @property
    def options(self) -> list[str]:
        """How pytest is told of the cluster."""
        where = self.where
        return [
            f"--kf-host={where.host}",
            f"--kf-username={where.username}",
            f"--kf-kubeconfig={where.kubeconfig}",
            f"--kf-s3-endpoint={where.s3_endpoint}",
            f"--kf-namespace={where.namespace}",
        ]

    def stamps(self, session: subprocess.Popen[str], code: int = 0) -> dict[str, float]:
        """What a session noted. Raises SystemExit unless it ended with `code`."""
        output, _ = session.communicate()
        if session.returncode != code:
            raise SystemExit(output)
        found: dict[str, float] = json.loads((self._folder / "stamps.json").read_text())
        return found
