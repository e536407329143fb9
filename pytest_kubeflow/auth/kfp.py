"""Our credentials for kfp.Client: new headers for each request, and once more after a refusal.

Not by its own arguments: `cookies` stay what they were when the client was made, which ends a run
that is longer than a login, and `credentials` know bearer tokens alone.
"""

from __future__ import annotations

from typing import Any

from pytest_kubeflow.auth.credentials import Credentials


def sign(client: Any, credentials: Credentials) -> None:
    """Let each request of this kfp.Client carry `credentials`."""
    import kfp_server_api

    rest = client._run_api.api_client.rest_client
    send = rest.request

    def request(method: str, url: str, **kwargs: Any) -> Any:
        given = kwargs.pop("headers", None) or {}
        ours = credentials.headers()
        try:
            return send(method, url, headers={**given, **ours}, **kwargs)
        except kfp_server_api.ApiException as error:
            if error.status != 401 or not credentials.renew(ours):
                raise
            return send(method, url, headers={**given, **credentials.headers()}, **kwargs)

    rest.request = request
