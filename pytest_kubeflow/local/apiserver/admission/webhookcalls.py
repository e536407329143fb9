"""Calling a webhook: from its configuration to its answer, or to the words for what went wrong.

Wording: k8s.io/apiserver pkg/admission/plugin/webhook and pkg/util/webhook; that of the network and
of TLS is Go's.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import errno
import functools
import json
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from cryptography import x509

from pytest_kubeflow.local.apiserver.errors import Object
from pytest_kubeflow.local.apiserver.store import ResourceStore

_LONGEST_SECONDS = 10
_NO_PEM = "unable to load root certificates: unable to parse bytes as PEM block"
_EXPIRED, _NOT_YET, _OTHER_NAME = 10, 9, 62  # OpenSSL's X509_V_ERR_...


class CallFailedError(Exception):
    """The webhook gave no answer; the message says why, in the API server's words."""


class WebhookCalls:
    """Asks webhooks at their URL, or by way of their Services, whose endpoints `store` has."""

    def __init__(self, store: ResourceStore) -> None:
        self._store = store

    @functools.cached_property
    def _http(self) -> aiohttp.ClientSession:
        # Made by the first request, because it belongs to the event loop that runs then.
        return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))

    async def close(self) -> None:
        if "_http" in self.__dict__:
            await self._http.close()

    async def ask(self, webhook: Object, review: Object) -> Object:
        """The `response` of the answer. Raises CallFailedError."""
        client = webhook["clientConfig"]
        seconds = webhook.get("timeoutSeconds") or _LONGEST_SECONDS
        tls = _trusting(client.get("caBundle") or "")
        if tls is None:
            raise CallFailedError(_NO_PEM)
        service = client.get("service")
        if service is None:
            asked = urlsplit(client["url"])
            host, port, path = asked.hostname or "", asked.port or 443, asked.path
            shown = f'Post "https://{asked.netloc}{path}?timeout={seconds}s"'
        else:
            host = f"{service['name']}.{service['namespace']}.svc"
            port = service.get("port") or 443
            path = service.get("path") or "/"
            shown = f'Post "https://{host}:{port}{path}?timeout={seconds}s"'
        address = host, port
        try:
            async with asyncio.timeout(seconds):
                if service is not None:
                    address = self._address(service, port)
                return await self._post(address, host, path, review, tls, seconds)
        except TimeoutError:
            raise CallFailedError(f"{shown}: context deadline exceeded") from None
        except _UnreachableError as error:
            raise CallFailedError(f"{shown}: {error}") from None
        except aiohttp.ClientConnectorCertificateError as error:
            why = await _distrust(address, host, error.certificate_error)
            raise CallFailedError(f"{shown}: tls: failed to verify certificate: {why}") from None
        except aiohttp.ClientSSLError:
            message = "http: server gave HTTP response to HTTPS client"
            raise CallFailedError(f"{shown}: {message}") from None
        except aiohttp.ClientConnectorError as error:
            if error.errno != errno.ECONNREFUSED:  # it is closed in the middle of the handshake
                raise CallFailedError(f"{shown}: EOF") from None
            message = f"dial tcp {address[0]}:{address[1]}: connect: connection refused"
            raise CallFailedError(f"{shown}: {message}") from None
        except aiohttp.ClientError:
            raise CallFailedError(f"{shown}: EOF") from None

    async def _post(
        self,
        address: tuple[str, int],
        host: str,
        path: str,
        review: Object,
        tls: ssl.SSLContext,
        seconds: int,
    ) -> Object:
        async with self._http.post(
            f"https://{address[0]}:{address[1]}{path}",
            params={"timeout": f"{seconds}s"},
            json=review,
            ssl=tls,
            server_hostname=host,
            headers={"Host": host},
        ) as answer:
            if answer.status == 404:
                raise CallFailedError("the server could not find the requested resource")
            if answer.status != 200:
                reason = (await answer.text(errors="replace")).strip()
                raise CallFailedError(
                    f"an error on the server ({json.dumps(reason)}) has prevented the request from "
                    "succeeding"
                )
            body = await answer.read()
        try:
            response = json.loads(body)["response"]
            allowed = response["allowed"]
        except (KeyError, TypeError, ValueError):
            raise CallFailedError("webhook response has no AdmissionReview") from None
        if not isinstance(allowed, bool) or response.get("uid") != review["request"]["uid"]:
            raise CallFailedError("expected response.uid to be that of the request")
        found: Object = response
        return found

    def _address(self, service: Object, port: int) -> tuple[str, int]:
        """Where a pod of the Service listens."""
        key = service["namespace"], service["name"]
        found = self._store.get(("", "services"), key)
        if found is None:
            raise _UnreachableError(f'service "{service["name"]}" not found')
        name = next(
            (
                one.get("name", "")
                for one in found["spec"].get("ports") or ()
                if one["port"] == port
            ),
            None,
        )
        if name is None:
            raise _UnreachableError(f'no service port {port} found for service "{key[1]}"')
        endpoints = self._store.get(("", "endpoints"), key) or {}
        address = next(_addresses(endpoints, name), None)
        if address is None:
            where = f"{found['spec'].get('clusterIP')}:{port}"
            raise _UnreachableError(f"dial tcp {where}: connect: connection refused")
        return address


class _UnreachableError(Exception):
    """There is nobody to connect to."""


def _addresses(endpoints: Object, name: str) -> Iterator[tuple[str, int]]:
    for subset in endpoints.get("subsets") or ():
        for port in subset.get("ports") or ():
            if port.get("name", "") == name:
                for address in subset.get("addresses") or ():
                    yield address["ip"], port["port"]


@functools.lru_cache(maxsize=64)
def _trusting(bundle: str) -> ssl.SSLContext | None:
    """A context that trusts the authorities of a `caBundle`; None for one that is no PEM."""
    if not bundle:
        return ssl.create_default_context()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(cadata=base64.b64decode(bundle).decode())
    except (ssl.SSLError, ValueError, binascii.Error):
        return None
    return context


async def _distrust(
    address: tuple[str, int], host: str, error: ssl.CertificateError | Exception
) -> str:
    """Why a certificate is not trusted, as Go puts it; it is looked at once more for that."""
    code = getattr(error, "verify_code", 0)
    if code not in {_EXPIRED, _NOT_YET, _OTHER_NAME}:
        return "x509: certificate signed by unknown authority"
    certificate = await _shown(address, host)
    if certificate is None:
        return f"x509: {error}"
    if code == _OTHER_NAME:
        names = ", ".join(_names(certificate)) or "no names"
        return f"x509: certificate is valid for {names}, not {host}"
    now = datetime.now(UTC)
    ends, begins = certificate.not_valid_after_utc, certificate.not_valid_before_utc
    way, limit = ("after", ends) if code == _EXPIRED else ("before", begins)
    message = f"current time {now:%Y-%m-%dT%H:%M:%SZ} is {way} {limit:%Y-%m-%dT%H:%M:%SZ}"
    return f"x509: certificate has expired or is not yet valid: {message}"


async def _shown(address: tuple[str, int], host: str) -> x509.Certificate | None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        _, writer = await asyncio.open_connection(*address, ssl=context, server_hostname=host)
    except OSError:
        return None
    shown: Any = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    return x509.load_der_x509_certificate(shown) if shown else None


def _names(certificate: x509.Certificate) -> list[str]:
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return []
    return found.value.get_values_for_type(x509.DNSName)
