"""Registries that tests cannot push to, and images of one's own that are not there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tests.cluster.remote import Remote
from tests.cluster.web import closed_port, web
from tests.registry.answering import Response, answering

from .setup import HTML, Given, good, in_clear, setup


def logged_in(remote: Remote, **changes: str) -> dict[str, str]:
    """The environment of a session with a login at the cluster's registry."""
    access = remote.endpoints.registry
    assert access is not None
    login = {"KF_REGISTRY_USERNAME": access.username, "KF_REGISTRY_PASSWORD": access.password}
    return {**in_clear(remote), **login, **changes}


def address(remote: Remote) -> str:
    assert remote.endpoints.registry is not None
    return remote.endpoints.registry.address


@setup(r"--kf-registry=127\.0\.0\.1:\d+/team \(from command line\): .*127\.0\.0\.1:\d+.*refused")
def registry_down(remote: Remote, _: Path) -> Iterator[Given]:
    with closed_port() as port:
        yield good(remote, registry=f"127.0.0.1:{port}/team"), logged_in(remote)


@setup(r"--kf-registry=\S+ \(.*\): \S+ lets nobody in as \S+: give another with KF_REGISTRY_USER")
def registry_that_does_not_know_us(remote: Remote, _: Path) -> Iterator[Given]:
    wrong = logged_in(remote, KF_REGISTRY_PASSWORD="planted-password")
    yield good(remote, registry=address(remote)), wrong


@setup(r"--kf-registry=\S+ \(.*\): \S+ answers with a page of HTML: is it a registry\?")
def registry_that_is_a_page(remote: Remote, _: Path) -> Iterator[Given]:
    with web(HTML) as port:
        yield good(remote, registry=f"127.0.0.1:{port}"), logged_in(remote)


@setup(
    r"--kf-registry=\S+ \(.*\): \S+ refuses POST /v2/team/kf-images/preflight/blobs/uploads/ "
    r"\(HTTP 405: unsupported: it is a mirror\)"
)
def registry_that_only_gives(remote: Remote, _: Path) -> Iterator[Given]:
    refusal = '{"errors": [{"code": "UNSUPPORTED", "message": "it is a mirror"}]}'
    with answering(
        lambda asked: Response(200, "{}") if asked.method == "GET" else Response(405, refusal)
    ) as where:
        yield good(remote, registry=f"{where}/team"), logged_in(remote)


@setup(r"/team/tool:3: \S+ refuses GET .*HTTP 404: .*unknown", warns=True)
def own_image_that_is_not_there(remote: Remote, _: Path) -> Iterator[Given]:
    here = address(remote)
    yield good(remote, registry=here, image=f"{here}/team/tool:3"), logged_in(remote)


@setup(r"127\.0\.0\.1:\d+/team/tool:3 cannot be looked for from here: .*refused", warns=True)
def own_image_whose_registry_is_not_reached(remote: Remote, _: Path) -> Iterator[Given]:
    with closed_port() as port:
        yield good(remote, image=f"127.0.0.1:{port}/team/tool:3"), in_clear(remote)
