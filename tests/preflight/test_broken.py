"""Eighty set-ups that are broken in one way each: the verdict says in which."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

import pytest
import requests

from pytest_kubeflow.cluster.checklist import State
from pytest_kubeflow.k8s.sessions.ownership import Ownership
from pytest_kubeflow.preflight.needs import UNKNOWN, Needs
from pytest_kubeflow.preflight.preflight import Preflight, preflight
from pytest_kubeflow.redaction import Redactor
from tests.cluster.remote import Remote
from tests.cluster.web import web
from tests.config.sources import resolved

from .broken_answers import a_lone_api
from .broken_registries import address, logged_in
from .setup import SetUp, entered, good, in_clear
from .setups import SETUPS
from .stub_kubeflow import kubeflow


def checked(
    options: Mapping[str, str], environment: Mapping[str, str], needs: Needs = UNKNOWN
) -> Preflight:
    """The preflight of a session with these."""
    redactor = Redactor()
    config = resolved(options, {**os.environ, **environment})
    for secret in config.secrets():
        redactor.add(secret)
    result = preflight(config, ownership=Ownership("tests"), redactor=redactor, needs=needs)
    if result.cluster is not None:
        result.cluster.close()
    return result


@pytest.mark.parametrize("one", SETUPS, ids=[one.name for one in SETUPS])
def test_verdict(
    remote: Remote, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, one: SetUp
) -> None:
    monkeypatch.delenv("KF_PASSWORD")
    with entered(remote, tmp_path, one) as (options, environment):
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        result = checked(options, environment)
    told = [found for found in result.findings if found.state is not State.OK]
    if one.warns:
        warned = " ".join(found.message for found in told if found.state is State.WARNING)
        assert re.search(one.verdict, warned), result
        return
    assert not result.fit
    assert re.search(one.verdict, result.verdict), result.verdict
    assert "\n" not in result.verdict
    assert "planted" not in f"{result.verdict} {result.findings}"


def test_a_good_set_up_is_fit(remote: Remote) -> None:
    """The positive control of all of these."""
    result = checked(good(remote), in_clear(remote))
    assert result.fit, result
    assert {one.state for one in result.findings} == {State.OK, State.NOT_CHECKED}
    left_out = [one.check for one in result.findings if one.state is State.NOT_CHECKED]
    # Plain http, a profile that is still to be made, and tests that nobody has named.
    assert left_out == ["TLS", "profile", "selected tests"]


def test_an_image_that_is_there_and_a_registry_that_takes_images(remote: Remote) -> None:
    """Nothing is left in the registry by it."""
    here = address(remote)
    result = checked(
        good(remote, registry=here, image=f"{here}/python:3.11-slim"), logged_in(remote)
    )
    assert result.fit, result
    found = {one.check: (one.state, one.message) for one in result.findings}
    assert found["own images"] == (State.OK, f"{here}/python:3.11-slim is there, for amd64")
    assert found["registry"] == (State.OK, f"{here} takes images")
    assert remote.endpoints.registry is not None
    login = (remote.endpoints.registry.username, remote.endpoints.registry.password)
    catalog = requests.get(f"http://{here}/v2/_catalog", auth=login, timeout=10).json()
    assert "kf-images/preflight" not in catalog["repositories"]


def test_the_gateway_that_is_broken_otherwise_lets_us_in(remote: Remote) -> None:
    """The positive control of those that stand for a whole Kubeflow."""
    with kubeflow() as host:
        result = checked(good(remote, host=host), in_clear(remote))
    states = {one.check: one.state for one in result.findings}
    assert {states[one] for one in ("gateway", "credentials", "pipelines")} == {State.OK}, result


def test_metadata_that_is_not_behind_the_host_is_found_in_the_cluster(remote: Remote) -> None:
    """The API alone, as programs in the cluster use it, leads to no ML Metadata."""
    with web(a_lone_api) as port:
        options = good(remote, host=f"http://localhost:{port}", username="")
        result = checked(options, in_clear(remote))
    found = next(one for one in result.findings if one.check == "ML Metadata")
    assert found.state is State.OK, found
    assert re.search(
        r"metadata-grpc-service, port 8080 by gRPC, since \S+ answers 404", found.message
    )


def test_there_are_seventy_and_more() -> None:
    assert len({one.name for one in SETUPS}) == len(SETUPS) >= 70
