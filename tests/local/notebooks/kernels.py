"""A notebook's server by its own API, through the gateway, as a browser's page uses it."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from typing import Any

import requests
from websockets.sync.client import ClientConnection, connect

from tests.local.notebooks.conftest import Notebooks
from tests.local.webapps.conftest import Person, eventually

IMAGE = "ghcr.io/kubeflow/kubeflow/notebook-servers/jupyter-scipy:v1.11.0"
PULL_SECONDS = 240  # the first time on a machine


@dataclass
class Server:
    """The server of one notebook."""

    person: Person
    path: str

    def is_up(self) -> bool:
        answer = self.person.ask("GET", f"{self.path}api/status")
        return answer.status_code == 200 and "last_activity" in answer.text

    def ask(self, method: str, path: str, **options: Any) -> requests.Response:
        session = self.person.session
        token = session.cookies.get("_xsrf", path=self.path)
        if token is None:
            self.person.ask("GET", f"{self.path}lab")
            token = session.cookies.get("_xsrf", path=self.path)
        headers = {"X-XSRFToken": token or ""}
        return self.person.ask(method, f"{self.path}{path}", headers=headers, **options)

    def kernel(self) -> str:
        made = self.ask("POST", "api/kernels")
        assert made.status_code == 201, made.text
        return str(made.json()["id"])

    def connect(self, kernel: str) -> ClientConnection:
        cookies = "; ".join(f"{one.name}={one.value}" for one in self.person.session.cookies)
        url = f"{self.person.url}{self.path}api/kernels/{kernel}/channels"
        return connect(
            url.replace("http://", "ws://"),
            additional_headers={"Cookie": cookies},
            max_size=None,
        )

    def run(self, code: str, kernel: str | None = None) -> str:
        """What the code writes, its errors included."""
        with self.connect(kernel or self.kernel()) as channel:
            return execute(channel, code)


def execute(channel: ClientConnection, code: str) -> str:
    """Messages: jupyter-client docs, messaging."""
    identity = uuid.uuid4().hex
    header = {
        "msg_id": identity,
        "msg_type": "execute_request",
        "session": uuid.uuid4().hex,
        "username": "",
        "version": "5.4",
        "date": "",
    }
    content = {"code": code, "silent": False, "store_history": False, "allow_stdin": False}
    message = {"header": header, "parent_header": {}, "metadata": {}, "content": content}
    channel.send(json.dumps({**message, "channel": "shell", "buffers": []}))
    written = ""
    while True:
        answer = json.loads(channel.recv(timeout=60))
        if answer["parent_header"].get("msg_id") != identity:
            continue
        found = answer["content"]
        match answer["msg_type"]:
            case "stream":
                written += found["text"]
            case "error":
                written += f"{found['ename']}: {found['evalue']}"
            case "status" if found["execution_state"] == "idle":
                return written.strip()


def started(notebooks: Notebooks, owner: Person, **options: Any) -> tuple[str, Server]:
    """A notebook of Kubeflow's image that answers, and its server."""
    container = {"image": IMAGE, **options.pop("container", {})}
    name = notebooks.create(container, **options)
    server = Server(owner, notebooks.path(name))
    eventually(server.is_up, within=PULL_SECONDS)
    return name, server
