"""Logins that want the password somewhere else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tests.cluster.remote import Remote
from tests.cluster.web import Answer, Asked, application

from .setup import Given, good, in_clear, setup
from .stub_kubeflow import (
    FORM,
    HTML,
    gateway,
    kubeflow,
    redirect,
)


@setup(
    r"the login leads to http://localhost:\d+/login, which wants a person; the password goes to "
    r"--kf-host alone and was not sent there: .*KF_COOKIE.*--kf-auth=token-request"
)
def sign_in_page_of_another_host(remote: Remote, _: Path) -> Iterator[Given]:
    def foreign(asked: Asked) -> Answer:
        assert asked.method == "GET", "the password was sent"
        return 200, HTML, FORM.format(told="Sign in to another company").encode()

    with application(foreign) as port:
        away = redirect(f"http://localhost:{port}/login")
        with kubeflow({"/dex/auth": away}) as host:
            yield good(remote, host=host), in_clear(remote)


@gateway(
    r"the login leads to http://localhost:1/dex/auth/local/login, which wants a person",
    {
        "/dex/auth/local/login": (
            200,
            HTML,
            FORM.replace('action="', 'action="http://localhost:1').encode(),
        )
    },
)
def form_that_leads_to_another_host() -> None: ...


@gateway(
    r"the login leads to http://localhost:1/collect, which wants a person",
    {
        "/dex/auth/local/login": lambda asked: (
            (307, {"Location": "http://localhost:1/collect"}, b"")
            if asked.method == "POST"
            else None
        )
    },
)
def form_that_is_sent_on_to_another_host() -> None: ...
