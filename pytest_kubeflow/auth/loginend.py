"""LoginEnd: the page at which a login led nowhere, and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pytest_kubeflow.auth.loginwanted import is_sign_in
from pytest_kubeflow.auth.refusal import NOT_KEPT, Refusal
from pytest_kubeflow.auth.sessioncookie import cookie_fault, csrf_fault
from pytest_kubeflow.errors import AuthenticationError, ClusterUnreachable, KubeflowError
from pytest_kubeflow.html_page import HtmlPage

if TYPE_CHECKING:
    import requests

_LONGEST_SHOWN = 200
_TIMES = 2
_CSRF = "valid CSRF token"


class UnknownPage(AuthenticationError):  # noqa: N818  as in pytest_kubeflow.errors
    """The login came to a page that is not its own: of another program, or of a busy proxy.

    That may have no words but 401. `times` says how often the login may begin anew for it: what
    came in place of Dex's answer to a password may have come after its refusal.
    """

    times = 1


class LoginEnd:
    """The last of `responses`, all that a login in `session` at `host` (a URL) got."""

    def __init__(
        self, session: requests.Session, responses: Sequence[requests.Response], host: str
    ) -> None:
        self._session = session
        self._responses = responses
        self._host = host

    def not_kept(self) -> AuthenticationError:
        """Why a login is asked for again after the password was accepted."""
        fault = cookie_fault(self._session, self._responses, self._host)
        return AuthenticationError(
            f"Dex accepts the password, and the session is not kept: {fault or NOT_KEPT}"
        )

    def error(self, username: str, *, posted: bool, accepted: bool = False) -> KubeflowError:
        """Why it led nowhere; whether the password was sent, and led on."""
        error = self._error(username, posted=posted)
        if isinstance(error, UnknownPage) and (accepted or not posted):
            error.times = _TIMES
        return error

    def _error(self, username: str, *, posted: bool) -> KubeflowError:
        response = self._responses[-1]
        refusal = Refusal.of(response)
        page = HtmlPage(response.text)
        if posted and is_sign_in(page) and not refusal.is_known:
            return self.not_kept()
        if _CSRF in refusal.words:
            fault = csrf_fault(self._session, self._responses, self._host)
            return AuthenticationError(
                f"oauth2-proxy does not get back the cookie that it set when the login began: "
                f"{fault} ({refusal})"
            )
        fault = cookie_fault(self._session, self._responses, self._host) if posted else ""
        if fault and refusal.status < 400:
            return AuthenticationError(f"the session is not kept: {fault} ({refusal})")
        if refusal.is_known:
            error = refusal.error()
            if isinstance(error, ClusterUnreachable):
                return ClusterUnreachable(f"{error.message} (there the login broke off)")
            return error
        shown = (page.text or page.title)[:_LONGEST_SHOWN]
        where = f"{refusal.path} (status {refusal.status})"
        # A gateway that has just started knows nobody, and who does not get in will not the next
        # time. What answers to a password may be its refusal: that is not sent again.
        brief = refusal.status == 401 and response.request.method == "GET"
        kind = UnknownPage if refusal.status < 400 or brief else AuthenticationError
        if posted:
            return kind(f"the login as {username} ended at {where}: {shown}")
        message = f", {shown!r}" if shown else ""
        return kind(
            f"{self._host} shows no Dex login, but {where}{message}: is --kf-auth=dex right, and "
            "--kf-host the gateway of the platform?"
        )
