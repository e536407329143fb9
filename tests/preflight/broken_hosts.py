"""Nobody at the host, or TLS that does not fit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.cluster.certificate import HOUR, self_signed, server_context
from tests.cluster.remote import Remote
from tests.cluster.web import closed_port, silent_port, web

from .setup import HTML, Given, good, in_clear, setup


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
