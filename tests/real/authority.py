"""Authority: the certificates, keys and kubeconfigs of one real control plane."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_API_NAMES = ("localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc")


class Authority:
    """One CA for servers, clients and kubelets; everything lies below `directory`."""

    def __init__(self, directory: Path, address: str) -> None:
        directory.mkdir(mode=0o700)
        self._directory = directory
        self._address = address
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tests-ca")])
        certificate = self._builder(self._name, self._key.public_key()).add_extension(
            x509.BasicConstraints(ca=True, path_length=None), critical=True
        )
        self.ca = self._write("ca.crt", certificate.sign(self._key, hashes.SHA256()))
        self.ca_key = self._write("ca.key", self._key)
        signing = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.accounts_key = self._write("accounts.key", signing)

    def issue(
        self, user: str, groups: Sequence[str] = (), *, addresses: Sequence[str] = ()
    ) -> tuple[Path, Path]:
        """Certificate and key of the client `user`; with `addresses` a server's too."""
        names = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in groups]
        subject = x509.Name([*names, x509.NameAttribute(NameOID.COMMON_NAME, user)])
        key = ec.generate_private_key(ec.SECP256R1())
        purposes = [ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH]
        builder = self._builder(subject, key.public_key()).add_extension(
            x509.ExtendedKeyUsage(purposes), critical=False
        )
        if addresses:
            alternatives: list[x509.GeneralName] = [x509.DNSName(name) for name in _API_NAMES]
            alternatives += [x509.IPAddress(ipaddress.ip_address(one)) for one in addresses]
            builder = builder.add_extension(
                x509.SubjectAlternativeName(alternatives), critical=False
            )
        stem = user.replace(":", "-").replace("/", "-")
        certificate = self._write(f"{stem}.crt", builder.sign(self._key, hashes.SHA256()))
        return certificate, self._write(f"{stem}.key", key)

    def kubeconfig(
        self, user: str, groups: Sequence[str] = (), *, server: str, namespace: str = "default"
    ) -> Path:
        """A kubeconfig of `user`, by a client certificate."""
        certificate, key = self.issue(user, groups)
        path = certificate.with_suffix(".kubeconfig")
        credentials = {"client-certificate": str(certificate), "client-key": str(key)}
        cluster = {"server": server, "certificate-authority": str(self.ca)}
        context = {"cluster": "real", "user": user, "namespace": namespace}
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "real", "cluster": cluster}],
            "contexts": [{"name": "real", "context": context}],
            "users": [{"name": user, "user": credentials}],
            "current-context": "real",
        }
        path.write_text(json.dumps(config))
        return path

    def _builder(
        self, subject: x509.Name, key: ec.EllipticCurvePublicKey
    ) -> x509.CertificateBuilder:
        start = datetime.now(UTC) - timedelta(minutes=5)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(start + timedelta(days=2))
        )

    def _write(
        self, name: str, content: x509.Certificate | ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
    ) -> Path:
        path = self._directory / name
        path.touch(mode=0o600)
        if isinstance(content, x509.Certificate):
            path.write_bytes(content.public_bytes(serialization.Encoding.PEM))
        else:
            path.write_bytes(
                content.private_bytes(
                    serialization.Encoding.PEM,
                    serialization.PrivateFormat.TraditionalOpenSSL,
                    serialization.NoEncryption(),
                )
            )
        return path
