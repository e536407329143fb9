"""Handshake: what a server shows when TLS begins, whether or not it is to be trusted."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from pathlib import Path

from pytest_kubeflow.network_errors import innermost
from pytest_kubeflow.platform.snapshot.observations import ServedCertificate

_NO_CHECK_TIME = 0x200000
"""X509_V_FLAG_NO_CHECK_TIME: times are looked at by themselves, against the cluster's clock."""

Connect = Callable[[], socket.socket]


def shown_by(connect: Connect, name: str) -> ServedCertificate:
    """What the server at the other end of a connection shows to who asks for `name`.

    Nothing is verified. Never raises: where there is no handshake, `error` says why.
    """
    context = _context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        with connect() as connection, context.wrap_socket(connection, server_hostname=name) as made:
            return ServedCertificate(_chain(made))
    except OSError as error:  # which ssl.SSLError is
        return ServedCertificate((), innermost(error))


def trust_in(connect: Connect, name: str, authorities: Path) -> str:
    """Why its certificates do not come from one of `authorities` (a PEM file); "" if they do.

    Names and times are not looked at.
    """
    context = _context()
    context.check_hostname = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN | ssl.VerifyFlags(_NO_CHECK_TIME)
    try:
        context.load_verify_locations(cafile=str(authorities))
        with connect() as connection, context.wrap_socket(connection, server_hostname=name):
            return ""
    except ssl.SSLCertVerificationError as error:
        return error.verify_message or innermost(error)
    except OSError:  # the other handshake says so
        return ""


def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _chain(connection: ssl.SSLSocket) -> tuple[bytes, ...]:
    """The server's own certificate, and those that it sends along.

    `get_unverified_chain` has a public name since Python 3.13, and is there before.
    """
    own = connection.getpeercert(binary_form=True)
    inner = getattr(connection, "_sslobj", None)
    unverified = getattr(inner, "get_unverified_chain", None)
    found = unverified() if unverified is not None else None
    if not found:
        return (own,) if own else ()
    return tuple(ssl.PEM_cert_to_DER_cert(one.public_bytes()) for one in found)
