"""Observations: what the lists of objects cannot show, asked for beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ServedCertificate:
    """What a server shows in a TLS handshake."""

    chain: Sequence[bytes] = ()
    """DER, the server's own first; empty if there was no handshake."""

    error: str = ""
    """Why the chain or the name is not to be trusted, or why there was no handshake."""


@dataclass(frozen=True, slots=True)
class GatewayPage:
    """What the gateway answers for a path, asked with the session's login."""

    status: int
    media_type: str = ""
    title: str = ""
    text: str = ""
    """The words of the response, without markup, and not all of a long one."""

    cookies: Sequence[str] = ()
    """The headers Set-Cookie, with values cut out."""


@dataclass(frozen=True, kw_only=True)
class Observations:
    """By what was asked. What was not asked for is in none of them."""

    logs: Mapping[str, str] = field(default_factory=dict)
    """The last lines of the last run of a container that fails: by "namespace/pod/container"."""

    dry_runs: Mapping[str, str] = field(default_factory=dict)
    """What a server-side dry run through a webhook was refused with; "" if it went through."""

    secret_certificates: Mapping[str, str] = field(default_factory=dict)
    """`tls.crt` of Secrets, by "namespace/name". Their keys are never read into a snapshot."""

    served: Mapping[str, ServedCertificate] = field(default_factory=dict)
    """By "host:port", or "namespace/service"."""

    listening: Mapping[str, str] = field(default_factory=dict)
    """By "namespace/name" of a notebook, why nothing answers in its pod; "" if something does."""

    pages: Mapping[str, GatewayPage] = field(default_factory=dict)
    """By path."""

    claims: Mapping[str, object] = field(default_factory=dict)
    """Of the tokens that are sent here: issuer, audience and times alone."""

    gateway: str = ""
    """The URL of the gateway whose pages these are; empty where none was asked."""

    issuer: str = ""
    """Who issues the tokens of the cluster's service accounts, as the API server says it."""

    default_password: str = ""
    """How it was seen that the example installation's password is valid; "" if it was not."""

    requests: int = 0
    """How many requests of Kubernetes they took."""
