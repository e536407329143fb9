"""A certificate that signs itself, as cert-manager's issuer `selfSigned` makes one."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from pytest_kubeflow.local.kube.client import Object

LIFETIME = timedelta(days=90)


@dataclass(frozen=True)
class KeyPair:
    """Certificate and key, PEM; good from `begins` to `ends`."""

    certificate: bytes
    key: bytes
    begins: datetime
    ends: datetime
    names: tuple[str, ...] = ()

    @property
    def renewal(self) -> datetime:
        """When it is to be made anew: after two thirds of its time."""
        return self.begins + (self.ends - self.begins) * 2 / 3

    @property
    def data(self) -> Object:
        """What its Secret holds; a certificate that signs itself is its own authority."""
        parts = {"tls.crt": self.certificate, "tls.key": self.key, "ca.crt": self.certificate}
        return {name: base64.b64encode(value).decode() for name, value in parts.items()}


def self_signed(
    names: Sequence[str],
    *,
    lifetime: timedelta = LIFETIME,
    begins: datetime | None = None,
) -> KeyPair:
    """A new one for the DNS `names`."""
    begins = (begins or datetime.now(UTC)).replace(microsecond=0)
    ends = begins + lifetime
    key = ec.generate_private_key(ec.SECP256R1())
    public = key.public_key()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName(one) for one in names]), critical=False
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(public), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    shown = certificate.public_bytes(serialization.Encoding.PEM)
    return KeyPair(shown, pem, begins, ends, tuple(names))


def described(certificate: bytes, key: bytes) -> KeyPair:
    """What a certificate says of itself. Raises ValueError for what is none."""
    found = x509.load_pem_x509_certificate(certificate)
    try:
        names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        listed = tuple(names.get_values_for_type(x509.DNSName))
    except x509.ExtensionNotFound:
        listed = ()
    return KeyPair(certificate, key, found.not_valid_before_utc, found.not_valid_after_utc, listed)
