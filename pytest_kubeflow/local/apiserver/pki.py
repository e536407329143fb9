"""Pki: the certificate authority of one embedded cluster, and what it signs."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_LIFETIME = timedelta(days=365)
_RENEWED = timedelta(days=30)  # before its end
_DNS_NAMES = (
    "localhost",
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
)


class Pki:
    """Makes a CA in `directory` (mode 0700, made here) and issues certificates from it.

    Keys are on P-256: an RSA key alone would take a tenth of a second. CA and `signing_key` are
    those that are in `kept`, if it is given, under the names that kubeadm gives them in
    /etc/kubernetes/pki; a CA that expires soon is made anew. Raises ValueError for keys that are
    none.
    """

    def __init__(self, directory: Path, kept: Path | None = None) -> None:
        directory.mkdir(mode=0o700, parents=True)
        self._directory = directory
        if kept is not None:
            kept.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.signing_key = _kept_key(kept, "sa.key")
        """What tokens of service accounts are signed with."""
        self._key = _kept_key(kept, "ca.key")
        self._certificate = _kept_certificate(kept, self._key) or self._self_signed()
        self.ca_file = directory / "ca.crt"
        pem = self._certificate.public_bytes(serialization.Encoding.PEM)
        self.ca_file.write_bytes(pem)
        if kept is not None:
            (kept / "ca.crt").write_bytes(pem)

    def _self_signed(self) -> x509.Certificate:
        name = _name("kubernetes", ())
        return (
            _builder(name, name, self._key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(_usage(sign=True), critical=True)
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(self._key.public_key()), critical=False
            )
            .sign(self._key, hashes.SHA256())
        )

    def issue_server(self, common_name: str, addresses: Sequence[str] = ()) -> tuple[Path, Path]:
        """Certificate and key files of a server on loopback and on `addresses`."""
        ips = {"127.0.0.1", "::1", *addresses}
        names: list[x509.GeneralName] = [x509.DNSName(name) for name in _DNS_NAMES]
        names += [x509.IPAddress(ipaddress.ip_address(ip)) for ip in sorted(ips)]
        return self._issue(common_name, (), ExtendedKeyUsageOID.SERVER_AUTH, names)

    def issue_client(self, user: str, groups: Sequence[str] = ()) -> tuple[Path, Path]:
        """Certificate and key files of a client: Kubernetes reads user and groups from CN and O."""
        return self._issue(user, groups, ExtendedKeyUsageOID.CLIENT_AUTH, [])

    def _issue(
        self,
        common_name: str,
        organizations: Sequence[str],
        purpose: x509.ObjectIdentifier,
        names: list[x509.GeneralName],
    ) -> tuple[Path, Path]:
        key = ec.generate_private_key(ec.SECP256R1())
        authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        builder = (
            _builder(_name(common_name, organizations), self._certificate.subject, key.public_key())
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(sign=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
            .add_extension(authority, critical=False)
        )
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        certificate = builder.sign(self._key, hashes.SHA256())
        stem = self._directory / f"{certificate.serial_number:x}"
        cert_file, key_file = stem.with_suffix(".crt"), stem.with_suffix(".key")
        cert_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        _write_key(key_file, key)
        return cert_file, key_file


def _write_key(path: Path, key: ec.EllipticCurvePrivateKey) -> None:
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "wb") as file:
        file.write(pem)


def _kept_key(directory: Path | None, name: str) -> ec.EllipticCurvePrivateKey:
    """The key of that name, which is made if it is not there."""
    if directory is not None and (path := directory / name).exists():
        key = serialization.load_pem_private_key(path.read_bytes(), None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise ValueError(f"{path} is no key on P-256")
        return key
    key = ec.generate_private_key(ec.SECP256R1())
    if directory is not None:
        _write_key(directory / name, key)
    return key


def _kept_certificate(
    directory: Path | None, key: ec.EllipticCurvePrivateKey
) -> x509.Certificate | None:
    """The authority of an earlier start; None if there is none, or none of this key, or no more."""
    if directory is None or not (path := directory / "ca.crt").exists():
        return None
    found = x509.load_pem_x509_certificate(path.read_bytes())
    good = found.not_valid_after_utc - datetime.now(UTC) > _RENEWED
    return found if good and found.public_key() == key.public_key() else None


def _name(common_name: str, organizations: Sequence[str]) -> x509.Name:
    attributes = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, one) for one in organizations]
    return x509.Name([*attributes, x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + _LIFETIME)
    )


def _usage(*, sign: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=not sign,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=sign,
        crl_sign=sign,
        encipher_only=False,
        decipher_only=False,
    )
