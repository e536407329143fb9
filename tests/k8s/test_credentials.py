"""What a kubeconfig and its exec plugin give is known as a secret, and so is what is replaced."""

from __future__ import annotations

import base64
import json
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import yaml

from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.redaction import Redactor

KEY = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEF\n-----END PRIVATE KEY-----\n"
FILES = {
    "pin": "Qx7-in-it",
    ".dockerconfigjson": '{"auths": {"r": {"username": "u", "password": "Rt5-registry"}}}',
    "env": "HOST=example\nDB_PASSWORD='Zk3-database'\n",
}
SECRET = {
    "metadata": {"name": "theirs"},
    "data": {key: base64.b64encode(text.encode()).decode() for key, text in FILES.items()},
}


class _Api(BaseHTTPRequestHandler):
    """Answers each read with the Secret."""

    seen: list[str]

    def do_GET(self) -> None:
        self.seen.append(self.headers.get("Authorization", ""))
        body = json.dumps({"apiVersion": "v1", "kind": "Secret", **SECRET}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: object) -> None:
        pass


@contextmanager
def _connected(folder: Path, user: dict[str, Any]) -> Iterator[tuple[Redactor, Any, list[str]]]:
    """A redactor, the API of a client with this user's credentials, and what it has sent."""
    seen: list[str] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Api", (_Api,), {"seen": seen}))
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        address = f"http://127.0.0.1:{server.server_port}"
        config = {
            "clusters": [{"name": "c", "cluster": {"server": address}}],
            "users": [{"name": "u", "user": user}],
            "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
            "current-context": "x",
        }
        file = folder / "config"
        file.write_text(yaml.safe_dump(config))
        redactor = Redactor()
        client = KubernetesClient(file, redactor=redactor)
        try:
            yield redactor, client.core, seen
        finally:
            client.close()
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_each_token_of_an_exec_plugin(tmp_path: Path) -> None:
    """A new one is fetched when the last one has expired: at once, here."""
    plugin = tmp_path / "plugin"
    expired = (datetime.now(UTC) - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    plugin.write_text(
        f"#!{sys.executable}\n"
        "import json, pathlib\n"
        f"file = pathlib.Path({str(tmp_path / 'count')!r})\n"
        "count = int(file.read_text()) + 1 if file.exists() else 1\n"
        "file.write_text(str(count))\n"
        "print(json.dumps({'apiVersion': 'client.authentication.k8s.io/v1', "
        "'kind': 'ExecCredential', "
        f"'status': {{'token': f'opaque-exec-{{count}}-token', "
        f"'expirationTimestamp': {expired!r}}}}}))\n"
    )
    plugin.chmod(plugin.stat().st_mode | stat.S_IXUSR)
    user = {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": str(plugin)}}
    with _connected(tmp_path, user) as (redactor, core, seen):
        for _ in range(2):
            core.read_namespaced_secret("theirs", "ns")
        sent = [one.removeprefix("Bearer ") for one in seen]
        assert len(set(sent)) == 2, sent
        for token in sent:
            assert redactor.redact(f"it was {token}") == "it was ***"


@pytest.mark.parametrize(
    ("user", "secret"),
    [
        ({"token": "opaque-token-of-a-file"}, "opaque-token-of-a-file"),
        ({"username": "me", "password": "hunter-22-ab"}, "hunter-22-ab"),
        ({"client-key-data": base64.b64encode(KEY.encode()).decode()}, KEY),
        (
            {"client-key-data": base64.b64encode(KEY.encode()).decode()},
            base64.b64encode(KEY.encode()).decode(),
        ),
    ],
    ids=["token", "password", "client key", "client key in base64"],
)
def test_credentials_of_a_kubeconfig(tmp_path: Path, user: dict[str, str], secret: str) -> None:
    with _connected(tmp_path, user) as (redactor, core, _seen):
        assert "Qx7-in-it" in redactor.redact("Qx7-in-it")
        core.read_namespaced_secret("theirs", "ns")
        for value in ("Qx7-in-it", "Rt5-registry", "Zk3-database"):
            assert redactor.redact(f"the value {value}") == "the value ***"
        shown = redactor.redact(f"it was {secret}.")
        assert secret not in shown
        assert secret.strip().splitlines()[len(secret.splitlines()) // 2] not in shown
