"""Our credentials as kfp.Client takes them."""

from __future__ import annotations

from typing import Any

from pytest_kubeflow.auth.credentials import Credentials


def client_arguments(credentials: Credentials) -> dict[str, Any]:
    """Arguments for kfp.Client: `cookies`, or `credentials` that are asked before each request.

    `cookies` is always given: without it kfp takes those in ~/.config/kfp/context.json.
    """
    headers = credentials.headers()
    if "Authorization" not in headers:
        return {"cookies": headers.get("Cookie", "")}

    from kfp.client.token_credentials_base import TokenCredentialsBase

    class Bearer(TokenCredentialsBase):  # type: ignore[misc]  # the base class has no types
        """Puts the current token where the generated client looks for it."""

        def refresh_api_key_hook(self, config: Any) -> None:
            sent = credentials.headers()["Authorization"]
            config.api_key["authorization"] = sent.removeprefix("Bearer ")

    return {"credentials": Bearer(), "cookies": ""}
