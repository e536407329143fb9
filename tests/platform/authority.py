"""Certificates as clusters have them, made for a test: by an authority, for names and times."""

from __future__ import annotations

import datetime
import ipaddress
from dataclasses import dataclass, field

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from pytest_kubeflow.platform.certificate import Certificate, read_pem

DAY = datetime.timedelta(days=1)


@dataclass(frozen=True)
class Issued:
    """A certificate with its key."""

    x509: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> str:
        return self.x509.public_bytes(serialization.Encoding.PEM).decode()

    @property
    def der(self) -> bytes:
        return self.x509.public_bytes(serialization.Encoding.DER)

    @property
    def key_pem(self) -> str:
        return self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode()

    @property
    def read(self) -> Certificate:
        return read_pem(self.pem)[0]


@dataclass
class Authority:
    """One that signs; itself signed by `above`, or by itself."""

    name: str = "authority"
    above: Authority | None = None
    root: Issued = field(init=False)

    def __post_init__(self) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        signer = self.above.root if self.above else None
        self.root = _issue(self.name, (), key, signer, begins=-DAY, ends=3650 * DAY, is_ca=True)

    def issue(
        self,
        *names: str,
        begins: datetime.timedelta = -DAY,
        ends: datetime.timedelta = 90 * DAY,
        subject: str = "",
    ) -> Issued:
        """One for these names; times are from now."""
        key = ec.generate_private_key(ec.SECP256R1())
        return _issue(subject or (names or ("nameless",))[0], names, key, self.root, begins, ends)


def _issue(
    subject: str,
    names: tuple[str, ...],
    key: ec.EllipticCurvePrivateKey,
    signer: Issued | None,
    begins: datetime.timedelta,
    ends: datetime.timedelta,
    is_ca: bool = False,
) -> Issued:
    own = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)])
    now = datetime.datetime.now(datetime.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(own)
        .issuer_name(signer.x509.subject if signer else own)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + begins)
        .not_valid_after(now + ends)
        .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
    )
    if names:
        alternatives = x509.SubjectAlternativeName([_name(one) for one in names])
        builder = builder.add_extension(alternatives, critical=False)
    return Issued(builder.sign(signer.key if signer else key, hashes.SHA256()), key)


def _name(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)
