"""Each check of the suites can fail: the cluster is broken in one way, and the check sees it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_kubeflow.local.cluster import GatewaySettings, LocalKubeflow
from pytest_kubeflow.local.endpoints import Endpoints
from pytest_kubeflow.local.faults import CONFIG_MAP, FAULTS, IN_EFFECT, OF_PLATFORMS
from tests.cluster.remote import wait_until
from tests.preflight.login_faults import LOGIN_FAULTS
from tests.suites.test_platform_red import CHECKS as PLATFORM

from .nvidia_smi_stub import make_nvidia_smi
from .red import (
    access,
    checks_of_all,
    katib,
    loop,
    notebooks,
    objectstore,
    pipelines,
    resources,
    serving,
    training,
    volumes,
)

ROOT = Path(__file__).parents[2]

RED = checks_of_all()
"""Of all suites: by fault and check, what its report says."""
UNFIT = {"dead-store": r"ERROR: .*nothing answers at http://127.0.0.1:\d+ \("}
"""Faults with which no test begins, and what the preflight says."""
TOLERATED = {
    "api-503": [pipelines.EVERY_TASK, pipelines.PUBLIC, volumes.SORTED],
    # It is a real one's, always: so experiments are deleted past the web app.
    "katib-delete-across-namespaces": [katib.KATIB_GONE],
}
"""Faults that the plugin must live with."""
ENDLESS = {
    *(
        "claim-pending",
        "image-pull",
        "run-stuck-pending",
        "secrets-required",
        "task-hangs",
        "tensorboards-ignored",
        "workflows-ignored",
    ),
}
"""Faults that nothing but a timeout ends."""
TIMEOUTS = {
    "pull-secrets-ignored": 8,
    "notebook-never-ready": 20,
    "notebook-not-stopped": 20,
    "catch-up-swapped": 30,
    "schedule-lost": 10,
    "serving-never-ready": 40,
    "serving-stale": 40,
    "tensorboard-empty": 30,
    "training-no-dns": 20,
    "terminate-ignored": 15,
    "workflows-left": 8,
    "viewer-left": 20,
    "tokens-ageless": 6,
}
"""Of faults that only a timeout ends, those whose checks need seconds before they come to it."""
BRIEF = GatewaySettings(token_seconds=3, clock_skew_seconds=0)
"""For the check that waits for a token's end, which skips where tokens live for ten minutes."""
OPTIONS = {
    **{
        fault: ["--kf-start-timeout=8"]
        for fault in ("notebook-prefix", "training-ignored", "training-stuck")
    },
    "run-stuck-pending": ["--kf-load-timeout=10"],
}
"""Of faults that only a timeout ends, what else bounds them."""
LOAD = ["--kf-load=6", "--kf-load-timeout=60"]
"""What checks of many runs at once need."""

OTHER_WAYS = {"dashboard-open": "token-request"}
"""How a session gets in where a fault takes away the login, which begins at the dashboard."""
FROM_START = {"dead-store", "store-any-key"}
"""Faults that take a moment to come true in a running cluster."""
NOT_SEEN = {
    f"{resources.GPU}computation": "it needs a CUDA library and a GPU",
    katib.KATIB_GONE: (
        "nothing outlives its owner here; test_katib_checks.py has it see what is left"
    ),
    **training.NOT_SEEN,
    access.FOREIGN_RECORDS: "it is expected to fail wherever ML Metadata asks nobody who he is",
}
"""Checks that this project's own tests cannot see red, and why."""
IN_KNATIVE_MODE: dict[str, dict[str, str]] = {
    "artifacts-open": {
        access.ARTIFACTS_ENDPOINT: (
            r"our part of the bucket is open to all: the foreign account \S+ is allowed"
        ),
    },
    "canary-ignored": {
        **loop.IN_KNATIVE_MODE["canary-ignored"],
        serving.CANARY: r"waiting for the canary of \S+ to answer; last state: none of 10 answers",
    },
    "serving-asleep": {
        serving.IDLE: r"answers 503: no healthy upstream; the InferenceService is Ready"
    },
    "serving-gap": {serving.RETRAINED: r"\d+ of \d+ requests failed, the first with: POST /v1/mo"},
}
"""As RED, with services that are made of revisions."""


