"""Objects and logs of Kubernetes as they go into files of a folder."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from pytest_kubeflow.k8s.client import KubernetesClient, calling
from pytest_kubeflow.k8s.pods.logs import read_log
from pytest_kubeflow.plain_text import plain
from pytest_kubeflow.reporting.bundle.budget import LOG_BYTES
from pytest_kubeflow.reporting.bundle.cleaning import cleaned
from pytest_kubeflow.reporting.bundle.folder import Folder, file_name
from pytest_kubeflow.reporting.records.excerpts import UNREADABLE, reason
from pytest_kubeflow.retries.evidence import EVIDENCE, NotAsked

LISTED = 500
_TAIL, _SHORT_TAIL = 10_000, 200
_READ_BYTES = 4 * LOG_BYTES
_CONTAINERS = ("initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses")

Object = Mapping[str, Any]


def attempt(folder: Folder, what: str, do: Callable[[], object]) -> None:
    """Do it; what keeps it from being done is a gap of the folder. Nothing is raised."""
    if why := folder.budget.exhausted:
        folder.gap(what, why)
        return
    try:
        do()
    except NotAsked:
        folder.gap("what those would tell that are silent", EVIDENCE.reason)
    except UNREADABLE as error:
        folder.gap(what, reason(error))


def listed(what: str, call: Callable[..., Any], *arguments: Any, **options: Any) -> list[Object]:
    """The items of a list call, as plain data without what nobody must read."""
    with calling(f"list {what}"):
        # The official client's models refuse objects that their schema does not know.
        response = call(*arguments, limit=LISTED, _preload_content=False, **options)
    found = cleaned(json.loads(response.data)).get("items") or []
    return [one for one in found if isinstance(one, dict)]


def write_pods(
    folder: Folder, kubernetes: KubernetesClient, pods: Iterable[Object], *, logs: bool = True
) -> None:
    """Each pod with the logs of its containers, also of those before they were started again.

    Pods that are not fine come first, so that the room is theirs.
    """
    ordered = sorted(pods, key=_is_fine)
    for pod in ordered:
        name = name_of(pod)
        folder.write_json(f"pods/{file_name(name)}/pod.json", f"pod {name}", pod)
    if not logs:
        return
    for pod in ordered:
        namespace = str((pod.get("metadata") or {}).get("namespace"))
        for container, previous in _with_logs(folder, pod):
            what = f"log of {container} in pod {name_of(pod)}"
            what += ", before it was started again" if previous else ""
            file = f"{file_name(container)}{'.previous' if previous else ''}.log"
            path = f"pods/{file_name(name_of(pod))}/{file}"

            def write(
                path: str = path,
                what: str = what,
                of: tuple[str, str, str, bool] = (namespace, name_of(pod), container, previous),
            ) -> None:
                text, message = _end_of_log(kubernetes, *of)
                folder.write(path, f"{what}{message}", text, keep_end=True)

            attempt(folder, what, write)


def name_of(found: Object) -> str:
    """The name of an object."""
    return str((found.get("metadata") or {}).get("name") or "")


def labels_of(found: Object) -> Mapping[str, str]:
    """Its labels."""
    return (found.get("metadata") or {}).get("labels") or {}


def event_lines(events: Sequence[Object]) -> str:
    """One line an event, oldest first."""
    return "".join(f"{line}\n" for line in map(_event_line, sorted(events, key=_when)))


def _end_of_log(
    kubernetes: KubernetesClient, namespace: str, pod: str, container: str, previous: bool
) -> tuple[str, str]:
    """The end of a log, and what is to be said of it."""
    for tail in (_TAIL, _SHORT_TAIL):
        data = read_log(
            kubernetes,
            namespace,
            pod,
            container,
            tail_lines=tail,
            previous=previous,
            limit_bytes=_READ_BYTES,
        )
        if len(data) < _READ_BYTES:
            break  # else lines are so long that the limit has cut off the end
    message = ""
    if len(data) >= _READ_BYTES:
        message = f" (of its last {_SHORT_TAIL} lines the beginning: they are very long)"
    elif len(data) > LOG_BYTES or data.count(b"\n") >= tail:
        message = " (its end)"
    return plain(data[-LOG_BYTES:].decode(errors="replace")), message


def _with_logs(folder: Folder, pod: Object) -> Iterator[tuple[str, bool]]:
    """The containers that have begun; and whether the log before their last start is meant."""
    status = pod.get("status") or {}
    for kind in _CONTAINERS:
        for one in status.get(kind) or ():
            name, state = str(one.get("name")), one.get("state") or {}
            again = bool(one.get("restartCount"))
            if again:
                yield name, True
            if "waiting" in state or not state:
                why = (state.get("waiting") or {}).get("reason") or "nothing is told of it"
                if not again:
                    folder.gap(f"log of {name} in pod {name_of(pod)}", f"not started: {why}")
                continue
            yield name, False


def _is_fine(pod: Object) -> bool:
    status = pod.get("status") or {}
    if status.get("phase") == "Running":
        return all(one.get("ready") for one in status.get("containerStatuses") or ())
    return status.get("phase") == "Succeeded"


def is_unwell(pod: Object) -> bool:
    """Whether it neither runs well nor has ended well."""
    return not _is_fine(pod)


def _when(event: Object) -> str:
    metadata = event.get("metadata") or {}
    stamps = (event.get("lastTimestamp"), event.get("eventTime"), metadata.get("creationTimestamp"))
    return next((str(one) for one in stamps if one), "")


def _event_line(event: Object) -> str:
    about = event.get("involvedObject") or {}
    count = event.get("count") or 1
    times = f" (x{count})" if count > 1 else ""
    message = " ".join(str(event.get("message") or "").split())
    return (
        f"{_when(event)} {event.get('type')} {event.get('reason')} "
        f"{about.get('kind')}/{about.get('name')}{times}: {message}"
    )
