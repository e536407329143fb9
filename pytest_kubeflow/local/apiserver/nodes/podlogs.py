"""PodLogs: the way from the API server to the kubelet that has a pod's log."""

from __future__ import annotations

import functools
from collections.abc import AsyncGenerator

import aiohttp

from pytest_kubeflow.local.apiserver.errors import Object, StatusError, bad_request, invalid
from pytest_kubeflow.local.apiserver.nodes.kubelets import Kubelets
from pytest_kubeflow.local.apiserver.responses.response import ApiResponse
from pytest_kubeflow.local.apiserver.validation.causes import Cause, bad, forbidden

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
    """Asks the kubelets for logs."""

    def __init__(self, kubelets: Kubelets) -> None:
        self._kubelets = kubelets

    @functools.cached_property
    def _http(self) -> aiohttp.ClientSession:
        # Made by the first request, because it belongs to the event loop that runs then.
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=self._kubelets.tls, limit=0),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=10.0),
        )

    async def close(self) -> None:
        await self._http.close()

    async def open(self, pod: Object, query: dict[str, str]) -> ApiResponse:
        """The log as it comes; a pod that runs nowhere has an empty one.

        Raises StatusError 400 for a container that has none, 500 without a kubelet.
        """
        _check(pod, query)
        container = _container(pod, query.get("container", ""))
        if not pod["spec"].get("nodeName"):
            return ApiResponse(204, b"", _TEXT)
        url = self._url(pod, container)
        parameters = {key: query[key] for key in _FORWARDED if key in query}
        try:
            response = await self._http.get(url, params=parameters)
        except (aiohttp.ClientError, TimeoutError) as error:
            message = f'Get "{url}": {error}'
            raise StatusError(500, "InternalError", message) from None
        if response.status >= 400:
            text = (await response.text(errors="replace")).strip()
            if response.status == 404:
                raise StatusError(404, "NotFound", text)
            raise bad_request(text)
        return ApiResponse(200, _stream(response), _TEXT)

    def _url(self, pod: Object, container: str) -> str:
        metadata, address = pod["metadata"], self._kubelets.address(pod["spec"]["nodeName"])
        path = f"{metadata['namespace']}/{metadata['name']}/{container}"
        return f"https://{address}/containerLogs/{path}"


_LEAST = {"sinceSeconds": 1, "limitBytes": 1, "tailLines": 0}


def _check(pod: Object, query: dict[str, str]) -> None:
    """Raise StatusError 400 or 422 for options that make no sense (PodLogOptions)."""
    causes: list[Cause] = []
    for name, least in _LEAST.items():
        if name not in query:
            continue
        try:
            number = int(query[name])
        except ValueError:
            why = f'strconv.ParseInt: parsing "{query[name]}": invalid syntax'
            raise bad_request(why) from None
        if number < least:
            than = "greater than 0" if least else "greater than or equal to 0"
            causes.append(bad(name, number, f"must be {than}"))
    if "sinceSeconds" in query and "sinceTime" in query:
        causes.append(
            forbidden("[]", "at most one of `sinceTime` or `sinceSeconds` may be specified")
        )
    if causes:
        raise invalid("", "PodLogOptions", pod["metadata"]["name"], causes)


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


async def _stream(response: aiohttp.ClientResponse) -> AsyncGenerator[bytes, None]:
    async with response:
        async for chunk in response.content.iter_any():
            yield chunk
