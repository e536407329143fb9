"""Demands: the ways to log in that settings ask for, and what each of them lacks.

They are checked before anything is connected to.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pytest_kubeflow.auth.projected import USUAL, VARIABLE, projected_path
from pytest_kubeflow.config.groups.gateway import GatewaySettings
from pytest_kubeflow.config.model import KubeflowConfig
from pytest_kubeflow.errors import ConfigurationError
from pytest_kubeflow.k8s.client import KubernetesClient


@dataclass(frozen=True, slots=True)
class Demand:
    """A way that settings ask for: how messages call them, and the weight of the heaviest."""

    described: str
    weight: int


_ASKING = {
    "token": ("token", "token_file"),
    "cookie": ("cookie",),
    "dex": ("username", "dex_connector"),
    "token-request": ("service_account",),
}
"""The settings that ask for a way by themselves. (A password alone does not: whose is it?)"""


def demands_of(config: KubeflowConfig) -> dict[str, Demand]:
    """The ways that were asked for by name of what they need, though not by --kf-auth."""
    found = {}
    for way, names in _ASKING.items():
        given = [name for name in names if config.is_given(name)]
        if given:
            described = " and ".join(map(config.described, given))
            found[way] = Demand(described, max(config.settings[name].weight for name in given))
    return found


def demanded(config: KubeflowConfig) -> str | None:
    """The way that counts; None where nothing was asked for.

    Raises ConfigurationError where two weigh the same.
    """
    if config.gateway.auth != "auto":
        return config.gateway.auth
    demands = demands_of(config)
    if not demands:
        return None
    heaviest = max(one.weight for one in demands.values())
    first, *others = [way for way, one in demands.items() if one.weight == heaviest]
    if others:
        raise ConfigurationError(
            f"{demands[first].described} and {demands[others[0]].described} ask for two ways to "
            f"log in: leave one out, or name it by --kf-auth={first} or --kf-auth={others[0]}"
        )
    return first


def check_demands(config: KubeflowConfig, kubernetes: KubernetesClient) -> None:
    """Raises ConfigurationError where the way that was asked for lacks something.

    So it does for a password without a user, where no other way has what it needs.
    """
    way = demanded(config)
    if way is not None:
        if lacks := _lacking(way, config.gateway, kubernetes):
            raise ConfigurationError(f"{_described(config, way)} needs {lacks}")
        return
    gateway = config.gateway
    alone = gateway.password is not None and gateway.username is None
    if alone and not kubernetes.is_configured and projected_path() is None:
        raise ConfigurationError(
            f"{config.described('password')} needs --kf-username, whose password it is; without a "
            "login, say --kf-auth=anonymous"
        )


def unused(demands: Mapping[str, Demand], way: str) -> str:
    """What was asked for as well, for the reason; empty if nothing was."""
    others = [one.described for other, one in demands.items() if other != way]
    return f"; not used: {', '.join(others)}" if others else ""


def _described(config: KubeflowConfig, way: str) -> str:
    if config.gateway.auth != "auto":
        return f"--kf-auth={way} (from {config.origin('auth')})"
    return demands_of(config)[way].described


def _lacking(way: str, gateway: GatewaySettings, kubernetes: KubernetesClient) -> str:
    """What it needs and has not, for people; empty if it has all."""
    there = {
        "token": gateway.token is not None or gateway.token_file is not None,
        "cookie": gateway.cookie is not None,
        "dex": gateway.username is not None and gateway.password is not None,
        "token-request": kubernetes.is_configured,
        "anonymous": True,
        "projected": projected_path() is not None,
    }
    if there[way]:
        return ""
    return {
        "token": "KF_TOKEN or --kf-token-file",
        "projected": f"a token in this pod, at ${VARIABLE} or {USUAL} (PodDefault "
        "access-ml-pipeline)",
        "cookie": "KF_COOKIE",
        "dex": " and ".join(_missing_for_dex(gateway)),
        "token-request": "access to Kubernetes, by --kf-kubeconfig",
    }[way]


def _missing_for_dex(gateway: GatewaySettings) -> Iterator[str]:
    if gateway.username is None:
        yield "--kf-username"
    if gateway.password is None:
        yield "KF_PASSWORD or KF_PASSWORD_FILE"
