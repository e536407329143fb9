"""requests.Session for the gateway: verified TLS, a timeout on every call, logins renewed."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from pytest_kubeflow.auth.loginwanted import wants_login
from pytest_kubeflow.config.groups.gateway import GatewaySettings
from pytest_kubeflow.retries.evidence import attempt_seconds

if TYPE_CHECKING:
    import requests

    from pytest_kubeflow.auth.credentials import Credentials
    from pytest_kubeflow.retries.policy import RetryPolicy

CONNECT_TIMEOUT = 10.0
READ_TIMEOUT = 30.0

_SIGNED = "_kubeflow_signed"
"""The attribute of a request with the headers that it was signed with."""


def gateway_session(
    settings: GatewaySettings, credentials: Credentials | None = None, *, patient: bool = True
) -> requests.Session:
    """A session that sends `credentials` with each request; without them it sends none at all.

    What is lost on the way is asked for again, unless `patient=False`: that is for callers with a
    policy of their own. A request that is refused is sent once more, with renewed `credentials` if
    they can be: one 401 may be a gateway's that has just started. What lies in ~/.netrc or
    $REQUESTS_CA_BUNDLE does not come in between.
    """
    import requests
    from requests.adapters import HTTPAdapter

    from pytest_kubeflow.auth.retries import (
        CLIENT,
        SAFE,
        gateway_policy,
        note_repetition,
        outage_in_response,
    )
    from pytest_kubeflow.retries.statuses import is_json
    from pytest_kubeflow.retries.tally import LOST

    policy = gateway_policy() if patient else None
    verify: bool | str = not settings.insecure
    if settings.ca_cert is not None and not settings.insecure:
        verify = str(settings.ca_cert)

    class Adapter(HTTPAdapter):
        """Our timeout where none is given; our verification, whatever the environment says."""

        def send(self, request: Any, **kwargs: Any) -> Any:  # type: ignore[override]
            given = kwargs.get("timeout") or (CONNECT_TIMEOUT, READ_TIMEOUT)
            kwargs["verify"] = verify
            kwargs.pop("timeout", None)
            if policy is None:
                return self._let_in(request, timeout=_of_attempt(given), **kwargs)
            read, attempts = not kwargs.get("stream"), itertools.count(1)

            def attempt() -> Any:
                number = next(attempts)
                answer = self._let_in(request, timeout=_of_attempt(given), **kwargs)
                if number > 1:
                    note_repetition(answer)
                return answer

            return policy.response(
                attempt,
                lambda answer: outage_in_response(answer, read=read),
                safe=request.method in SAFE,
            )

        def _let_in(self, request: Any, **kwargs: Any) -> Any:
            """The answer; if that asks for a login, the one to a second request."""
            answer = self._whole(request, **kwargs)
            signed = getattr(request, _SIGNED, None)
            repeatable = isinstance(request.body, str | bytes | None)
            if credentials is not None and signed and repeatable and wants_login(answer):
                renewed = credentials.renew(signed)
                if not renewed and answer.status_code != 401:
                    return answer
                answer.close()
                answer = self._whole(sign(request), **kwargs)
                if not renewed and not wants_login(answer):
                    LOST.add(CLIENT, "401")
            return answer

        def _whole(self, request: Any, **kwargs: Any) -> Any:
            """The answer with its body, as far as that is wanted, so that half of one is noticed.

            Streams of JSON are short here, and are read as well; others may never end.
            """
            answer = super().send(request, **kwargs)
            if not kwargs.get("stream") or is_json(answer.headers):
                _ = answer.content
            return answer

    def sign(request: requests.PreparedRequest) -> requests.PreparedRequest:
        if credentials is not None:
            ours = credentials.headers()
            there = request.headers.get("Cookie", "")
            request.headers.update(ours)
            if "Cookie" in ours:
                request.headers["Cookie"] = _joined(ours["Cookie"], there)
            setattr(request, _SIGNED, ours)
        return request

    class Session(requests.Session):
        """Signs also where a redirect on the same host leads, and nothing beyond it."""

        policy: RetryPolicy | None

        def rebuild_auth(self, prepared_request: Any, response: Any) -> None:
            before, after = response.request.url, prepared_request.url
            if self.should_strip_auth(before, after):  # type: ignore[no-untyped-call]
                prepared_request.headers.pop("Authorization", None)
            else:
                sign(prepared_request)

    session = Session()
    session.policy = policy
    session.auth = sign  # also keeps requests from looking into ~/.netrc
    for scheme in ("http://", "https://"):
        session.mount(scheme, Adapter())
    if settings.insecure:
        import urllib3

        # The user has said so; once a request is more than once too often.
        urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
    return session


def _of_attempt(timeouts: Any) -> Any:
    """The same, a number or a pair, or less where evidence is read."""
    if isinstance(timeouts, tuple):
        return tuple(None if one is None else attempt_seconds(one) for one in timeouts)
    return attempt_seconds(timeouts) if isinstance(timeouts, int | float) else timeouts


def _joined(ours: str, there: str) -> str:
    """Both cookies for one header; of a name that is in both, ours."""
    names = {one.partition("=")[0].strip() for one in ours.split(";")}
    others = [one.strip() for one in there.split(";") if one.partition("=")[0].strip() not in names]
    return "; ".join([ours, *filter(None, others)])
