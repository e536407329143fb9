"""Pods whose images come from a registry: states, events, policies, logins, what is in them.

Words, reasons and ids: what a kubelet 1.34.4 with containerd 1.6.20 said of the same images in
docker-registry 2.8.2, with its host for ours.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest

from pytest_kubeflow.config.groups.images import ImageSettings
from pytest_kubeflow.config.imagemirror import ImageMirrors
from pytest_kubeflow.k8s.sessions.ownership import Ownership
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.resources import SECRETS
from pytest_kubeflow.redaction import Redactor, Secret
from pytest_kubeflow.registry.logins import RegistryLogins
from pytest_kubeflow.registry.maker import ImageMaker
from tests.local.kubelet.conftest import NAMESPACE, Cluster, sh, state
from tests.local.registry.serving import PASSWORD, USER, registry

PULL = {"imagePullSecrets": [{"name": "good"}]}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, cluster: Cluster) -> Iterator[str]:
    """A registry, and Secrets `good` and `bad` for it."""
    with registry(tmp_path_factory.mktemp("registry")) as found:
        for name, password in (("good", PASSWORD), ("bad", "planted-wrong")):
            auths = {"auths": {found: {"username": USER, "password": password}}}
            data = base64.b64encode(json.dumps(auths).encode()).decode()
            secret = {
                "metadata": {"name": name, "namespace": NAMESPACE},
                "type": "kubernetes.io/dockerconfigjson",
                "data": {".dockerconfigjson": data},
            }
            cluster.do(cluster.client.create(SECRETS, secret))
        yield found


@pytest.fixture
def images(place: str) -> ImageMaker:
    settings = ImageSettings(registry=place, username=USER, password=Secret(PASSWORD))
    return ImageMaker(
        place,
        RegistryLogins(settings, Redactor()),
        base="python:3.11-slim",
        mirrors=ImageMirrors(),
        ownership=Ownership("tests"),
    )


def image_id(pod: Object) -> str:
    return str(pod["status"]["containerStatuses"][0]["imageID"])


def waits(pod: Object) -> bool:
    return state(pod).get("waiting", {}).get("reason") in {"ImagePullBackOff", "ErrImageNeverPull"}


def test_what_was_pushed_is_there(cluster: Cluster, images: ImageMaker) -> None:
    module = "usr/local/lib/python{}/site-packages/pushed_module.py".format(
        ".".join(cluster.output(sh("python3 -V", image="python:3.11")).split()[1].split(".")[:2])
    )
    image = images(
        {
            "/opt/tool/run": "#!/bin/sh\necho tool $A\n",
            f"/{module}": "X = 42\n",
            "/etc/passwd": "root:x:0:0::/:/bin/sh\nme:x:1234:5::/:/bin/sh\n",
        },
        environment={"A": "of the image", "PATH": "/opt/tool:/usr/local/bin:/usr/bin:/bin"},
        user="me",
    )
    script = "run; id -un; id -u; python3 -c 'import pushed_module as m; print(m.X)'; touch /opt/x"
    pod = cluster.finished(cluster.create(sh(script, image=str(image)), **PULL))
    assert cluster.log(pod) == (
        "tool of the image\nme\n1234\n42\ntouch: cannot touch '/opt/x': Permission denied\n"
    )
    assert image_id(pod) == str(image)
    found = dict(cluster.events(pod, "Pulling", "Pulled", "Created", "Started"))
    assert found["Pulling"] == f'Pulling image "{image}"'
    assert found["Pulled"].startswith(f'Successfully pulled image "{image}" in ')
    assert found["Pulled"].endswith(" bytes.")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "{place}/{repository}:nope",
            "rpc error: code = NotFound desc = failed to pull and unpack image "
            '"{name}": failed to resolve reference "{name}": {name}: not found',
        ),
        (
            "{place}/no/such:1",
            "rpc error: code = NotFound desc = failed to pull and unpack image "
            '"{name}": failed to resolve reference "{name}": {name}: not found',
        ),
        (
            "127.0.0.1:9/a/b:1",
            'failed to pull and unpack image "{name}": failed to resolve reference "{name}": '
            'failed to do request: Head "http://127.0.0.1:9/v2/a/b/manifests/1": dial tcp '
            "127.0.0.1:9: connect: connection refused",
        ),
        (
            "registry.localhost:{port}/{repository}:1",
            'failed to pull and unpack image "{name}": failed to resolve reference "{name}": '
            'failed to do request: Head "https://registry.localhost:{port}/v2/{repository}/manifests/'
            '1": http: server gave HTTP response to HTTPS client',
        ),
    ],
    ids=["tag", "name", "nobody", "http"],
)
def test_what_is_not_to_be_had(
    cluster: Cluster, images: ImageMaker, place: str, name: str, message: str
) -> None:
    repository = images({"/a": "1"}).reference.repository
    values = {"place": place, "repository": repository, "port": place.partition(":")[2]}
    values["name"] = name.format(**values)
    pod = cluster.create(sh("true", image=values["name"]), **PULL)
    waiting = state(cluster.until(pod, waits))["waiting"]
    problem = message.format(**values)
    assert waiting == {
        "reason": "ImagePullBackOff",
        "message": f'Back-off pulling image "{values["name"]}": ErrImagePull: {problem}',
    }
    events = cluster.events(pod, "Pulling", "Failed", "BackOff")
    assert ("Failed", f'Failed to pull image "{values["name"]}": {problem}') in events
    assert {"Error: ErrImagePull", "Error: ImagePullBackOff"} <= {text for _, text in events}
    cluster.delete(pod)


def test_another_platform_is_refused_where_an_index_says_so(
    cluster: Cluster, images: ImageMaker
) -> None:
    image = images({"/a": "1"}, platform="linux/s390x")
    pod = cluster.create(sh("true", image=str(image)), **PULL)
    message = state(cluster.until(pod, waits))["waiting"]["message"]
    assert message.endswith(f'image "{image}": no match for platform in manifest: not found')
    single = f"{image.reference.name}@{image.inner}"
    assert image_id(cluster.run(sh("true", image=single), **PULL)) == single
    cluster.delete(pod)


@pytest.mark.parametrize("secrets", [[], ["bad"], ["missing"]], ids=["none", "wrong", "missing"])
def test_a_login_is_wanted(
    cluster: Cluster, images: ImageMaker, place: str, secrets: list[str]
) -> None:
    image = str(images({"/a": "1", "/b": "-".join(secrets)}))
    names: Any = [{"name": name} for name in secrets]
    pod = cluster.create(sh("true", image=image), imagePullSecrets=names)
    message = state(cluster.until(pod, waits))["waiting"]["message"]
    assert message.endswith(
        f"pulling from host {place} failed with status code "
        f"[manifests {image.partition('@')[2]}]: 401 Unauthorized"
    )
    if "missing" in secrets:
        (found,) = (
            text
            for reason, text in cluster.events(pod, "FailedToRetrieveImagePullSecret")
            if reason == "FailedToRetrieveImagePullSecret"
        )
        assert found == (
            "Unable to retrieve some image pull secrets (missing); attempting to pull the image "
            "may not succeed."
        )
    cluster.delete(pod)


def test_several_secrets_are_tried(cluster: Cluster, images: ImageMaker) -> None:
    image = str(images({"/several": "1"}))
    names = [{"name": "missing"}, {"name": "bad"}, {"name": "good"}]
    assert image_id(cluster.run(sh("true", image=image), imagePullSecrets=names)) == image


def test_policies(cluster: Cluster, images: ImageMaker) -> None:
    first = images({"/mark": "1"})
    tag, repository = first.by_tag, first.reference.repository

    def run(policy: str) -> tuple[str, str]:
        container = sh("cat /mark", image=tag, imagePullPolicy=policy)
        pod = cluster.run(container, **PULL)
        return cluster.log(pod), image_id(pod)

    never = cluster.create(sh("true", image=tag, imagePullPolicy="Never"), **PULL)
    assert state(cluster.until(never, waits))["waiting"] == {
        "reason": "ErrImageNeverPull",
        "message": f'Container image "{tag}" is not present with pull policy of Never',
    }
    assert run("IfNotPresent") == ("1", str(first))
    second = images({"/mark": "2"}, name=repository)
    assert run("IfNotPresent") == ("1", str(first))
    assert run("Never") == ("1", str(first))
    assert run("Always") == ("2", str(second))
    assert run("IfNotPresent") == ("2", str(second))
    cluster.delete(never)


def test_what_the_machine_shows_in_its_place_is_refused(
    cluster: Cluster, images: ImageMaker
) -> None:
    image = str(images({"/usr/bin/tool": "1"}))
    pod = cluster.create(sh("true", image=image), **PULL)
    message = state(cluster.until(pod, waits))["waiting"]["message"]
    assert "it has /usr/bin/tool, where containers of this node see this machine's" in message
    cluster.delete(pod)
