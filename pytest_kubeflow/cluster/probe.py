"""What answers at --kf-host: a Kubeflow gateway, a Kubeflow Pipelines API, or something else."""

from __future__ import annotations

import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from pytest_kubeflow.auth.session import wants_login
from pytest_kubeflow.errors import AuthenticationError, ClusterUnreachable
from pytest_kubeflow.reaching import proxy_wants_login, reaching

if TYPE_CHECKING:
    import requests

PREFIX = "/pipeline"
HEALTH = "/apis/v2beta1/healthz"
# The API server's, and those of the UI, which answers for itself where nothing stands before it
# (backend/api/v2beta1/healthz.proto, frontend/server/handlers/healthz.ts in kubeflow/pipelines).
_HEALTH_KEYS = frozenset({"multi_user", "pipeline_store", "apiServerReady", "pipelineStore"})
_EXPERIMENTS = "/apis/v2beta1/experiments"
_TIMEOUT = (3.0, 5.0)
"""Seconds to connect and between two pieces of the answer, for questions that are cheap."""

_QUICKLY: Any = {"allow_redirects": False, "timeout": _TIMEOUT, "stream": True}


@dataclass(frozen=True, slots=True)
class PipelinesApi:
    """Where the KFP API is (`url`, without /apis) and whether it tells users apart."""

    url: str
    multi_user: bool


def find_api(session: requests.Session, gateway: str) -> PipelinesApi | None:
    """The API behind `gateway`, or None if whoever answers there wants a login first.

    Behind a platform's gateway and the pipelines' own UI it is under /pipeline and at the top,
    behind a port-forward to ml-pipeline at the top alone.
    Raises ClusterUnreachable if nothing answers, or nothing that looks like Kubeflow.
    """
    refused = False
    statuses = []
    for url in (f"{gateway}{PREFIX}", gateway):
        with (
            reaching(gateway),
            session.get(f"{url}{HEALTH}", **_QUICKLY) as answer,
        ):
            health = _health(answer)
        if health is not None:
            if health.get("apiServerReady") is False:
                raise ClusterUnreachable(
                    f"the pipelines' UI answers at {url}, and says that the API server behind it "
                    "does not"
                )
            return PipelinesApi(url, bool(health.get("multi_user", False)))
        if answer.status_code == 407:
            raise proxy_wants_login(gateway)
        refused = refused or answer.status_code == 403 or wants_login(answer)
        statuses.append(f"{PREFIX if url != gateway else ''}{HEALTH} {_summary(answer)}")
    if refused:
        return None
    raise ClusterUnreachable(f"there is no Kubeflow at {gateway}: {'; '.join(statuses)}")


def is_open(session: requests.Session, api: PipelinesApi) -> bool:
    """Whether the API takes requests of this session (its healthz answers to everybody)."""
    if not api.multi_user:
        return True
    return _list_status(session, api, "default")[0] == 200


def clock_skew(session: requests.Session, gateway: str) -> float:
    """Seconds that this machine's clock is ahead of the gateway's; 0 where it tells no time."""
    with reaching(gateway), session.get(f"{gateway}{HEALTH}", **_QUICKLY) as answer:
        told = answer.headers.get("date", "")
    try:
        return time.time() - parsedate_to_datetime(told).timestamp()
    except ValueError:
        return 0.0


def check_identity(session: requests.Session, api: PipelinesApi, namespace: str) -> int:
    """Ask for something in `namespace`; returns the status: 200, or 403 where we may not.

    Raises AuthenticationError if the API does not know who we are, ClusterUnreachable if it cannot
    do what it is for.
    """
    status, told = _list_status(session, api, namespace)
    if status == 401:
        raise AuthenticationError(f"the pipelines API does not accept our credentials: {told}")
    if status not in {200, 403}:
        raise ClusterUnreachable(
            f"the pipelines API answers {status} to a list of experiments: {told}"
        )
    return status


def _list_status(session: requests.Session, api: PipelinesApi, namespace: str) -> tuple[int, str]:
    parameters: dict[str, str | int] = {"page_size": 1}
    if api.multi_user:
        parameters["namespace"] = namespace
    with reaching(api.url):
        answer = session.get(
            f"{api.url}{_EXPERIMENTS}", params=parameters, allow_redirects=False, timeout=_TIMEOUT
        )
    return answer.status_code, " ".join(answer.text.split())[:200]


def _health(answer: requests.Response) -> dict[str, Any] | None:
    """The body of a healthz answer, if it is one. Of others nothing is read: they may never end."""
    if answer.status_code != 200 or "json" not in answer.headers.get("content-type", ""):
        return None
    try:
        body = answer.json()
    except ValueError:
        return None
    if not isinstance(body, dict):
        return None
    # What is false is left out, and older releases have no pipeline_store: {} is an answer as well.
    return body if not body or body.keys() & _HEALTH_KEYS else None


def _summary(answer: requests.Response) -> str:
    kind = answer.headers.get("content-type", "").partition(";")[0]
    return f"answers {answer.status_code}" + (f" ({kind})" if kind else "")
