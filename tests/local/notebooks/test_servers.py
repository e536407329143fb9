"""Notebooks of Kubeflow's image: code that runs, files that stay, and who gets in."""

from __future__ import annotations

import importlib.metadata
import runpy
from pathlib import Path
from typing import Any

import pytest
import requests
from traitlets.config import Config
from websockets.exceptions import InvalidStatus

from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.k8s.ports.portforward import PortForward
from pytest_kubeflow.k8s.ports.tunnel import PodPort
from pytest_kubeflow.local import notebooks as notebook_programs
from pytest_kubeflow.local.kubelet.images.catalogue import ImageUnknown
from pytest_kubeflow.local.node import node_images
from tests.local.notebooks.conftest import Notebooks
from tests.local.notebooks.kernels import PULL_SECONDS, Server, execute, started
from tests.local.webapps.conftest import Person, eventually

CONFIG = Path(notebook_programs.__file__).parent / "server/notebook-server/jupyter_server_config.py"
WHEEL = """
import pathlib, sys, zipfile
name = "greeting-1.0.dist-info"
with zipfile.ZipFile("greeting-1.0-py3-none-any.whl", "w") as wheel:
    wheel.writestr("greeting.py", "WORD = 'hello'")
    wheel.writestr(f"{name}/METADATA", "Metadata-Version: 2.1\\nName: greeting\\nVersion: 1.0\\n")
    wheel_tags = "Root-Is-Purelib: true\\nTag: py3-none-any"
    wheel.writestr(f"{name}/WHEEL", f"Wheel-Version: 1.0\\nGenerator: hand\\n{wheel_tags}\\n")
    wheel.writestr(f"{name}/RECORD", "")
"""


@pytest.fixture(scope="module")
def shared(notebooks: Notebooks, owner: Person) -> Server:
    """A notebook that tests only look at."""
    return started(notebooks, owner)[1]


def test_code_runs_as_in_kubeflows_image(shared: Server) -> None:
    kernel = shared.kernel()
    with shared.connect(kernel) as channel:
        assert execute(channel, "print(6 * 7)") == "42"
        assert execute(channel, "1 / 0") == "ZeroDivisionError: division by zero"
        found = "import getpass, os; print(getpass.getuser(), os.getuid(), os.getcwd())"
        assert execute(channel, found) == "jovyan 1000 /home/jovyan"
        assert execute(channel, "import kfp; print(kfp.__version__)") == (
            importlib.metadata.version("kfp")
        )
        # A server of Jupyter passes on a megabyte a second, and says so of what it leaves out.
        assert "IOPub data rate exceeded" in execute(channel, "print('x' * (10 << 20))")
        assert execute(channel, "print('x' * 900_000)") == "x" * 900_000
    # The kernel outlives the connection, and keeps what it knows.
    assert shared.run("print(os.environ['NB_PREFIX'])", kernel) == shared.path[:-1]


def test_models_can_be_trained(shared: Server) -> None:
    code = (
        "from sklearn.datasets import load_digits\n"
        "from sklearn.linear_model import LogisticRegression\n"
        "rows, digits = load_digits(return_X_y=True)\n"
        "model = LogisticRegression(max_iter=200).fit(rows[:1200], digits[:1200])\n"
        "print(model.score(rows[1200:], digits[1200:]) > 0.9)"
    )
    assert shared.run(code) == "True"


def test_both_faces_and_the_api_answer(shared: Server) -> None:
    for path, title in (("lab", "JupyterLab"), ("tree", "Home")):
        answer = shared.person.ask("GET", f"{shared.path}{path}")
        assert (answer.status_code, title in answer.text) == (200, True)
    assert "version" in shared.person.ask("GET", f"{shared.path}api").json()
    assert shared.person.ask("GET", f"{shared.path}api/me").status_code == 200
    file = {"type": "file", "format": "text", "content": "kept"}
    assert shared.ask("PUT", "api/contents/a.txt", json=file).status_code == 201
    assert shared.ask("GET", "api/contents/a.txt").json()["content"] == "kept"
    assert shared.person.ask("POST", f"{shared.path}api/kernels").status_code == 403


def test_others_get_no_websocket(shared: Server, other: Person) -> None:
    kernel = shared.kernel()
    stranger = Server(other, shared.path)
    with pytest.raises(InvalidStatus) as refused, stranger.connect(kernel):
        pass
    response = refused.value.response
    assert (response.status_code, response.body) == (403, b"RBAC: access denied")
    nobody = Server(Person(other.url, "", ""), shared.path)
    with pytest.raises(InvalidStatus) as unknown, nobody.connect(kernel):
        pass
    assert unknown.value.response.status_code == 401
    with pytest.raises(InvalidStatus) as missing, shared.connect("none"):
        pass
    assert missing.value.response.status_code == 404


def test_what_a_package_brings_is_there_at_once(shared: Server) -> None:
    kernel = shared.kernel()
    with shared.connect(kernel) as channel:
        assert execute(channel, WHEEL) == ""
        found = execute(channel, "%pip install ./greeting-1.0-py3-none-any.whl")
        assert "Successfully installed greeting-1.0" in found
        assert execute(channel, "import greeting; print(greeting.WORD)") == "hello"


