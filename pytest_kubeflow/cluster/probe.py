"""What answers at --kf-host: a Kubeflow gateway, a Kubeflow Pipelines API, or something else."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pytest_kubeflow.auth.refusal import Refusal
from pytest_kubeflow.cluster.clock import skew
from pytest_kubeflow.errors import AuthenticationError, ClusterUnreachable, KubeflowError
from pytest_kubeflow.network_errors import network_errors, proxy_wants_login

if TYPE_CHECKING:
    import requests

PREFIX = "/pipeline"
HEALTH = "/apis/v2beta1/healthz"
_OLD_HEALTH = "/apis/v1beta1/healthz"
# The API server's, and those of the UI, which answers for itself where nothing stands before it
# (backend/api/v2beta1/healthz.proto, frontend/server/handlers/healthz.ts in kubeflow/pipelines).
_HEALTH_KEYS = frozenset({"multi_user", "pipeline_store", "apiServerReady", "pipelineStore"})
_OLD_HEALTH_KEYS = frozenset({"multi_user", "tag_name", "apiServerTagName", "apiServerReady"})
_EXPERIMENTS = "/apis/v2beta1/experiments"
_TIMEOUT = (3.0, 10.0)
"""Seconds to connect and between two pieces of the answer, for questions that are cheap."""

_JSON = {"Accept": "application/json"}
_QUICKLY: Any = {
    "allow_redirects": False,
    "timeout": _TIMEOUT,
    "stream": True,
    "headers": _JSON,
}


@dataclass(frozen=True, slots=True)
class PipelinesApi:
    """Where the KFP API is (`url`, without /apis) and whether it tells users apart."""

    url: str
    multi_user: bool


@dataclass(frozen=True, slots=True)
class LoginWanted:
    """Whoever answers there wants another login than ours, or one at all."""

    refusals: tuple[Refusal, ...]

    def error(self, otherwise: str) -> KubeflowError:
        """What that means to who has come with a login; `otherwise` where nobody knows."""
        known = next((one for one in self.refusals if one.is_known), None)
        return (known or self.refusals[0]).error(otherwise)


def find_api(
    session: requests.Session, gateway: str, *, logged_in: bool = False
) -> PipelinesApi | LoginWanted:
    """The API behind `gateway`, or what is said by whoever answers there and wants a login first.

    Behind a platform's gateway and the pipelines' own UI it is under /pipeline and at the top,
    behind a port-forward to ml-pipeline at the top alone.
    Raises ClusterUnreachable if nothing answers, or nothing that looks like Kubeflow.
    """
    refusals = []
    for url in (f"{gateway}{PREFIX}", gateway):
        with (
            network_errors(gateway),
            session.get(f"{url}{HEALTH}", **_QUICKLY) as answer,
        ):
            health = _health(answer, _HEALTH_KEYS)
            refusal = Refusal.of(answer) if health is None else None
        if health == {} and not _has_experiments(session, url):
            refusal = replace(Refusal.of(answer), words="{}")
        if refusal is None:
            if health is not None and health.get("apiServerReady") is False:
                raise ClusterUnreachable(
                    f"the pipelines' UI answers at {url}, and says that the API server behind it "
                    "does not"
                )
            return PipelinesApi(url, bool((health or {}).get("multi_user", False)))
        if refusal.status == 407:
            raise proxy_wants_login(gateway)
        refusals.append(refusal)
    where = f"behind {gateway}: " if logged_in else ""
    if refusals[0].status >= 500:
        raise ClusterUnreachable(f"{where}{refusals[0].error().message}")
    turned_away = tuple(one for one in refusals if one.status == 403 or one.wants_login)
    if turned_away:
        return LoginWanted(turned_away)
    if refusals[1].status >= 500:
        raise ClusterUnreachable(f"{where}{refusals[1].error().message}")
    if moved := _origin_of(refusals[0].target):
        raise ClusterUnreachable(
            f"{gateway} redirects to {moved}, which is another address: use --kf-host={moved}"
        )
    if any(one.status == 404 for one in refusals):
        _check_release(session, gateway)
    message = "; ".join(one.summary for one in refusals)
    if logged_in:
        raise ClusterUnreachable(
            f"{gateway} lets us in, and has no Kubeflow Pipelines: {message}; are they installed "
            "(kubectl -n kubeflow get deployment ml-pipeline), and has the gateway a route to "
            f"{PREFIX} (kubectl get virtualservices -A)?"
        )
    raise ClusterUnreachable(f"there is no Kubeflow at {gateway}: {message}")


def _origin_of(url: str) -> str:
    """Scheme and host of a URL; empty for a path."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""


