"""Faults of the embedded cluster's login, and the line that says which."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from tests.cluster.remote import Remote, wait_until

from .setup import Given, good, in_clear, setup


@contextmanager
def fault(remote: Remote, name: str) -> Iterator[None]:
    """While inside, the cluster has it: seen by another that comes and goes with it."""
    volumes = f"{remote.endpoints.host}/volumes/api/namespaces/none/pvcs"

    def volumes_are_open() -> bool:
        return requests.get(volumes, timeout=10).status_code not in {401, 403}

    remote.core.create_namespaced_config_map(
        "kube-system",
        {"metadata": {"name": "embedded-faults"}, "data": {name: "on", "volumes-open": "on"}},
    )
    try:
        wait_until(volumes_are_open)
        yield
    finally:
        remote.core.delete_namespaced_config_map("embedded-faults", "kube-system")
        wait_until(lambda: not volumes_are_open())


LOGIN_FAULTS: list[str] = []
"""Those that have a set-up here."""


def faulty(verdict: str, name: str) -> None:
    """A set-up with the embedded Kubeflow and a fault of its login."""
    LOGIN_FAULTS.append(name)

    def broken(remote: Remote, _: Path) -> Iterator[Given]:
        with fault(remote, name), pytest.MonkeyPatch.context() as patch:
            patch.setattr("pytest_kubeflow.auth.signin.NEW_KEY_SECONDS", 0.5)
            yield good(remote), in_clear(remote)

    broken.__name__ = f"fault_{name.replace('-', '_')}"
    setup(verdict)(broken)


faulty(
    r"^/ answers 403 without a body: this is how Istio refuses everything while its external "
    r"authorizer \(oauth2-proxy\) does not respond; see kubectl -n oauth2-proxy get pods",
    "login-down",
)
faulty(
    r"^/dex/auth answers 503 'upstream connect error .*': the gateway does not reach Dex: .*"
    r"kubectl -n auth get pods",
    "dex-down",
)
faulty(
    r"^/ answers 401 .Jwks doesn't have key to match kid or alg from Jwt.: Istio has not read",
    "keys-rotated",
)
faulty(
    r"^Dex accepts the password, and the session is not kept: the gateway asks for another login .*"
    r"different cookie secrets",
    "session-not-kept",
)
faulty(
    r"^the login leads to https://sign-in\.company\.example/oauth2/v2\.0/authorize, which wants a "
    r"person; the password goes to --kf-host alone and was not sent there: .*KF_COOKIE",
    "foreign-idp",
)
