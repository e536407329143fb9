"""The example installation's password: whether it is valid, found out without harm.

It is read where that is possible, and tried only where nobody can be locked out by it.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import replace
from threading import Lock

from pytest_kubeflow.auth.credentials import Credentials
from pytest_kubeflow.auth.dex import DexLogin
from pytest_kubeflow.auth.session import gateway_session
from pytest_kubeflow.auth.signin import PasswordRefused, SignIn
from pytest_kubeflow.config.groups.gateway import GatewaySettings
from pytest_kubeflow.errors import KubeflowError
from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.k8s.listing import get_json
from pytest_kubeflow.network_errors import network_errors
from pytest_kubeflow.platform.probes.probed import Probed
from pytest_kubeflow.platform.snapshot import Snapshot
from pytest_kubeflow.platform.snapshot.fields import text
from pytest_kubeflow.platform.snapshot.kind import CONFIG_MAPS
from pytest_kubeflow.platform.snapshot.observations import Observations
from pytest_kubeflow.redaction import Redactor, Secret
from pytest_kubeflow.retries.policy import outages_of
from pytest_kubeflow.waiting import Deadline, bounded_by

USER = "user@example.com"
PASSWORD = Secret("12341234")  # as every documentation of Kubeflow has it

_HASH = "$2y$12$4K/VkmDd1q1Orb3xAt82zu8gk7Ad6ReFR4LCP9UeYE90NLiN9Df72"
"""What common/dex of the example installation has for it."""

_NAMESPACE, _CONFIG_MAP, _SECRET, _KEY = "auth", "dex", "dex-passwords", "DEX_USER_PASSWORD"
_OF_USER = re.compile(rf"email:\s*[\"']?{re.escape(USER)}")
_LOCAL = "local"
_WHAT = "the default password"
_SECONDS = 8.0

_tried: dict[str, Probed] = {}
_trying = Lock()


def probe_default_password(
    gateway: str,
    settings: GatewaySettings,
    credentials: Credentials,
    kubernetes: KubernetesClient,
    snapshot: Snapshot,
) -> Probed:
    """How it was seen that the password is valid; nothing if it is not; else why it is not known.

    This process logs in with it once at most at each gateway.
    """
    password = isinstance(credentials, DexLogin)
    is_ours = password and settings.username == USER and settings.password is not None
    if is_ours and settings.password is not None:
        if settings.password.reveal() == PASSWORD.reveal():
            return _valid("this session logs in with it")
        return Probed()  # the user has another one
    read = _read(kubernetes, snapshot)
    if read.observed.default_password:
        return read
    if not password:
        why = f"not tried: this session comes in with {credentials.description}"
    elif settings.connector not in {None, _LOCAL}:
        why = f"not tried: this session logs in at {settings.connector}, not at Dex's own users"
    else:
        return _try_once(gateway, settings, requests=read.observed.requests)
    return Probed.nothing(_WHAT, why, requests=read.observed.requests)


def _valid(state: str, requests: int = 0) -> Probed:
    return Probed(observed=Observations(default_password=state, requests=requests))


def _read(kubernetes: KubernetesClient, snapshot: Snapshot) -> Probed:
    """What Dex's configuration tells: the hash that the example installation has, or nothing."""
    found = snapshot.named(CONFIG_MAPS, _CONFIG_MAP, _NAMESPACE)
    config = text(found, "data", "config.yaml")
    if found is None or _OF_USER.search(config) is None:
        return Probed()
    if _HASH in config:
        return _valid(f"its hash is in ConfigMap {_NAMESPACE}/{_CONFIG_MAP}")
    if _KEY not in config and "hashFromEnv" not in config:
        return Probed()
    path = f"/api/v1/namespaces/{_NAMESPACE}/secrets/{_SECRET}"
    try:
        with outages_of(_SECONDS):
            secret, _ = get_json(kubernetes, path, f"read Secret {_NAMESPACE}/{_SECRET}")
    except KubeflowError:  # then it may be tried
        return Probed(observed=Observations(requests=1))
    try:
        message = base64.b64decode(text(secret, "data", _KEY)).decode()
    except (binascii.Error, ValueError):
        message = ""
    if message.strip() == _HASH:
        return _valid(f"its hash is in Secret {_NAMESPACE}/{_SECRET}", 1)
    return Probed(observed=Observations(requests=1))


def _try_once(gateway: str, settings: GatewaySettings, *, requests: int) -> Probed:
    with _trying:
        if gateway not in _tried:
            _tried[gateway] = _try(gateway, settings)
        found = _tried[gateway]
    if found.unseen:
        return found
    return _valid(found.observed.default_password, requests)


def _try(gateway: str, settings: GatewaySettings) -> Probed:
    """Log in, at the gateway's own origin and by Dex's own users alone."""
    at_dex = replace(settings, connector=_LOCAL)
    try:
        with (
            bounded_by(Deadline.after(_SECONDS)),
            gateway_session(at_dex, patient=False) as session,
            network_errors(gateway),
        ):
            SignIn(
                session, gateway, at_dex, username=USER, password=PASSWORD, redactor=Redactor()
            ).cookies()
    except PasswordRefused:
        return Probed()
    except KubeflowError as error:
        return Probed.nothing(_WHAT, f"a login with it did not come to an end: {error.message}")
    return _valid("a login with it works")
