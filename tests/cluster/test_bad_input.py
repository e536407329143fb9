"""Bad input ends a session with one line: what, from where, what to do.

The exit code is 4 for what was configured wrongly, 78 for a cluster that is not fit to be tested.
"""

from __future__ import annotations

import re
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.certificate import self_signed
from tests.cluster.remote import NAMESPACE, Remote


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    source = "def test_cluster(kf_cluster, kf_namespace): pass\n"
    (tmp_path / "test_cluster.py").write_text(source)
    return tmp_path


def refused(
    remote: Remote, suite: Path, *arguments: str, code: int = 4, alone: bool = False
) -> str:
    """The one line with which such a session ends; `alone` without what tells of `remote`."""
    run = remote.run_with if alone else remote.run
    found, output = run(suite, *arguments)  # which ends after a minute, whatever hangs
    assert found == code, output
    assert "Traceback" not in output
    assert "passed" not in output
    lines = re.findall(r"^ERROR: (.+)$", output, re.MULTILINE)
    assert len(lines) == 1, output
    if code == 4:
        assert output.rstrip().endswith(lines[0]), output
    else:
        assert "this Kubeflow is not fit to be tested: no test was run" in output
        assert re.search(r"^[\w ]+ failed  ", output, re.MULTILINE), output
    return str(lines[0])


def unfit(remote: Remote, suite: Path, *arguments: str) -> str:
    """The verdict of such a session."""
    return refused(remote, suite, *arguments, code=78)


MALFORMED = {
    "--kf-host=ftp://kf.example.com": r"--kf-host: 'ftp://\S+' from command line is not valid; "
    r"valid: local .*, or a URL",
    "--kf-namespace=": r"--kf-namespace: '' from command line is empty; valid: lower-case",
    "--kf-timeout=soon": r"--kf-timeout: 'soon' from command line .*valid: a number of seconds",
    "--kf-kubeconfig=/nowhere": r"--kf-kubeconfig: '/nowhere' .* \(there is no file /nowhere\)",
    "--kf-require=katib,gpus": r"--kf-require: 'katib,gpus' .*\(gpus\); valid: components of gpu",
    "--kf-target=staging": r"--kf-target: 'staging' needs \S+kubeflow-targets.toml",
}


@pytest.mark.parametrize("argument", MALFORMED)
def test_malformed_options(remote: Remote, suite: Path, argument: str) -> None:
    assert re.match(MALFORMED[argument], refused(remote, suite, argument))


def test_malformed_ini_value(remote: Remote, suite: Path) -> None:
    (suite / "pytest.ini").write_text("[pytest]\nkf_timeout = later\n")
    line = refused(remote, suite)
    assert line.startswith("--kf-timeout: 'later' from kf_timeout in pytest.ini is not valid; ")


def test_ini_value_of_another_type(remote: Remote, suite: Path) -> None:
    (suite / "pyproject.toml").write_text("[tool.pytest]\nkf_timeout = [1, 2]\n")
    assert "pyproject.toml: config option 'kf_timeout' expects a string" in refused(remote, suite)


