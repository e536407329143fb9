"""Something else at the host, and proxies on the way there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from tests.cluster.remote import Remote, no_pods_of
from tests.cluster.web import Answer, closed_port, page, web

from .setup import HTML, Given, good, in_clear, setup


@setup(r"there is no Kubeflow at \S+: .*healthz answers 404 \(text/html\)")
def web_server(remote: Remote, _: Path) -> Iterator[Given]:
    with web(page("not here", 404)) as port:
        yield good(remote, host=f"http://127.0.0.1:{port}"), in_clear(remote)


@setup(r"there is no Kubeflow at \S+: .*healthz answers 200 \(text/html\)")
def html_where_json_was_expected(remote: Remote, _: Path) -> Iterator[Given]:
    with web(HTML) as port:
        yield good(remote, host=f"http://127.0.0.1:{port}"), in_clear(remote)


@setup(r"there is no Kubeflow at \S+: .*healthz answers 200 \(application/json\) '\{\}'")
def any_server_of_json(remote: Remote, _: Path) -> Iterator[Given]:
    """It answers {} to all: to healthz as stand-alone pipelines of old releases do."""
    with web(lambda _: (200, {"Content-Type": "application/json"}, b"{}")) as port:
        yield good(remote, host=f"http://127.0.0.1:{port}"), in_clear(remote)


@setup(r"there is no Kubeflow at \S+/console: ")
def another_path(remote: Remote, _: Path) -> Iterator[Given]:
    with web(page("not here", 404)) as port:
        yield good(remote, host=f"http://127.0.0.1:{port}/console"), in_clear(remote)


@setup(r"shows no Dex login, but / \(status 401\), 'Sign in to Another Product': is --kf-auth=dex")
def login_page_of_another_product(remote: Remote, _: Path) -> Iterator[Given]:
    form = '<title>Sign in to Another Product</title><form><input name="email"></form>'
    with web(page(form, 401)) as port:
        yield good(remote, host=f"http://127.0.0.1:{port}"), in_clear(remote)


@setup(r"redirects without end")
def redirect_loop(remote: Remote, _: Path) -> Iterator[Given]:
    with web(page("", 302, Location="/oauth2/start?rd=/")) as port:
        yield good(remote, host=f"http://127.0.0.1:{port}"), in_clear(remote)


@setup(r"healthz answers 503 'no healthy upstream': the gateway finds no pod of Kubeflow Pipelines")
def pipelines_down(remote: Remote, _: Path) -> Iterator[Given]:
    with web(page("no healthy upstream", 503)) as port:
        yield good(remote, host=f"http://127.0.0.1:{port}"), in_clear(remote)


def answers(health: str, experiments: int) -> Callable[[str], Answer]:
    """A pipelines API with this health, and this status for everything else."""
    json_type = {"Content-Type": "application/json"}

    def answer(path: str) -> Answer:
        if path.startswith("/apis/v2beta1/healthz"):
            return 200, json_type, health.encode()
        return experiments, json_type, b'{"message": "database is gone"}'

    return answer


@setup(r"the pipelines' UI answers at \S+, and says that the API server behind it does not")
def ui_without_api_server(remote: Remote, _: Path) -> Iterator[Given]:
    with web(answers('{"apiServerReady": false, "frontendTagName": "2.17.0"}', 503)) as port:
        yield good(remote, host=f"http://127.0.0.1:{port}"), in_clear(remote)


@setup(r"the pipelines API answers 500 to a list of experiments: .*database is gone")
def api_server_without_database(remote: Remote, _: Path) -> Iterator[Given]:
    with web(answers('{"pipelineStore": "database", "apiServerReady": true}', 500)) as port:
        yield good(remote, host=f"http://127.0.0.1:{port}", username=""), in_clear(remote)


@setup(r"answers 403 'RBAC: access denied': an AuthorizationPolicy of Istio allows no such request")
def mesh_that_refuses_all(remote: Remote, _: Path) -> Iterator[Given]:
    """Istio answers for the API, in plain text; its healthz is open to all."""
    with web(refusing(b"RBAC: access denied")) as port:
        token = {"KF_TOKEN": "planted-token"}
        host = f"http://localhost:{port}"
        yield good(remote, host=host, username=""), {**in_clear(remote), **token}


@setup(
    r"every request to the pipelines API at \S+ is refused by something before it: "
    r"403: not on company time; look at the mesh's AuthorizationPolicies"
)
def authorizer_that_refuses_all(remote: Remote, _: Path) -> Iterator[Given]:
    """In words that nobody knows; the API's own refusals are JSON."""
    with web(refusing(b"not on company time")) as port:
        token = {"KF_TOKEN": "planted-token"}
        host = f"http://localhost:{port}"
        yield good(remote, host=host, username=""), {**in_clear(remote), **token}


