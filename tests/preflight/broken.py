"""Set-ups that are broken in one way each, and the one line that says so.

Each is a context manager: given a cluster that works and an empty folder, it gives the options and
variables of a session that does not.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jwt

from tests.cluster.certificate import HOUR, self_signed, server_context
from tests.cluster.remote import NAMESPACE, Remote, no_pods_of
from tests.cluster.web import Answer, closed_port, page, silent_port, web

Given = tuple[dict[str, str], dict[str, str]]
"""Options by name, environment."""

USER = "user@example.com"
HTML = page("<html><title>Welcome</title><h1>It works</h1></html>")


@dataclass(frozen=True)
class SetUp:
    """One of them. `verdict` is a regular expression that the verdict matches."""

    name: str
    verdict: str
    broken: Callable[[Remote, Path], AbstractContextManager[Given]] = field(repr=False)
    warns: bool = False
    """It is no reason to end: the line is a warning's."""


SETUPS: list[SetUp] = []


def setup(verdict: str, *, warns: bool = False) -> Callable[..., Any]:
    """Put the function into the list, under its name."""

    def put(function: Callable[[Remote, Path], Iterator[Given]]) -> None:
        name = function.__name__.replace("_", " ")
        SETUPS.append(SetUp(name, verdict, contextmanager(function), warns))

    return put


def good(remote: Remote, **changes: str) -> dict[str, str]:
    """The options of a session that works, with these changed (dashes are underscores)."""
    where = remote.endpoints
    options = {
        "host": where.host,
        "username": USER,
        "kubeconfig": str(where.kubeconfig),
        "s3_endpoint": where.s3_endpoint,
    }
    return {name: text for name, text in {**options, **changes}.items() if text}


def in_clear(remote: Remote) -> dict[str, str]:
    where = remote.endpoints
    return {
        "KF_PASSWORD": str(where.password),
        "KF_S3_ACCESS_KEY": where.s3_access_key,
        "KF_S3_SECRET_KEY": where.s3_secret_key,
    }


# Nobody there.


@setup(r"the host name no-such-host\.invalid is not known")
def unknown_host(remote: Remote, _: Path) -> Iterator[Given]:
    yield good(remote, host="https://no-such-host.invalid"), in_clear(remote)


@setup(r"nothing listens at 127\.0\.0\.1:\d+ \(connection refused\)")
def nothing_listens(remote: Remote, _: Path) -> Iterator[Given]:
    with closed_port() as port:
        yield good(remote, host=f"http://127.0.0.1:{port}"), in_clear(remote)


@setup(r"nothing listens at \[::1\]:\d+ \(connection refused\)")
def nothing_listens_at_ipv6(remote: Remote, _: Path) -> Iterator[Given]:
    with closed_port() as port:
        yield good(remote, host=f"http://[::1]:{port}"), in_clear(remote)


@setup(r"127\.0\.0\.1:\d+ accepts the connection and sends no response in time: it is slow")
def silence(remote: Remote, _: Path) -> Iterator[Given]:
    with silent_port() as port:
        yield good(remote, host=f"http://127.0.0.1:{port}"), in_clear(remote)


# TLS.


@setup(r"localhost:\d+ does not speak TLS; is it http://localhost:\d+\?")
def https_to_http(remote: Remote, _: Path) -> Iterator[Given]:
    with web(HTML) as port:
        yield good(remote, host=f"https://localhost:{port}"), in_clear(remote)


@setup(r"cannot talk to localhost:\d+: .*(closed connection|reset|disconnected)|no Kubeflow")
def http_to_https(remote: Remote, folder: Path) -> Iterator[Given]:
    with web(HTML, tls=server_context(*self_signed(folder))) as port:
        yield good(remote, host=f"http://localhost:{port}"), in_clear(remote)


