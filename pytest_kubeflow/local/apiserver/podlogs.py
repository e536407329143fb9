"""PodLogs: the way from the API server to the kubelet that has a pod's log."""

from __future__ import annotations

import ssl
from collections.abc import AsyncGenerator
from pathlib import Path

import httpx

from pytest_kubeflow.local.apiserver.answers import Answer
from pytest_kubeflow.local.apiserver.errors import Object, StatusError, bad_request
from pytest_kubeflow.local.apiserver.store import Store

_TEXT = "text/plain"
_FORWARDED = (
    "follow",
    "limitBytes",
    "previous",
    "sinceSeconds",
    "sinceTime",
    "tailLines",
    "timestamps",
)


class PodLogs:
    """Asks kubelets over TLS with the API server's client certificate."""

    def __init__(self, store: Store, *, ca: Path, certificate: tuple[Path, Path]) -> None:
        self._store = store
        context = ssl.create_default_context(cafile=str(ca))
        context.load_cert_chain(*certificate)
        self._http = httpx.AsyncClient(
            verify=context, timeout=httpx.Timeout(10.0, read=None), trust_env=False
        )

    async def close(self) -> None:
        await self._http.aclose()

    async def open(self, pod: Object, query: dict[str, str]) -> Answer:
        """The log as it comes; a pod that runs nowhere has an empty one.

        Raises StatusError 400 for a container that has none, 500 without a kubelet.
        """
        container = _container(pod, query.get("container", ""))
        if not pod["spec"].get("nodeName"):
            return Answer(204, b"", _TEXT)
        url = self._url(pod, container)
        parameters = {key: query[key] for key in _FORWARDED if key in query}
        request = self._http.build_request("GET", url, params=parameters)
        try:
            response = await self._http.send(request, stream=True)
        except httpx.HTTPError as error:
            message = f'Get "{url}": {error}'
            raise StatusError(500, "InternalError", message) from None
        if response.is_error:
            text = (await response.aread()).decode(errors="replace").strip()
            await response.aclose()
            if response.status_code == 404:
                raise StatusError(404, "NotFound", text)
            raise bad_request(text)
        return Answer(200, _stream(response), _TEXT)

    def _url(self, pod: Object, container: str) -> str:
        metadata, node_name = pod["metadata"], pod["spec"]["nodeName"]
        node = self._store.get(("", "nodes"), ("", node_name)) or {}
        status = node.get("status") or {}
        addresses = [
            one["address"] for one in status.get("addresses") or [] if one["type"] == "InternalIP"
        ]
        endpoint = (status.get("daemonEndpoints") or {}).get("kubeletEndpoint") or {}
        if not addresses or "Port" not in endpoint:
            raise StatusError(500, "InternalError", f"no preferred addresses found for {node_name}")
        path = f"{metadata['namespace']}/{metadata['name']}/{container}"
        return f"https://{addresses[0]}:{endpoint['Port']}/containerLogs/{path}"


def _container(pod: Object, wanted: str) -> str:
    name = pod["metadata"]["name"]
    spec = pod["spec"]
    containers = [one["name"] for one in spec.get("containers") or []]
    every = [*(one["name"] for one in spec.get("initContainers") or []), *containers]
    if wanted:
        if wanted not in every:
            raise bad_request(f"container {wanted} is not valid for pod {name}")
        return wanted
    if len(containers) == 1:
        return str(containers[0])
    listed = " ".join(every)
    raise bad_request(
        f"a container name must be specified for pod {name}, choose one of: [{listed}]"
    )


async def _stream(response: httpx.Response) -> AsyncGenerator[bytes, None]:
    try:
        async for chunk in response.aiter_raw():
            yield chunk
    finally:
        await response.aclose()
