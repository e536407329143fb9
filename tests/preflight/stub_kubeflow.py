"""A Kubeflow of canned responses: oauth2-proxy before Dex before the pipelines.

`gateway` registers a set-up in which one thing of it is otherwise.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.cluster.remote import Remote
from tests.cluster.web import Answer, Asked, application

from .setup import Given, good, in_clear, setup

Change = Answer | Callable[[Asked], Answer | None]
"""What is answered instead below a path; None leaves it as it is."""

HTML = {"Content-Type": "text/html; charset=utf-8"}
FORM = (
    "<html><head><title>dex</title></head><body>{told}"
    '<form method="post" action="/dex/auth/local/login?state=s">'
    '<input name="login"><input name="password" type="password"></form></body></html>'
)
SESSION = "oauth2_proxy_kubeflow"
RESET = (
    "upstream connect error or disconnect/reset before headers. reset reason: connection failure"
)


def text(words: str, status: int) -> Answer:
    """As Envoy says it."""
    return status, {"Content-Type": "text/plain"} if words else {}, words.encode()


def html(words: str, status: int = 200) -> Answer:
    return status, HTML, f"<html><body><h1>{status}</h1><p>{words}</p></body></html>".encode()


def document(body: object, status: int = 200) -> Answer:
    return status, {"Content-Type": "application/json"}, json.dumps(body).encode()


def redirect(target: str, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return 302, {"Location": target, **named}, b""


def ordinary(asked: Asked) -> Answer:
    """A Kubeflow that lets in who knows the password."""
    known = asked.cookies.get(SESSION) == "planted-session"
    match asked.path:
        case "/dex/auth":
            return redirect("/dex/auth/local/login?state=s")
        case "/dex/auth/local/login" if asked.method == "GET":
            return 200, HTML, FORM.format(told="").encode()
        case "/dex/auth/local/login" if asked.form.get("password") != "12341234":
            return 401, HTML, FORM.format(told="Invalid Email Address and password.").encode()
        case "/dex/auth/local/login":
            return 303, {"Location": "/oauth2/callback?code=c&state=s"}, b""
        case "/oauth2/callback":
            return redirect("/", Set_Cookie=f"{SESSION}=planted-session; Path=/; HttpOnly")
        case path if known and path.endswith("healthz"):
            return document({"multi_user": True})
        case path if known and "/apis/" in path:
            return document({})
        case _ if known:
            return html("Central Dashboard")
        case path if "/apis/" in path:
            return text("Unauthorized", 401)
    return redirect("/dex/auth?client_id=kubeflow&state=s")


@contextmanager
def kubeflow(changes: Mapping[str, Change] | None = None) -> Iterator[str]:
    """Its URL, with these changes below these paths; the first path that fits counts."""

    def answer(asked: Asked) -> Answer:
        for path, change in (changes or {}).items():
            if asked.path.startswith(path):
                changed = change(asked) if callable(change) else change
                if changed is not None:
                    return changed
        return ordinary(asked)

    with application(answer) as port:
        yield f"http://127.0.0.1:{port}"


def gateway(verdict: str, changes: Mapping[str, Change]) -> Callable[..., None]:
    """A set-up with a Kubeflow that is changed so."""

    def named(name: Callable[[], None]) -> None:
        def broken(remote: Remote, _: Path) -> Iterator[Given]:
            with kubeflow(changes) as host:
                yield good(remote, host=host), in_clear(remote)

        broken.__name__ = name.__name__
        setup(verdict)(broken)

    return named


def inside(answer: Answer) -> Callable[[Asked], Answer | None]:
    """For those alone who have a session."""
    return lambda asked: answer if asked.cookies.get(SESSION) else None