@setup(r"the certificate of localhost:\d+ is not accepted: self-signed certificate; .*--kf-ca-cert")
def self_signed_certificate(remote: Remote, folder: Path) -> Iterator[Given]:
    with web(HTML, tls=server_context(*self_signed(folder))) as port:
        yield good(remote, host=f"https://localhost:{port}"), in_clear(remote)


@contextmanager
def certified(folder: Path, **options: Any) -> Iterator[dict[str, str]]:
    certificate, key = self_signed(folder, **options)
    with web(HTML, tls=server_context(certificate, key)) as port:
        yield {"host": f"https://localhost:{port}", "ca_cert": str(certificate)}


@setup(r"certificate has expired; it has to be renewed there")
def expired_certificate(remote: Remote, folder: Path) -> Iterator[Given]:
    with certified(folder, begins=-2 * HOUR, ends=-HOUR) as changes:
        yield good(remote, **changes), in_clear(remote)


@setup(r"certificate is not yet valid; .*is the clock of this machine right\?")
def certificate_of_tomorrow(remote: Remote, folder: Path) -> Iterator[Given]:
    with certified(folder, begins=HOUR, ends=2 * HOUR) as changes:
        yield good(remote, **changes), in_clear(remote)


@setup(r"[Hh]ostname mismatch.*; ask for the host by a name that its certificate has")
def certificate_of_another_host(remote: Remote, folder: Path) -> Iterator[Given]:
    with certified(folder, name="kubeflow.example.com") as changes:
        yield good(remote, **changes), in_clear(remote)


@setup(r"TLSv1\.\d, not verified \(--kf-insecure\)", warns=True)
def certificate_that_is_not_verified(remote: Remote, folder: Path) -> Iterator[Given]:
    with web(HTML, tls=server_context(*self_signed(folder))) as port:
        host = f"https://localhost:{port}"
        yield good(remote, host=host, insecure="true"), in_clear(remote)


@setup(r"certificate valid until \S+: renew it, it ends in 2 days", warns=True)
def certificate_that_ends_soon(remote: Remote, folder: Path) -> Iterator[Given]:
    with certified(folder, ends=71 * HOUR) as changes:
        yield good(remote, **changes), in_clear(remote)


# Something else there.


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


# Proxies.


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


# Credentials.


@setup(r"Dex does not accept the password of user@example\.com")
def wrong_password(remote: Remote, _: Path) -> Iterator[Given]:
    yield good(remote), {**in_clear(remote), "KF_PASSWORD": "planted-password"}


@setup(r"Dex does not accept the password of nobody@example\.com \(or does not know this user")
def unknown_user(remote: Remote, _: Path) -> Iterator[Given]:
    yield good(remote, username="nobody@example.com"), in_clear(remote)


@setup(r"Dex has no connector local or ldap, but github, google: ")
def no_connector_for_passwords(remote: Remote, _: Path) -> Iterator[Given]:
    links = '<a href="/dex/auth/github?x">G</a><a href="/dex/auth/google?x">G</a>'
    pages = {"/dex/auth": page(links)}
    go = page("", 302, Location="/dex/auth")
    with web(lambda path: pages.get(path, go)(path)) as port:
        yield good(remote, host=f"http://127.0.0.1:{port}"), in_clear(remote)


@setup(
    r"^/\S+ answers 401 'Jwt is not in the form.*damaged.* \(the login at \S+ failed with the "
    r"bearer token from environment KF_TOKEN: a token was given\)$"
)
def wrong_token(remote: Remote, _: Path) -> Iterator[Given]:
    yield good(remote, username=""), {**in_clear(remote), "KF_TOKEN": "planted-wrong-token"}


def token(**claims: float) -> str:
    told: dict[str, Any] = {"iss": "https://elsewhere.example", "sub": USER, **claims}
    return jwt.encode(told, "somebody else's key, long enough", algorithm="HS256")


@setup(
    r"^the token expired at \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC, 3 h ago: it is .* now "
    r"\(/\S+ answers 401 'Jwt issuer is not configured'"
)
def expired_token(remote: Remote, _: Path) -> Iterator[Given]:
    yield (
        good(remote, username=""),
        {**in_clear(remote), "KF_TOKEN": token(exp=time.time() - 3 * 3600)},
    )


