"""Logs of containers, as bytes: the official client's own decoding is not reliable for them."""

from __future__ import annotations

from pytest_kubeflow.errors import KubeflowError
from pytest_kubeflow.k8s.client import KubernetesClient, calling


def read_log(
    kubernetes: KubernetesClient,
    namespace: str,
    pod: str,
    container: str | None = None,
    *,
    tail_lines: int | None = None,
    previous: bool = False,
    limit_bytes: int | None = None,
    timeout: float = 60.0,
) -> bytes:
    """What the kubelet still has of a container's log; `timeout` in seconds for the whole of it.

    Of the last `tail_lines` of it (or of all) the first `limit_bytes`.

    The kubelet rotates a log at 10 MiB (containerLogMaxSize): what was written before is gone.
    """
    options: dict[str, object] = {"_preload_content": False, "_request_timeout": (10.0, timeout)}
    if container is not None:
        options["container"] = container
    if tail_lines is not None:
        options["tail_lines"] = tail_lines
    if limit_bytes is not None:
        options["limit_bytes"] = limit_bytes
    if previous:
        options["previous"] = True

    with calling(f"read the log of pod {namespace}/{pod}"):
        # _preload_content=False: read_namespaced_pod_log gives repr(bytes) for some contents.
        response = kubernetes.core.read_namespaced_pod_log(pod, namespace, **options)
    data: bytes = response.data
    response.release_conn()
    return data


def last_lines(
    kubernetes: KubernetesClient,
    namespace: str,
    pod: str,
    container: str,
    *,
    lines: int = 40,
    previous: bool = False,
) -> str:
    """The end of a log for a report; where there is none, the reason instead."""
    where = (namespace, pod, container)
    try:
        data = read_log(kubernetes, *where, tail_lines=lines, previous=previous, timeout=10.0)
    except KubeflowError as error:
        return f"({error.message})"
    return data.decode(errors="replace")