def _check_release(session: requests.Session, gateway: str) -> None:
    """Raise ClusterUnreachable if there is a release of the pipelines without the API v2beta1."""
    for url in (f"{gateway}{PREFIX}", gateway):
        with network_errors(gateway), session.get(f"{url}{_OLD_HEALTH}", **_QUICKLY) as answer:
            health = _health(answer, _OLD_HEALTH_KEYS)
        if health is not None:
            release = f" ({health['tag_name']})" if health.get("tag_name") else ""
            raise ClusterUnreachable(
                f"this is Kubeflow Pipelines 1.x{release}: {url} answers {_OLD_HEALTH} and not "
                f"{HEALTH}; this plugin needs 2.x, with its API v2beta1"
            )


def is_open(session: requests.Session, api: PipelinesApi) -> bool:
    """Whether the API takes requests of this session (its healthz answers to everybody)."""
    if not api.multi_user:
        return True
    return _list(session, api, "default") is None


def clock_skew(session: requests.Session, gateway: str) -> float:
    """Seconds that this machine's clock is ahead of the gateway's; 0 where it tells no time."""
    with network_errors(gateway), session.get(f"{gateway}{HEALTH}", **_QUICKLY) as answer:
        return skew(answer.headers.get("date", ""))


def check_identity(session: requests.Session, api: PipelinesApi, namespace: str) -> bool:
    """Ask for something in `namespace`; returns whether we may use the pipelines there.

    Raises AuthenticationError if the API does not know who we are, PermissionDenied if somebody
    before the API refuses, ClusterUnreachable if it cannot do what it is for.
    """
    refusal = _list(session, api, namespace)
    if refusal is None:
        return True
    if refusal.status == 403 and not refusal.is_known and not refusal.wants_login:
        return False
    if refusal.is_known and refusal.status < 500:
        raise refusal.error()
    if refusal.wants_login and refusal.status != 401:
        raise refusal.error("it wants another login")
    message = (
        f"the pipelines API answers {refusal.status} to a list of experiments: {refusal.words}"
    )
    if refusal.status == 401:
        raise AuthenticationError(f"the pipelines API does not accept our credentials: {message}")
    raise ClusterUnreachable(message)


def _list(session: requests.Session, api: PipelinesApi, namespace: str) -> Refusal | None:
    """None if the API gives a list of what is in `namespace`."""
    parameters: dict[str, str | int] = {"page_size": 1}
    if api.multi_user:
        parameters["namespace"] = namespace
    with network_errors(api.url):
        answer = session.get(
            f"{api.url}{_EXPERIMENTS}",
            params=parameters,
            headers=_JSON,
            allow_redirects=False,
            timeout=_TIMEOUT,
        )
    return None if answer.status_code == 200 else Refusal.of(answer)


def _has_experiments(session: requests.Session, url: str) -> bool:
    """Whether an experiment is listed there: stand-alone pipelines make one when they start."""
    with (
        network_errors(url),
        session.get(f"{url}{_EXPERIMENTS}", params={"page_size": 1}, **_QUICKLY) as answer,
    ):
        listed = _health(answer, frozenset({"experiments"})) or {}
    found = listed.get("experiments")
    return isinstance(found, list) and any(
        isinstance(one, dict) and one.get("experiment_id") for one in found
    )


def _health(answer: requests.Response, keys: frozenset[str]) -> dict[str, Any] | None:
    """The body of a healthz answer, if it is one. Of others nothing is read: they may never end."""
    if answer.status_code != 200 or "json" not in answer.headers.get("content-type", ""):
        return None
    try:
        body = answer.json()
    except ValueError:
        return None
    if not isinstance(body, dict):
        return None
    # What is false is left out, and older releases have no pipeline_store: {} is their answer,
    # as it is of many a server that has nothing to do with Kubeflow.
    return body if not body or body.keys() & keys else None