@setup(r"the token is not valid before \d{4}-\S+ \S+ UTC, in 5 h: it is .* now")
def token_of_tomorrow(remote: Remote, _: Path) -> Iterator[Given]:
    yield (
        good(remote, username=""),
        {**in_clear(remote), "KF_TOKEN": token(nbf=time.time() + 5 * 3600)},
    )


@setup(r"the bearer token is not one: it has spaces, line breaks or characters beyond ASCII")
def token_of_two_lines(remote: Remote, _: Path) -> Iterator[Given]:
    yield good(remote, username=""), {**in_clear(remote), "KF_TOKEN": "planted\ntoken"}


@setup(r"the token expired .*; the clock of this machine is \d+ s (ahead of|behind) the gateway's")
def clock_that_is_wrong(remote: Remote, _: Path) -> Iterator[Given]:
    with web(page("Jwt is expired", 401), clock=2 * 3600) as port:
        expired = {"KF_TOKEN": token(exp=time.time() + 3600)}
        host = f"http://127.0.0.1:{port}"
        yield good(remote, host=host, username=""), {**in_clear(remote), **expired}


@setup(
    r"answers 401 '\{\}': it wants another login; .* \(the login at \S+ failed with the cookies "
    r"from environment KF_COOKIE: cookies were given\)$"
)
def session_that_is_over(remote: Remote, _: Path) -> Iterator[Given]:
    cookie = {"KF_COOKIE": "oauth2_proxy_kubeflow=planted-old-session"}
    yield good(remote, username=""), {**in_clear(remote), **cookie}


@setup(r"the cookies from environment KF_COOKIE are none: give them as a browser sends them")
def cookies_that_are_none(remote: Remote, _: Path) -> Iterator[Given]:
    yield good(remote, username=""), {**in_clear(remote), "KF_COOKIE": "planted-no-cookie"}


@setup(r"--kf-auth=projected \(from command line\) needs a token in this pod")
def no_projected_token(remote: Remote, _: Path) -> Iterator[Given]:
    yield good(remote, auth="projected"), in_clear(remote)


@setup(r"cannot request a token for kubeflow-user-example-com/nobody: Kubernetes answers 404")
def no_such_service_account(remote: Remote, _: Path) -> Iterator[Given]:
    yield good(remote, auth="token-request", service_account="nobody"), in_clear(remote)


# Kubernetes.


def kubeconfig(folder: Path, server: str, user: Mapping[str, Any], **cluster: Any) -> str:
    path = folder / "other-kubeconfig"
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "c",
        "clusters": [{"name": "c", "cluster": {"server": server, **cluster}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "c"}}],
        "users": [{"name": "c", "user": user}],
    }
    path.write_text(json.dumps(document))
    return str(path)


def server_of(remote: Remote) -> tuple[str, dict[str, str]]:
    import yaml

    found = yaml.safe_load(remote.endpoints.kubeconfig.read_text())["clusters"][0]["cluster"]
    return str(found.pop("server")), found


@setup(r"--kf-kubeconfig=\S+ .*: cannot talk to Kubernetes: .*: connection refused")
def kubernetes_down(remote: Remote, folder: Path) -> Iterator[Given]:
    with closed_port() as port:
        file = kubeconfig(folder, f"https://127.0.0.1:{port}", {"token": "planted-token"})
        yield good(remote, kubeconfig=file), in_clear(remote)


@setup(r"--kf-kubeconfig=\S+ .*: cannot talk to Kubernetes: Kubernetes answers 401: Unauthorized")
def kubernetes_token_that_is_wrong(remote: Remote, folder: Path) -> Iterator[Given]:
    server, more = server_of(remote)
    file = kubeconfig(folder, server, {"token": "planted-token"}, **more)
    yield good(remote, kubeconfig=file), in_clear(remote)