class Cluster:
    """An embedded cluster that is tested as a real one would be: by its addresses."""

    def __init__(self, endpoints: Endpoints) -> None:
        from kubernetes import client, config

        self._endpoints = endpoints
        api = config.new_client_from_config(str(endpoints.kubeconfig))
        self._core = client.CoreV1Api(api)

    def test(
        self, fault: str, checks: list[str], programs: Path, *more: str
    ) -> tuple[dict[str, str], str]:
        """Outcomes by check, and the output, of a session while `fault` is on.

        `more` are options of that session.
        """
        if access.EXPIRED in checks:
            with LocalKubeflow(faults=[fault], gateway=BRIEF) as brief:
                return run_pytest(*ways_in(brief.endpoints, TIMEOUTS[fault]), checks)
        local = ["--kf-host=local", f"--kf-local-fault={fault}"]
        if fault in FROM_START:
            return run_pytest(local, {}, checks)
        if fault.startswith("gpus-"):
            path = f"{make_nvidia_smi(programs)}:{os.environ['PATH']}"
            return run_pytest([*local, "--kf-gpu-all-nodes"], {"PATH": path}, checks)
        where = self._endpoints
        timeout = TIMEOUTS.get(fault, 4 if fault in ENDLESS else 60)
        options, environment = ways_in(where, timeout)
        if any(check.startswith("experiments/") for check in checks):
            options += ["--kf-slow", "--kf-recurring-period=2s"]
        if any(check.startswith("load/") for check in checks):
            options += LOAD
        options.append(f"--kf-auth={OTHER_WAYS.get(fault, 'auto')}")
        options += [*OPTIONS.get(fault, ()), *more]
        if any(
            check.startswith(("loop/", "serving/")) or check == notebooks.DEPLOYED
            for check in checks
        ):
            # KServe looks at whole buckets, which the keys of a profile may not.
            environment["KF_S3_ACCESS_KEY"] = where.s3_access_key
            environment["KF_S3_SECRET_KEY"] = where.s3_secret_key
        namespace, name = CONFIG_MAP
        body: Any = {"metadata": {"name": name}, "data": {fault: "on"}}
        self._core.create_namespaced_config_map(namespace, body)
        wait_until(lambda: fault in self._in_effect(), seconds=60)
        try:
            return run_pytest(options, environment, checks)
        finally:
            self._core.delete_namespaced_config_map(name, namespace)

    def _in_effect(self) -> list[str]:
        """The faults that are made by now."""
        namespace, name = CONFIG_MAP
        found = self._core.read_namespaced_config_map(name, namespace).metadata.annotations or {}
        return str(found.get(IN_EFFECT, "")).split(",")


def ways_in(where: Endpoints, timeout: int) -> tuple[list[str], dict[str, str]]:
    """Options and environment of a session that tests the cluster there."""
    options = [
        *(f"--kf-host={where.host}", f"--kf-username={where.username}"),
        *(f"--kf-kubeconfig={where.kubeconfig}", f"--kf-s3-endpoint={where.s3_endpoint}"),
        f"--kf-timeout={timeout}",
    ]
    environment = {"KF_PASSWORD": where.password or ""}
    if (registry := where.registry) is not None:
        options += [f"--kf-registry={registry.address}"]
        options += [f"--kf-registry-username={registry.username}"]
        environment["KF_REGISTRY_PASSWORD"] = registry.password
    return options, environment


def run_pytest(
    options: list[str], environment: dict[str, str], checks: list[str]
) -> tuple[dict[str, str], str]:
    """Run these checks of the suites; outcomes by check, and the output."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-rA", "--tb=short"),
            *options,
            *(f"suites/{check}" for check in checks),
        ],
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "200", **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    found = re.findall(r"^(PASSED|FAILED|ERROR|SKIPPED) suites/(\S+)", done.stdout, re.MULTILINE)
    return {check: outcome for outcome, check in found}, done.stdout + done.stderr


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with LocalKubeflow() as running:
        give_shared_pipelines(running.endpoints)
        yield Cluster(running.endpoints)


def give_shared_pipelines(where: Endpoints) -> None:
    """Let our user write shared pipelines, as Kubeflow's own role gives it in its namespace."""
    from kubernetes import client, config

    with config.new_client_from_config(str(where.kubeconfig)) as api:
        client.RbacAuthorizationV1Api(api).create_namespaced_role_binding(
            "kubeflow",
            {
                "metadata": {"name": "shared-pipelines"},
                "roleRef": {
                    "apiGroup": "rbac.authorization.k8s.io",
                    "kind": "ClusterRole",
                    "name": "kubeflow-edit",
                },
                "subjects": [
                    {
                        "apiGroup": "rbac.authorization.k8s.io",
                        "kind": "User",
                        "name": where.username,
                    }
                ],
            },
        )