def refusing(words: bytes) -> Callable[[str], Answer]:
    def answer(path: str) -> Answer:
        if "healthz" in path:
            return 200, {"Content-Type": "application/json"}, b'{"multi_user": true}'
        return 403, {"Content-Type": "text/plain"}, words

    return answer


@setup(
    r"ml_metadata\S+ answers 404: .*: the outputs of tasks will be read from their pods' logs",
    warns=True,
)
def metadata_that_is_nowhere(remote: Remote, _: Path) -> Iterator[Given]:
    with web(a_lone_api) as port, no_pods_of(remote, ("kubeflow", "metadata-grpc-service")):
        yield good(remote, host=f"http://localhost:{port}", username=""), in_clear(remote)


@setup(r"ml_metadata\S+ answers 404: .*: the outputs of tasks cannot be read", warns=True)
def metadata_and_kubernetes_that_are_not_there(remote: Remote, _: Path) -> Iterator[Given]:
    with web(a_lone_api) as port:
        options = good(remote, host=f"http://localhost:{port}", username="", kubeconfig="")
        yield {**options, "auth": "anonymous"}, in_clear(remote)


def a_lone_api(path: str) -> Answer:
    """Stand-alone pipelines' API server, without its UI."""
    json_type = {"Content-Type": "application/json"}
    if path.partition("?")[0] == "/apis/v2beta1/healthz":
        return 200, json_type, b'{"multi_user": false}'
    if path.partition("?")[0] == "/apis/v2beta1/experiments":
        return 200, json_type, b"{}"
    return 404, json_type, b'{"code": 5, "message": "Not Found"}'


@setup(r"the proxy on the way to kubeflow\.example\.com wants a login of its own \(407\)")
def proxy_with_a_login(remote: Remote, _: Path) -> Iterator[Given]:
    with web(page("who are you?", 407)) as port:
        proxy = {"HTTPS_PROXY": f"http://127.0.0.1:{port}", "NO_PROXY": "127.0.0.1,localhost"}
        yield good(remote, host="https://kubeflow.example.com"), {**in_clear(remote), **proxy}


@setup(r"the proxy on the way to kubeflow\.example\.com wants a login of its own \(407\)")
def proxy_with_a_login_over_http(remote: Remote, _: Path) -> Iterator[Given]:
    with web(page("who are you?", 407)) as port:
        proxy = {"HTTP_PROXY": f"http://127.0.0.1:{port}", "NO_PROXY": "127.0.0.1,localhost"}
        yield good(remote, host="http://kubeflow.example.com"), {**in_clear(remote), **proxy}


@setup(r"the proxy that HTTPS_PROXY or HTTP_PROXY names cannot be used: nothing listens at 127")
def proxy_that_is_gone(remote: Remote, _: Path) -> Iterator[Given]:
    with closed_port() as port:
        proxy = {"HTTPS_PROXY": f"http://127.0.0.1:{port}", "NO_PROXY": "127.0.0.1,localhost"}
        yield good(remote, host="https://kubeflow.example.com"), {**in_clear(remote), **proxy}