@setup(r"the certificate of 127\.0\.0\.1:\d+ is not accepted|certificate verify failed")
def kubernetes_certificate_of_an_unknown_authority(remote: Remote, folder: Path) -> Iterator[Given]:
    server, _ = server_of(remote)
    file = kubeconfig(folder, server, {"token": "planted-token"})
    yield good(remote, kubeconfig=file), in_clear(remote)


@setup(r"the kubeconfig \S+ cannot be used: its exec plugin .*/no-such-plugin")
def exec_plugin_that_is_gone(remote: Remote, folder: Path) -> Iterator[Given]:
    server, more = server_of(remote)
    plugin = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": str(folder / "no-such-plugin"),
        "interactiveMode": "Never",
    }
    file = kubeconfig(folder, server, {"exec": plugin}, **more)
    yield good(remote, kubeconfig=file), in_clear(remote)


@setup(r"the kubeconfig \S+ cannot be used: its exec plugin fails: .*returned 3. log in first")
def exec_plugin_that_fails(remote: Remote, folder: Path) -> Iterator[Given]:
    server, more = server_of(remote)
    program = folder / "plugin"
    program.write_text("#!/bin/sh\necho 'log in first' >&2\nexit 3\n")
    program.chmod(0o755)
    plugin = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": str(program),
        "interactiveMode": "Never",
    }
    file = kubeconfig(folder, server, {"exec": plugin}, **more)
    yield good(remote, kubeconfig=file), in_clear(remote)


@setup(r"there is no context 'staging' in \S+; contexts there: embedded")
def context_that_is_not_there(remote: Remote, _: Path) -> Iterator[Given]:
    yield good(remote, context="staging"), in_clear(remote)


@setup(r"there is no namespace 'nobodys' on this cluster")
def namespace_that_is_not_there(remote: Remote, _: Path) -> Iterator[Given]:
    yield good(remote, namespace="nobodys"), in_clear(remote)


@setup(r"--kf-namespace=default .*: user@example\.com may not use the pipelines there")
def namespace_of_others(remote: Remote, _: Path) -> Iterator[Given]:
    yield good(remote, namespace="default"), in_clear(remote)


@setup(r"this cluster has no such storage class; those that exist: standard, immediate")
def storage_class_that_is_not_there(remote: Remote, _: Path) -> Iterator[Given]:
    yield good(remote, storage_class="fast"), in_clear(remote)


@setup(r"--kf-host was not given, and there is nothing to forward a port to: .*give --kf-host=URL")
def neither_host_nor_gateway(remote: Remote, _: Path) -> Iterator[Given]:
    services = (
        ("istio-system", "istio-ingressgateway"),
        ("kubeflow", "ml-pipeline-ui"),
        ("kubeflow", "ml-pipeline"),
    )
    with no_pods_of(remote, *services):
        yield good(remote, host=""), in_clear(remote)


@setup(r"we may not, in kubeflow-user-example-com: .*create, .*persistentvolumeclaims", warns=True)
def rights_that_are_missing(remote: Remote, folder: Path) -> Iterator[Given]:
    server, more = server_of(remote)
    spec: dict[str, Any] = {"spec": {"expirationSeconds": 600, "audiences": []}}
    issued = remote.core.create_namespaced_service_account_token("default-viewer", NAMESPACE, spec)
    file = kubeconfig(folder, server, {"token": issued.status.token}, **more)
    yield good(remote, kubeconfig=file, namespace=NAMESPACE), in_clear(remote)


@setup(r"there is no access to Kubernetes: .* cannot be tested, .*give --kf-kubeconfig", warns=True)
def no_access_to_kubernetes(remote: Remote, _: Path) -> Iterator[Given]:
    yield good(remote, kubeconfig="", namespace=NAMESPACE), in_clear(remote)