@pytest.fixture(scope="module")
def operator() -> Iterator[Cluster]:
    """One with the training operator of before."""
    with LocalKubeflow(training_operator=True) as running:
        yield Cluster(running.endpoints)


@pytest.mark.parametrize("fault", training.OF_OPERATOR)
def test_checks_of_the_training_operator_go_red(
    operator: Cluster, fault: str, tmp_path: Path
) -> None:
    wanted = training.OF_OPERATOR[fault]
    outcomes, output = operator.test(fault, list(wanted), tmp_path, "--kf-timeout=20")
    assert set(outcomes) == set(wanted), output
    assert set(outcomes.values()) == {"FAILED"}, output
    for text in wanted.values():
        assert re.search(text, output), f"{text}\n{output}"


@pytest.mark.parametrize("fault", RED)
def test_checks_go_red(cluster: Cluster, fault: str, tmp_path: Path) -> None:
    outcomes, output = cluster.test(fault, list(RED[fault]), tmp_path)
    assert set(outcomes) == set(RED[fault]), output
    assert set(outcomes.values()) <= {"FAILED", "ERROR"}, output
    for text in RED[fault].values():
        assert re.search(text, output), f"{text}\n{output}"


@pytest.mark.parametrize("fault", UNFIT)
def test_no_test_begins(cluster: Cluster, fault: str, tmp_path: Path) -> None:
    outcomes, output = cluster.test(
        fault, [objectstore.KEYS, objectstore.MODEL, pipelines.ARTIFACTS], tmp_path
    )
    assert outcomes == {}, output
    assert re.search(UNFIT[fault], output), output


@pytest.mark.parametrize("fault", IN_KNATIVE_MODE)
def test_checks_go_red_in_knative_mode(cluster: Cluster, fault: str, tmp_path: Path) -> None:
    wanted = IN_KNATIVE_MODE[fault]
    mode = "--kf-serving-mode=Knative"
    outcomes, output = cluster.test(fault, list(wanted), tmp_path, mode)
    assert set(outcomes) == set(wanted), output
    assert set(outcomes.values()) <= {"FAILED", "ERROR"}, output
    for text in wanted.values():
        assert re.search(text, output), f"{text}\n{output}"


@pytest.mark.parametrize("fault", TOLERATED)
def test_what_is_borne_stays_green(cluster: Cluster, fault: str, tmp_path: Path) -> None:
    outcomes, output = cluster.test(fault, TOLERATED[fault], tmp_path)
    assert outcomes == dict.fromkeys(TOLERATED[fault], "PASSED"), output


def test_expired_tokens_are_waited_for_where_they_are_brief() -> None:
    with LocalKubeflow(gateway=BRIEF) as brief:
        outcomes, output = run_pytest(*ways_in(brief.endpoints, 60), [access.EXPIRED])
    assert outcomes == {access.EXPIRED: "PASSED"}, output


def test_every_fault_is_tried() -> None:
    here = RED.keys() | IN_KNATIVE_MODE.keys() | UNFIT.keys() | TOLERATED.keys()
    # Those of platforms have tests of their own, beside what they are made of.
    assert here | set(LOGIN_FAULTS) == FAULTS.keys() - OF_PLATFORMS.keys()


def test_every_check_is_seen_red() -> None:
    listed = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "--collect-only",
            "-q",
            "-p",
            "no:cacheprovider",
            "suites",
            *LOAD,
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    # Of a parametrized check one case is enough, if the cases differ in their numbers alone.
    checks = {
        re.sub(r"\[\d.*\]$", "", one) for one in re.findall(r"^suites/(\S+)", listed, re.MULTILINE)
    }
    seen = {
        re.sub(r"\[\d.*\]$", "", check)
        for found in (*RED.values(), *IN_KNATIVE_MODE.values(), *training.OF_OPERATOR.values())
        for check in found
    }
    assert seen | NOT_SEEN.keys() | PLATFORM.keys() == checks
