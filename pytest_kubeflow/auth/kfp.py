"""Our credentials for kfp.Client: new headers for each request, and once more after a refusal.

Not by its own arguments: `cookies` stay what they were when the client was made, which ends a run
that is longer than a login, and `credentials` know bearer tokens alone.
"""

from __future__ import annotations

from typing import Any

from pytest_kubeflow.auth.credentials import Credentials
from pytest_kubeflow.auth.loginwanted import leads_to_login, shows_sign_in


def sign(client: Any, credentials: Credentials) -> None:
    """Let each request of this kfp.Client carry `credentials`."""
    import kfp_server_api

    rest = client._run_api.api_client.rest_client
    send = rest.request

    def request(method: str, url: str, **kwargs: Any) -> Any:
        given = kwargs.pop("headers", None) or {}
        ours = credentials.headers()
        try:
            response = send(method, url, headers={**given, **ours}, **kwargs)
        except kfp_server_api.ApiException as error:
            if not _refuses(error) or not credentials.renew(ours):
                raise
        else:
            if not _ended_at_login(response) or not credentials.renew(ours):
                return response
        return send(method, url, headers={**given, **credentials.headers()}, **kwargs)

    rest.request = request


def _refuses(error: Any) -> bool:
    """Whether an ApiException is what is answered to somebody without a session."""
    return error.status == 401 or (error.status == 403 and shows_sign_in(error.body or b""))


def _ended_at_login(response: Any) -> bool:
    """Whether this is a page of the login: the client has followed the redirect to it."""
    raw = getattr(response, "urllib3_response", response)  # what is read later is urllib3's own
    there = raw.geturl()
    return there is not None and leads_to_login(there)