@setup(
    r"namespace kubeflow-user-example-com: there is no service account default-editor, "
    r"so every run fails \(.*profiles-deployment"
)
def profile_without_its_service_account(remote: Remote, _: Path) -> Iterator[Given]:
    account = remote.core.read_namespaced_service_account("default-editor", NAMESPACE)
    remote.core.delete_namespaced_service_account("default-editor", NAMESPACE)
    try:
        yield good(remote, namespace=NAMESPACE), in_clear(remote)
    finally:
        remote.core.create_namespaced_service_account(NAMESPACE, _again(account))


@setup(
    r"namespace kubeflow-user-example-com: there is no Secret mlpipeline-minio-artifact .*"
    r"so every artifact fails \(.*kubeflow-pipelines-profile-controller"
)
def profile_without_its_keys(remote: Remote, _: Path) -> Iterator[Given]:
    name = "mlpipeline-minio-artifact"
    keys = remote.core.read_namespaced_secret(name, NAMESPACE)
    remote.core.delete_namespaced_secret(name, NAMESPACE)
    try:
        yield good(remote, namespace=NAMESPACE), in_clear(remote)
    finally:
        remote.core.create_namespaced_secret(NAMESPACE, _again(keys))


def _again(found: Any) -> Any:
    """An object to be created like this one."""
    found.metadata = {"name": found.metadata.name, "labels": found.metadata.labels}
    return found


# The object store.


@setup(r"--kf-s3-endpoint=\S+ \(from command line\): nothing answers at http://127\.0\.0\.1:\d+ \(")
def object_store_down(remote: Remote, _: Path) -> Iterator[Given]:
    with closed_port() as port:
        yield good(remote, s3_endpoint=f"http://127.0.0.1:{port}"), in_clear(remote)


STORE_SERVICES = (("kubeflow", "seaweedfs"), ("kubeflow", "minio-service"))


@setup(
    r"no object store was found: service kubeflow/seaweedfs has no pod that is ready .*"
    r"service kubeflow/minio-service has no pod .*KF_S3_ENDPOINT, --kf-s3-endpoint=URL",
    warns=True,
)
def object_store_that_is_not_found(remote: Remote, _: Path) -> Iterator[Given]:
    with no_pods_of(remote, *STORE_SERVICES):
        yield good(remote, s3_endpoint=""), in_clear(remote)


@setup(r"and there are no keys for it: .*mlpipeline-minio-artifact.*KF_S3_ACCESS_KEY", warns=True)
def keys_of_the_object_store_that_are_not_there(remote: Remote, _: Path) -> Iterator[Given]:
    name = "mlpipeline-minio-artifact"
    secret = remote.core.read_namespaced_secret(name, NAMESPACE)
    remote.core.delete_namespaced_secret(name, NAMESPACE)
    try:
        options = good(remote, s3_endpoint="", namespace=NAMESPACE)
        yield options, {"KF_PASSWORD": str(remote.endpoints.password)}
    finally:
        body = {"metadata": {"name": name}, "type": secret.type, "data": secret.data}
        remote.core.create_namespaced_secret(NAMESPACE, body)


@setup(r"cannot log in to the object store at \S+: .*check KF_S3_ACCESS_KEY and KF_S3_SECRET_KEY")
def wrong_keys_for_an_object_store_that_was_found(remote: Remote, _: Path) -> Iterator[Given]:
    yield good(remote, s3_endpoint=""), {**in_clear(remote), "KF_S3_SECRET_KEY": "planted-key"}


@setup(r"cannot log in to the object store at \S+: .*check KF_S3_ACCESS_KEY and KF_S3_SECRET_KEY")
def wrong_keys_for_the_object_store(remote: Remote, _: Path) -> Iterator[Given]:
    yield good(remote), {**in_clear(remote), "KF_S3_SECRET_KEY": "planted-key"}


@contextmanager
def entered(remote: Remote, folder: Path, one: SetUp) -> Iterator[Given]:
    """The options and variables of `one`, while what is broken about it is there."""
    with ExitStack() as stack:
        yield stack.enter_context(one.broken(remote, folder))
