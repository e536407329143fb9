"""Certificate: what of an X.509 certificate tells whether clients accept it, and for how long.

`cryptography` reads them: the ssl module gives the fields of a certificate only once it has
verified it, and what cannot be verified is what is looked for here.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography import x509

SOON = timedelta(days=14)
"""A certificate that ends within this time has to be renewed."""

_SHORT_LIVED = timedelta(days=30)
_OF_ITS_LIFE = 8
"""Certificates that are short-lived (Knative's webhooks have them for a week, and renew them on the
last day) are late when less than an eighth of their life is left."""


_BLOCK = re.compile(rb"-----BEGIN CERTIFICATE-----(.*?)-----END CERTIFICATE-----", re.DOTALL)


class NoCertificateError(ValueError):
    """What should be a certificate is none; the text says what it is."""


@dataclass(frozen=True)
class Certificate:
    """One certificate, as it was read."""

    x509: x509.Certificate
    names: tuple[str, ...]
    """The DNS names and addresses that it is for."""

    begins: datetime
    ends: datetime

    @property
    def subject(self) -> str:
        """Whose it is: "CN=katib-webhook-cert", for people."""
        return self.x509.subject.rfc4514_string()

    @property
    def issuer(self) -> str:
        """Who has signed it."""
        return self.x509.issuer.rfc4514_string()

    @property
    def fingerprint(self) -> bytes:
        """The same for the same certificate alone."""
        from cryptography.hazmat.primitives.hashes import SHA256

        return self.x509.fingerprint(SHA256())

    def is_for(self, host: str) -> bool:
        """Whether it has this name, or a pattern for it (RFC 6125: of one label, the first)."""
        host = host.lower().rstrip(".")
        parent = host.partition(".")[2]
        return any(
            one.lower() == host or (bool(parent) and one.lower() == f"*.{parent}")
            for one in self.names
        )

    def ends_soon(self, now: datetime) -> bool:
        """Whether it is valid for so short a time yet that its renewal is overdue."""
        life = self.ends - self.begins
        least = SOON if life > _SHORT_LIVED else life / _OF_ITS_LIFE
        return now < self.ends <= now + least

    def has_ended(self, now: datetime) -> bool:
        """Whether it is over."""
        return self.ends <= now


def read_pem(text: str | bytes) -> tuple[Certificate, ...]:
    """The certificates in a PEM file, in its order, without those that cannot be read.

    Raises NoCertificateError where there is none that can, as servers and the API server do.
    """
    data = text.encode(errors="replace") if isinstance(text, str) else text
    if not data.strip():
        raise NoCertificateError("it is empty")
    blocks = _BLOCK.findall(data)
    if not blocks:
        raise NoCertificateError("it is no PEM file with a certificate")
    found: list[Certificate] = []
    refused: NoCertificateError | None = None
    for block in blocks:
        try:
            found.append(read_der(base64.b64decode(block)))
        except NoCertificateError as error:
            refused = refused or error
        except ValueError:
            refused = refused or NoCertificateError("what stands between its lines is no base64")
    if not found and refused is not None:
        raise refused
    return tuple(found)


def read_der(data: bytes) -> Certificate:
    """The certificate that a server has shown. Raises NoCertificateError."""
    from cryptography import x509

    try:
        return _read(x509.load_der_x509_certificate(data))
    except ValueError as error:
        raise NoCertificateError(f"it cannot be read: {_line(error)}") from None


def is_issued_by(chain: Sequence[Certificate], anchors: Iterable[Certificate]) -> bool:
    """Whether the first of `chain` comes from one of `anchors`, by way of the others, or is one.

    As the API server does it for a caBundle: an anchor need not be signed by itself. Times and
    names are not looked at.
    """
    trusted = list(anchors)
    current, left = chain[0], list(chain[1:])
    while True:
        if any(current.x509 == one.x509 or _signs(one, current) for one in trusted):
            return True
        above = next((one for one in left if _signs(one, current)), None)
        if above is None:
            return False
        left.remove(above)
        current = above


def _signs(issuer: Certificate, issued: Certificate) -> bool:
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

    try:
        issued.x509.verify_directly_issued_by(issuer.x509)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _read(found: x509.Certificate) -> Certificate:
    from cryptography import x509

    try:
        extension = found.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        names: tuple[str, ...] = ()
    else:
        hosts = extension.value.get_values_for_type(x509.DNSName)
        addresses = extension.value.get_values_for_type(x509.IPAddress)
        names = (*hosts, *map(str, addresses))
    return Certificate(
        found,
        names,
        found.not_valid_before_utc.astimezone(UTC),
        found.not_valid_after_utc.astimezone(UTC),
    )


def _line(error: ValueError) -> str:
    return " ".join(str(error).split()).partition(". See ")[0]
