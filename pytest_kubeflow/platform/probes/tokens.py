"""Tokens: who issues them, and what the one that this session sends claims."""

from __future__ import annotations

import re

from pytest_kubeflow.auth.credentials import Credentials
from pytest_kubeflow.auth.token import claims_of
from pytest_kubeflow.errors import KubeflowError
from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.k8s.listing import get_json
from pytest_kubeflow.platform.probes.probed import Probed
from pytest_kubeflow.platform.snapshot import Snapshot
from pytest_kubeflow.platform.snapshot.fields import items, text
from pytest_kubeflow.platform.snapshot.kind import REQUEST_AUTHENTICATIONS
from pytest_kubeflow.platform.snapshot.observations import Observations
from pytest_kubeflow.retries.policy import outages_of

_KEPT = ("iss", "aud", "exp", "nbf", "iat")
"""Claims that name no user and give no access."""

_DISCOVERY = "/.well-known/openid-configuration"
_DEX = re.compile(r"/dex/?$")
_SECONDS = 3.0


def probe_token(credentials: Credentials) -> Probed:
    """The claims of the bearer token that is sent to the gateway; none where none is sent."""
    try:
        sent = credentials.headers().get("Authorization", "")
    except KubeflowError as error:
        return Probed.nothing("this session's token", error)
    claims = claims_of(sent.removeprefix("Bearer "))
    return Probed(
        observed=Observations(claims={key: claims[key] for key in _KEPT if key in claims})
    )


def probe_issuer(kubernetes: KubernetesClient, snapshot: Snapshot) -> Probed:
    """Who issues the tokens of service accounts.

    It is asked for only where the gateway trusts others than Dex, as it does not by default.
    """
    issuers = [
        text(rule, "issuer")
        for policy in snapshot.all(REQUEST_AUTHENTICATIONS)
        for rule in items(policy, "spec", "jwtRules")
    ]
    if all(_DEX.search(one) for one in issuers):
        return Probed()
    try:
        with outages_of(_SECONDS):
            found, _ = get_json(kubernetes, _DISCOVERY, "ask who issues the cluster's tokens")
    except KubeflowError as error:
        return Probed.nothing("the issuer of the cluster's tokens", error, requests=1)
    return Probed(observed=Observations(issuer=text(found, "issuer"), requests=1))
