"""The host that cannot be reached is named, not the one that leads there."""

from __future__ import annotations

import pytest

from pytest_kubeflow.auth.session import gateway_session
from pytest_kubeflow.config.groups.gateway import GatewaySettings
from pytest_kubeflow.errors import ClusterUnreachable
from pytest_kubeflow.network_errors import network_errors
from pytest_kubeflow.retries.policy import outages_of
from tests.cluster.web import closed_port, page, web


def told_of(url: str) -> str:
    with (
        pytest.raises(ClusterUnreachable) as caught,
        gateway_session(GatewaySettings()) as session,
        network_errors(url),
    ):
        session.get(url)
    return caught.value.message


def test_a_host_that_a_redirect_names() -> None:
    with web(page("", 302, Location="https://idp.nowhere.invalid/login")) as port:
        message = told_of(f"http://127.0.0.1:{port}/")
    assert message.startswith("the host name idp.nowhere.invalid is not known (")
    assert message.endswith(f"; 127.0.0.1:{port} redirects there")


def test_a_port_that_a_redirect_names() -> None:
    with closed_port() as closed, outages_of(1.0):
        with web(page("", 302, Location=f"http://localhost:{closed}/dex")) as port:
            message = told_of(f"http://127.0.0.1:{port}/")
        assert message == (
            f"nothing listens at localhost:{closed} (connection refused); 127.0.0.1:{port} "
            "redirects there"
        )
        assert told_of(f"http://127.0.0.1:{closed}/") == (
            f"nothing listens at 127.0.0.1:{closed} (connection refused)"
        )