def test_in_its_pod_it_answers_to_all(notebooks: Notebooks, shared: Server) -> None:
    """As the real image's does; a page of another site may read nothing all the same."""
    name = shared.path.split("/")[-2]
    (pod,) = notebooks.pods(name)
    kubernetes = KubernetesClient(notebooks.endpoints.kubeconfig)
    target = PodPort(notebooks.namespace, pod.metadata.name, 8888)
    inside = f"{name}.{notebooks.namespace}.svc.cluster.local"
    with PortForward.to_pod(kubernetes, target) as forward:
        url = f"{forward.url}{shared.path}api/status"
        for host in (inside, f"{pod.status.pod_ip}:8888", "another.example.net"):
            assert requests.get(url, headers={"Host": host}, timeout=10).status_code == 200
        page = requests.get(url, headers={"Origin": "http://example.net"}, timeout=10)
        assert "access-control-allow-origin" not in page.headers
    kubernetes.close()


@pytest.mark.parametrize(("address", "answers"), [("0.0.0.0", True), ("127.1.2.3", False)])  # noqa: S104
def test_where_pods_share_the_machines_network_it_answers_to_the_cluster(
    monkeypatch: pytest.MonkeyPatch, address: str, answers: bool
) -> None:
    """A page of any site can have its name lead to the machine's addresses."""
    monkeypatch.setenv("KF_LISTEN_ADDRESS", address)
    monkeypatch.setenv("NB_PREFIX", "/notebook/team/mine")
    config = Config()
    runpy.run_path(str(CONFIG), {"get_config": lambda: config})
    server = config.ServerApp
    assert (server.ip, server.allow_remote_access) == (address, answers)
    assert {"localhost", "mine.team.svc.cluster.local"} <= set(server.local_hostnames)


def claim(notebooks: Notebooks) -> dict[str, Any]:
    """A pod's volumes and its container's mounts, with a new claim at home."""
    made = notebooks.core.create_namespaced_persistent_volume_claim(
        notebooks.namespace,
        {
            "metadata": {"generateName": "workspace-"},
            "spec": {
                "accessModes": ["ReadWriteOnce"],
                "resources": {"requests": {"storage": "1Mi"}},
            },
        },
    )
    source = {"claimName": made.metadata.name}
    return {
        "container": {"volumeMounts": [{"name": "home", "mountPath": "/home/jovyan"}]},
        "pod": {"volumes": [{"name": "home", "persistentVolumeClaim": source}]},
    }


def test_the_workspace_outlives_a_stop_and_nothing_else_does(
    notebooks: Notebooks, owner: Person
) -> None:
    name, server = started(notebooks, owner, **claim(notebooks))
    assert server.run("print(open('.bashrc').read())").startswith("#")
    write = "open('kept.txt', 'w').write('kept'); open('/tmp/lost.txt', 'w').write('lost')\n"
    assert server.run(f"{write}open('.bashrc', 'w').write('mine')") == ""
    notebooks.annotate(name, kubeflow_resource_stopped="now")
    eventually(lambda: not notebooks.pods(name))
    notebooks.annotate(name, kubeflow_resource_stopped=None)
    eventually(server.is_up, within=PULL_SECONDS)
    look = "import os; print(*(open(one).read() for one in ('kept.txt', '.bashrc')), "
    assert server.run(f"{look}os.path.exists('/tmp/lost.txt'))") == "kept mine False"
    notebooks.delete(name)


def test_a_prefix_of_ones_own_is_no_way_in(notebooks: Notebooks, owner: Person) -> None:
    env = [{"name": "NB_PREFIX", "value": "/elsewhere"}]
    name = notebooks.create({"image": "jupyter-scipy", "env": env})
    path = notebooks.path(name, "api")
    eventually(lambda: owner.ask("GET", path).status_code == 404, within=PULL_SECONDS)
    notebooks.delete(name)


@pytest.mark.parametrize(
    ("image", "message"),
    [
        ("ghcr.io/kubeflow/kubeflow/notebook-servers/rstudio-tidyverse:v1.11.0", "RStudio"),
        ("ghcr.io/kubeflow/kubeflow/notebook-servers/codeserver-python:v1.11.0", "code-server"),
        ("kubeflownotebookswg/jupyter-pytorch-full:v1.9.2", "GPUs"),
    ],
)
def test_images_of_other_kinds_are_refused(tmp_path: Any, image: str, message: str) -> None:
    images = node_images(tmp_path)
    with pytest.raises(ImageUnknown, match=message) as refused:
        images.resolve(image)
    assert "this node emulates jupyter and jupyter-scipy alone" in str(refused.value)


@pytest.mark.parametrize(
    "image",
    [
        "ghcr.io/kubeflow/kubeflow/notebook-servers/jupyter-scipy:v1.10.0",
        "registry.example.com:5000/mirror/notebook-servers/jupyter:v1.11.0",
        "kubeflownotebookswg/jupyter-scipy:v1.9.2",
    ],
)
def test_images_of_mirrors_and_releases_are_the_same(tmp_path: Any, image: str) -> None:
    found = node_images(tmp_path).resolve(image)
    assert (found.kind, found.user, found.home) == ("python", "1000:100", "/home/jovyan")
