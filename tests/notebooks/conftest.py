"""A real Jupyter server as a notebook's image starts it, kernels in it; an embedded cluster."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import requests

from pytest_kubeflow.auth.session import gateway_session
from pytest_kubeflow.auth.websocket import gateway_websocket
from pytest_kubeflow.cluster import Cluster, connect
from pytest_kubeflow.cluster.embedded import with_endpoints
from pytest_kubeflow.config.groups.gateway import GatewaySettings
from pytest_kubeflow.config.model import KubeflowConfig
from pytest_kubeflow.k8s.sessions.ownership import Ownership
from pytest_kubeflow.local.cluster import LocalKubeflow
from pytest_kubeflow.local.endpoints import Endpoints
from pytest_kubeflow.notebooks.creator import NotebookCreator
from pytest_kubeflow.notebooks.kernel import Kernel
from pytest_kubeflow.notebooks.notebook import NotebookAccess
from pytest_kubeflow.notebooks.server import JupyterServer
from pytest_kubeflow.redaction import Redactor
from pytest_kubeflow.waiting import Deadline, wait_until
from tests.notebooks.cutting_proxy import CuttingProxy

PREFIX = "/notebook/team/lab"
NAMESPACE = "kubeflow-user-example-com"


@dataclass(frozen=True)
class Jupyter:
    """Where it listens, and its home directory."""

    port: int
    home: Path

    def url(self, port: int | None = None) -> str:
        """Its base, by way of another port if one is given."""
        return f"http://127.0.0.1:{port or self.port}{PREFIX}"


@pytest.fixture(scope="session")
def jupyter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jupyter]:
    home, runtime = tmp_path_factory.mktemp("jovyan"), tmp_path_factory.mktemp("runtime")
    log = (runtime / "log").open("wb")
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "jupyter_server", "--no-browser", "--allow-root"),
            *("--ip=127.0.0.1", "--port=0", f"--ServerApp.root_dir={home}"),
            *("--IdentityProvider.token=", "--ServerApp.password="),
            *("--ServerApp.allow_origin=*", "--ServerApp.allow_remote_access=True"),
            f"--ServerApp.base_url={PREFIX}",
        ],
        env={**os.environ, "HOME": str(home), "JUPYTER_RUNTIME_DIR": str(runtime)},
        stdout=log,
        stderr=subprocess.STDOUT,
        cwd=home,
    )
    try:
        found = wait_until(
            lambda: (process.poll(), [*runtime.glob("jpserver-*.json")]),
            lambda state: state[0] is not None or bool(state[1] and state[1][0].stat().st_size),
            deadline=Deadline.after(60),
            what="the Jupyter server",
        )
        assert found[1], (runtime / "log").read_text()
        yield Jupyter(json.loads(found[1][0].read_text())["port"], home)
    finally:
        process.terminate()
        process.wait(30)
        log.close()


@pytest.fixture
def proxy(jupyter: Jupyter) -> Iterator[CuttingProxy]:
    """Before the server."""
    with CuttingProxy(jupyter.port) as running:
        yield running


def opener(credentials: Any = None) -> Callable[[str, int, float], AbstractContextManager[Any]]:
    """Opens websockets as a session with these credentials does."""
    return lambda url, largest, seconds: gateway_websocket(
        url, GatewaySettings(), credentials, largest=largest, open_seconds=seconds
    )


def session(credentials: Any = None) -> requests.Session:
    """Requests as somebody with these credentials."""
    return gateway_session(GatewaySettings(), credentials)


KernelMaker = Callable[..., Kernel]


@pytest.fixture
def make_kernel(jupyter: Jupyter, proxy: CuttingProxy) -> Iterator[KernelMaker]:
    """Starts kernels, by way of a port; they end with the test, before the proxy does."""
    made: list[Kernel] = []

    def make(port: int | None = None, credentials: Any = None, timeout: float = 60) -> Kernel:
        server = JupyterServer(jupyter.url(port), session(credentials))
        kernel = Kernel(server, opener(credentials), "notebook team/lab", timeout=timeout)
        made.append(kernel)
        return kernel

    yield make
    for kernel in made:
        kernel.close()


@pytest.fixture(scope="session")
def endpoints() -> Iterator[Endpoints]:
    with LocalKubeflow() as running:
        yield running.endpoints


@pytest.fixture(scope="session")
def cluster(endpoints: Endpoints) -> Iterator[Cluster]:
    """An embedded cluster, as its user with a password sees it."""
    yield from connected(endpoints)


def connected(endpoints: Endpoints, **gateway: Any) -> Iterator[Cluster]:
    """It, with these settings of the gateway."""
    config = with_endpoints(KubeflowConfig(), endpoints)
    config = replace(config, gateway=replace(config.gateway, **gateway))
    found = connect(config, ownership=Ownership("tests"), redactor=Redactor())
    yield found
    found.close()


@pytest.fixture
def creator(cluster: Cluster) -> Iterator[NotebookCreator]:
    """Makes notebooks, and removes them."""
    made = NotebookCreator(NotebookAccess(cluster, NAMESPACE, timeout=120))
    yield made
    made.close()


@pytest.fixture
def hasty(cluster: Cluster) -> Iterator[NotebookCreator]:
    """The same with a limit of two seconds for what keeps pods from starting."""
    session = replace(cluster.config.session, start_timeout=2.0)
    impatient = replace(cluster, config=replace(cluster.config, session=session))
    made = NotebookCreator(NotebookAccess(impatient, NAMESPACE, timeout=120))
    yield made
    made.close()
