"""What cert-manager does: it makes certificates, and says in webhooks whose signature is good.

Each of the two controllers works while its pod runs. Rules: cert-manager docs, usage/certificate
and concepts/ca-injector; of issuers, only those that sign themselves are known.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import UTC, datetime

from pytest_kubeflow.local.controllers.controller import Controller, Informers
from pytest_kubeflow.local.kube import ApiError, KubeClient
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.informer import Key
from pytest_kubeflow.local.kube.resources import (
    CERTIFICATES,
    ISSUERS,
    MUTATING_WEBHOOKS,
    SECRETS,
    VALIDATING_WEBHOOKS,
    Resource,
)
from pytest_kubeflow.local.kube.times import now
from pytest_kubeflow.local.kubelet.images.hosted import HostedPrograms
from pytest_kubeflow.local.platform.certificate import LIFETIME, KeyPair, described, self_signed
from pytest_kubeflow.local.platform.components.cert_manager import CERT_MANAGER
from pytest_kubeflow.local.platform.webhook import INJECT, certificate_secret, issued_status

_ISSUED_BY = "cert-manager.io/certificate-name"
_CONTROLLER, _INJECTOR = (one.containers[0].image for one in CERT_MANAGER)


class CertificateController(Controller):
    """Keeps in the Secret of each Certificate one that is good."""

    name = "certificates"
    workers = 1

    def __init__(
        self, client: KubeClient, informers: Informers, *, programs: HostedPrograms
    ) -> None:
        self._programs = programs
        super().__init__(client, informers)
        programs.on_change(lambda: self.enqueue_all(self.certificates.objects))

    def watch(self) -> None:
        self.certificates = self.enqueue_from(CERTIFICATES)
        self.secrets = self.enqueue_from(SECRETS, _certificate_of)

    async def reconcile(self, key: Key) -> None:
        certificate = self.certificates.get(key[1], key[0])
        if certificate is None or not self._programs.runs(_CONTROLLER):
            return
        pair = self._known(certificate)
        if pair is None or pair.renewal <= datetime.now(UTC):
            pair = await self._issue(certificate)
        if pair is None:
            why = "Issuing certificate as Secret does not exist"
            await self._tell(certificate, _waiting(certificate, why))
            return
        self.queue.add_after(key, (pair.renewal - datetime.now(UTC)).total_seconds() + 1)
        await self._tell(certificate, issued_status(certificate, pair))

    def _known(self, certificate: Object) -> KeyPair | None:
        """What its Secret holds, if that is what is asked for."""
        spec = certificate["spec"]
        secret = self.secrets.get(spec["secretName"], certificate["metadata"]["namespace"])
        data = (secret or {}).get("data") or {}
        try:
            pair = described(
                base64.b64decode(data.get("tls.crt", "")), base64.b64decode(data.get("tls.key", ""))
            )
        except ValueError:
            return None
        return pair if set(spec.get("dnsNames") or ()) == set(pair.names) else None

    async def _issue(self, certificate: Object) -> KeyPair | None:
        metadata, spec = certificate["metadata"], certificate["spec"]
        if not await self._signs_itself(spec["issuerRef"]["name"], metadata["namespace"]):
            return None
        pair = self_signed(spec["dnsNames"], lifetime=LIFETIME)
        secret = certificate_secret(certificate, pair)
        name, namespace = spec["secretName"], metadata["namespace"]
        if self.secrets.get(name, namespace) is None:
            await self.client.create(SECRETS, secret)
        else:
            await self.client.patch(SECRETS, name, secret, namespace=namespace)
        return pair

    async def _signs_itself(self, issuer: str, namespace: str) -> bool:
        try:
            found = await self.client.get(ISSUERS, issuer, namespace)
        except ApiError as error:
            if not error.not_found:
                raise
            return False
        return "selfSigned" in (found.get("spec") or {})

    async def _tell(self, certificate: Object, status: Object) -> None:
        before = certificate.get("status") or {}
        if _content(before) == _content(status):
            return
        metadata = certificate["metadata"]
        await self.client.patch(
            CERTIFICATES,
            metadata["name"],
            {"status": status},
            namespace=metadata["namespace"],
            subresource="status",
        )


class CaInjector(Controller):
    """Writes into webhook configurations whose certificates are to be trusted.

    Which those are they say by an annotation.
    """

    name = "cainjector"
    workers = 1

    def __init__(
        self, client: KubeClient, informers: Informers, *, programs: HostedPrograms
    ) -> None:
        self._programs = programs
        super().__init__(client, informers)
        programs.on_change(self._all)

    def watch(self) -> None:
        self.configurations = {
            resource: self.enqueue_from(resource, _keyed(resource))
            for resource in (MUTATING_WEBHOOKS, VALIDATING_WEBHOOKS)
        }
        self.certificates = self.informers[CERTIFICATES]
        self.secrets = self.informers[SECRETS]
        self.secrets.on_change(self._secret_changed)

    def _secret_changed(self, _kind: str, secret: Object) -> None:
        if _certificate_of(secret) is not None:
            self._all()

    def _all(self) -> None:
        for resource, informer in self.configurations.items():
            for obj in informer.objects.values():
                self.queue.add(_keyed(resource)(obj))

    async def reconcile(self, key: Key) -> None:
        resource = next(one for one in self.configurations if one.kind == key[0])
        configuration = self.configurations[resource].get(key[1])
        if configuration is None or not self._programs.runs(_INJECTOR):
            return
        wanted = (configuration["metadata"].get("annotations") or {}).get(INJECT, "")
        namespace, _, name = wanted.partition("/")
        certificate = self.certificates.get(name, namespace)
        if certificate is None:
            return
        secret = self.secrets.get(certificate["spec"]["secretName"], namespace)
        authority = ((secret or {}).get("data") or {}).get("ca.crt")
        webhooks = configuration.get("webhooks") or []
        if authority is None or all(
            one["clientConfig"].get("caBundle") == authority for one in webhooks
        ):
            return
        found = [
            {**one, "clientConfig": {**one["clientConfig"], "caBundle": authority}}
            for one in webhooks
        ]
        patch = {
            "metadata": {"resourceVersion": configuration["metadata"]["resourceVersion"]},
            "webhooks": found,
        }
        await self.client.patch(resource, key[1], patch)


def _keyed(resource: Resource) -> Callable[[Object], Key]:
    return lambda obj: (resource.kind, obj["metadata"]["name"])


def _certificate_of(secret: Object) -> Key | None:
    metadata = secret["metadata"]
    name = (metadata.get("annotations") or {}).get(_ISSUED_BY)
    return None if name is None else (metadata["namespace"], name)


def _waiting(certificate: Object, message: str) -> Object:
    generation = certificate["metadata"].get("generation", 1)
    return {
        "conditions": [
            {
                "type": kind,
                "status": status,
                "reason": "DoesNotExist",
                "message": message,
                "lastTransitionTime": now(),
                "observedGeneration": generation,
            }
            for kind, status in (("Ready", "False"), ("Issuing", "True"))
        ],
        "notBefore": None,
        "notAfter": None,
        "renewalTime": None,
    }


def _content(status: Object) -> Object:
    """What it says, without when that began."""
    conditions = [
        {key: value for key, value in one.items() if key != "lastTransitionTime"}
        for one in status.get("conditions") or ()
    ]
    found = {key: value for key, value in status.items() if value is not None}
    return {**found, "conditions": conditions}