def test_empty_variable(remote: Remote, suite: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KF_CONTEXT", "")
    line = refused(remote, suite)
    assert line == "--kf-context: '' from environment KF_CONTEXT is empty; valid: any text"


def test_no_cluster_named(remote: Remote, suite: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Remote, "arguments", [])
    assert refused(remote, suite) == (
        "no cluster was named: give --kf-host=URL, or --kf-host=local for an embedded Kubeflow, "
        "or --kf-kubeconfig=FILE to come in by a port-forward"
    )


def test_unknown_host(remote: Remote, suite: Path) -> None:
    line = unfit(remote, suite, "--kf-host=https://no-such-host.invalid")
    assert line.startswith(
        "--kf-host=https://no-such-host.invalid (from command line): "
        "the host name no-such-host.invalid is not known"
    )


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port that nothing else can get, and on which nothing listens."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]


@pytest.mark.parametrize("more", [[], ["-n", "2"]], ids=["alone", "xdist"])
def test_refused_connection(remote: Remote, suite: Path, closed_port: int, more: list[str]) -> None:
    line = unfit(remote, suite, f"--kf-host=http://127.0.0.1:{closed_port}", *more)
    assert line == (
        f"--kf-host=http://127.0.0.1:{closed_port} (from command line): "
        f"nothing listens at 127.0.0.1:{closed_port} (connection refused)"
    )


def test_host_that_never_answers(remote: Remote, suite: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        line = unfit(remote, suite, f"--kf-host=http://{address}")
    assert f"(from command line): {address} accepts the connection and sends no response" in line


class Web(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Keep quiet."""


class Endless(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        while not self.server.__dict__.get("ending"):
            try:
                self.wfile.write(b"<br>")
            except OSError:
                return
            time.sleep(0.5)

    def log_message(self, *_: Any) -> None:
        """Keep quiet."""


@contextmanager
def web(handler: type[BaseHTTPRequestHandler], tls: ssl.SSLContext | None = None) -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.__dict__["ending"] = True
        server.shutdown()
        thread.join()
        server.server_close()


class Welcome(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        page = b"<html><head><title>Welcome to nginx!</title></head></html>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, *_: Any) -> None:
        """Keep quiet."""


def test_the_words_of_another_server(remote: Remote, suite: Path) -> None:
    with web(Welcome) as port:
        line = unfit(remote, suite, f"--kf-host=http://127.0.0.1:{port}")
    assert "healthz answers 200 (text/html) 'Welcome to nginx!'" in line


@pytest.mark.parametrize(("handler", "status"), [(Web, 404), (Endless, 200)])
def test_host_without_kubeflow(
    remote: Remote, suite: Path, handler: type[BaseHTTPRequestHandler], status: int
) -> None:
    with web(handler) as port:
        line = unfit(remote, suite, f"--kf-host=http://127.0.0.1:{port}")
    assert f"there is no Kubeflow at http://127.0.0.1:{port}: " in line
    assert f"/pipeline/apis/v2beta1/healthz answers {status} (text/html)" in line


def test_unknown_certificate(remote: Remote, suite: Path, tmp_path: Path) -> None:
    certificate, key = self_signed(tmp_path)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    with web(Web, tls) as port:
        host = f"--kf-host=https://localhost:{port}"
        line = unfit(remote, suite, host)
        assert f"the certificate of localhost:{port} is not accepted: " in line
        assert "--kf-ca-cert" in line
        # The positive control: with its authority known, one gets as far as the web server.
        trusted = unfit(remote, suite, host, f"--kf-ca-cert={certificate}")
        assert "there is no Kubeflow at" in trusted


@pytest.fixture
def untouched() -> Iterator[str]:
    """The URL of a server that nobody may ask anything."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        listener.setblocking(False)
        with pytest.raises(BlockingIOError):
            listener.accept()


@pytest.mark.parametrize(
    ("user", "password", "line"),
    [
        (
            "user@example.com",
            "",
            r"--kf-username=\S+ \(from command line\) needs KF_PASSWORD or KF_P",
        ),
        (
            "",
            "12341234",
            r"KF_PASSWORD=\*\*\* \(from environment KF_PASSWORD\) needs --kf-username",
        ),
    ],
    ids=["user", "password"],
)
def test_half_a_login_is_told_before_anything_is_asked(
    remote: Remote,
    suite: Path,
    untouched: str,
    monkeypatch: pytest.MonkeyPatch,
    user: str,
    password: str,
    line: str,
) -> None:
    monkeypatch.delenv("KF_PASSWORD")
    if password:
        monkeypatch.setenv("KF_PASSWORD", password)
    asked = [f"--kf-host={untouched}", *([f"--kf-username={user}"] if user else [])]
    for more in ([], ["--kf-preflight"]):
        code, output = remote.run_with(suite, *asked, *more)
        assert code == 4, output
        assert re.search(rf"^ERROR: {line}", output, re.MULTILINE), output


def test_wrong_token(remote: Remote, suite: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KF_TOKEN", "planted.wrong.token")
    line = unfit(remote, suite, "--kf-auth=token")
    assert re.match(r"/\S+ answers 401 'Jwt is not in the form of Header.Payload.Signature", line)
    assert re.search(
        r"\(the login at localhost:\d+ failed with the bearer token from environ", line
    )
    assert "not used: --kf-username=user@example.com (from command line)" in line
    assert "planted" not in line


def test_wrong_password(remote: Remote, suite: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KF_PASSWORD", "planted-wrong")
    line = unfit(remote, suite)
    assert "username from command line, password from environment KF_PASSWORD" in line
    assert "Dex does not accept the password of user@example.com" in line
    assert "planted" not in line


def kubeconfig(folder: Path, server: str) -> str:
    path = folder / "other-kubeconfig"
    path.write_text(
        f"""{{"apiVersion": "v1", "kind": "Config", "current-context": "c",
        "clusters": [{{"name": "c", "cluster": {{"server": "{server}"}}}}],
        "contexts": [{{"name": "c", "context": {{"cluster": "c", "user": "c"}}}}],
        "users": [{{"name": "c", "user": {{"token": "none"}}}}]}}"""
    )
    return f"--kf-kubeconfig={path}"


def test_kubernetes_that_refuses(remote: Remote, suite: Path, closed_port: int) -> None:
    argument = kubeconfig(suite, f"https://127.0.0.1:{closed_port}")
    line = unfit(remote, suite, argument)
    assert line.startswith(f"{argument} (from command line): cannot talk to Kubernetes: ")
    assert "refused" in line


def test_kubernetes_that_never_answers(remote: Remote, suite: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        argument = kubeconfig(suite, f"https://127.0.0.1:{silent.getsockname()[1]}")
        line = unfit(remote, suite, argument)
    assert line.startswith(f"{argument} (from command line): cannot talk to Kubernetes: ")


@pytest.mark.parametrize(
    ("text", "message"),
    [("", "is empty"), ("a: [", "expected"), ("just words", "it is YAML, but no kubeconfig")],
)
def test_kubeconfig_that_is_none(remote: Remote, suite: Path, text: str, message: str) -> None:
    path = suite / "kubeconfig"
    path.write_text(text)
    line = refused(remote, suite, f"--kf-kubeconfig={path}")
    assert f"the kubeconfig {path} cannot be used: " in line
    assert message in line


def test_kubeconfig_variable_that_leads_nowhere(
    remote: Remote, suite: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", "/nowhere/config")
    monkeypatch.setattr(Remote, "arguments", remote.arguments[:2])
    line = refused(remote, suite)
    assert line.endswith("there is no kubeconfig at /nowhere/config (from $KUBECONFIG)")


def test_no_kubeconfig_at_all(remote: Remote, suite: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Remote, "arguments", remote.arguments[:2])
    (suite / "test_cluster.py").write_text("def test_cluster(kf_namespace): pass\n")
    assert "name one with --kf-kubeconfig" in refused(remote, suite)


def test_context_that_is_not_there(remote: Remote, suite: Path) -> None:
    line = refused(remote, suite, "--kf-context=staging")
    assert "--kf-context=staging (from command line): there is no context 'staging' in " in line
    assert line.endswith("contexts there: embedded")


@pytest.mark.parametrize("way", ["dex", "token-request"])
def test_namespace_that_does_not_exist(remote: Remote, suite: Path, way: str) -> None:
    line = refused(remote, suite, "--kf-namespace=nobodys", f"--kf-auth={way}")
    message = "there is no namespace 'nobodys' on this cluster"
    assert line == f"--kf-namespace=nobodys (from command line): {message}"


def test_namespace_of_others(remote: Remote, suite: Path) -> None:
    line = unfit(remote, suite, "--kf-namespace=default")
    assert line.endswith("user@example.com may not use the pipelines there")


def test_namespace_that_is_being_deleted(remote: Remote, suite: Path) -> None:
    name = "going-away"
    held = {"metadata": {"name": "held", "finalizers": ["tests.example.com/held"]}}
    remote.core.create_namespace({"metadata": {"name": name}})
    remote.core.create_namespaced_config_map(name, held)
    remote.core.delete_namespace(name)
    try:
        line = refused(remote, suite, f"--kf-namespace={name}")
        assert line == (
            f"--kf-namespace={name} (from command line): the namespace {name!r} is being deleted"
        )
    finally:
        remote.core.patch_namespaced_config_map("held", name, {"metadata": {"finalizers": None}})


def test_storage_class_that_does_not_exist(remote: Remote, suite: Path) -> None:
    line = refused(remote, suite, "--kf-storage-class=fast")
    assert line == (
        "--kf-storage-class=fast (from command line): this cluster has no such storage class; "
        "those that exist: standard, immediate"
    )


def test_fault_that_does_not_exist(remote: Remote, suite: Path) -> None:
    line = refused(remote, suite, "--kf-host=local", "--kf-local-fault=rain", alone=True)
    assert line.startswith("--kf-local-fault: there is no fault 'rain'; valid: ")
    for name in ("login-dwon", "LOGIN_DOWN"):
        given = ("--kf-host=local", f"--kf-local-fault={name}")
        line = refused(remote, suite, *given, alone=True)
        assert f"there is no fault {name!r}; did you mean 'login-down'? valid: " in line


def test_cluster_asked_for_in_the_middle(remote: Remote, tmp_path: Path, closed_port: int) -> None:
    """A fixture that is only asked for by name while tests run ends the session all the same."""
    (tmp_path / "test_late.py").write_text(
        "def test_first(): pass\n"
        "def test_late(request): request.getfixturevalue('kf_cluster')\n"
        "def test_last(): pass\n"
    )
    code, output = remote.run(tmp_path, f"--kf-host=http://127.0.0.1:{closed_port}")
    assert code == 78
    assert f"nothing listens at 127.0.0.1:{closed_port}" in output
    assert "Traceback" not in output
    assert "1 passed" in output


def test_good_input_passes(remote: Remote, suite: Path) -> None:
    """The positive control of all of these."""
    options = [
        "--kf-storage-class=standard",
        f"--kf-namespace={NAMESPACE}",
        "--kf-context=embedded",
    ]
    code, output = remote.run(suite, *options)
    assert code == 0, output
    assert "1 passed" in output
