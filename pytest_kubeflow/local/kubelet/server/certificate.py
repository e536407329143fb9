"""The kubelet's serving certificate: signed by the cluster where it does that, else by itself.

Kubernetes signs certificates of the signer `kubernetes.io/kubelet-serving` once somebody with the
right to has approved the request.
"""

from __future__ import annotations

import asyncio
import base64
import datetime
import ipaddress
import logging
import secrets
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from pytest_kubeflow.local.kube import ApiError, PatientClient
from pytest_kubeflow.local.kube.resources import CERTIFICATE_SIGNING_REQUESTS as REQUESTS
from pytest_kubeflow.local.kube.times import now
from pytest_kubeflow.local.network import LOOPBACK

log = logging.getLogger(__name__)

_SIGNER = "kubernetes.io/kubelet-serving"
_POLL_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class ServingKey:
    """The key of a node's endpoint and the files of its certificate."""

    directory: Path
    node_name: str
    host_ip: str
    key: ec.EllipticCurvePrivateKey

    @classmethod
    def make(cls, directory: Path, node_name: str, host_ip: str = LOOPBACK) -> ServingKey:
        """Write key and a certificate of its own signature, valid for a year, into `directory`."""
        made = cls(directory, node_name, host_ip, ec.generate_private_key(ec.SECP256R1()))
        _, key_file = made.files
        key_file.touch(mode=0o600)
        key_file.write_bytes(
            made.key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        made._write(made._self_signed())
        return made

    @property
    def files(self) -> tuple[Path, Path]:
        """Certificate and key, PEM."""
        return self.directory / "kubelet.crt", self.directory / "kubelet.key"

    async def have_signed(self, client: PatientClient) -> None:
        """Ask the cluster for a certificate and wait until there is one: then `files` have it.

        Approves the request if `client` may; else somebody else must. Raises ApiError if the
        cluster refuses the request.
        """
        name = f"kubelet-serving-{self.node_name}-{secrets.token_hex(4)}"
        request = base64.b64encode(self._request()).decode()
        spec = {
            "request": request,
            "signerName": _SIGNER,
            "usages": ["digital signature", "server auth"],
        }
        asked = await client.create(REQUESTS, {"metadata": {"name": name}, "spec": spec})
        condition = {
            "type": "Approved",
            "status": "True",
            "reason": "KubeletServing",
            "message": f"the serving certificate of node {self.node_name}",
            "lastUpdateTime": now(),
        }
        try:
            approved = {**asked, "status": {"conditions": [condition]}}
            await client.replace(REQUESTS, approved, subresource="approval")
        except ApiError as error:
            log.info("certificate request %s waits for its approval: %s", name, error)
        while True:
            status = (await client.get(REQUESTS, name)).get("status") or {}
            if certificate := status.get("certificate"):
                self._write(base64.b64decode(certificate))
                return
            await asyncio.sleep(_POLL_SECONDS)

    def _write(self, certificate: bytes) -> None:
        self.files[0].write_bytes(certificate)

    def _name(self) -> x509.Name:
        return x509.Name(
            [
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, "system:nodes"),
                x509.NameAttribute(NameOID.COMMON_NAME, f"system:node:{self.node_name}"),
            ]
        )

    def _alternatives(self, *more: x509.GeneralName) -> x509.SubjectAlternativeName:
        names = [x509.IPAddress(ipaddress.ip_address(self.host_ip)), x509.DNSName(self.node_name)]
        return x509.SubjectAlternativeName([*names, *more])

    def _request(self) -> bytes:
        builder = x509.CertificateSigningRequestBuilder().subject_name(self._name())
        builder = builder.add_extension(self._alternatives(), critical=False)
        signed = builder.sign(self.key, hashes.SHA256())
        return signed.public_bytes(serialization.Encoding.PEM)

    def _self_signed(self) -> bytes:
        start = datetime.datetime.now(datetime.UTC) - datetime.timedelta(minutes=5)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(self._name())
            .issuer_name(self._name())
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(start + datetime.timedelta(days=365))
            .add_extension(self._alternatives(x509.DNSName("localhost")), critical=False)
            .sign(self.key, hashes.SHA256())
        )
        return certificate.public_bytes(serialization.Encoding.PEM)
