"""What the manifests have in them, and what they refuse, without any cluster."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from pytest_kubeflow.command import arguments as command_arguments
from pytest_kubeflow.config.model import KubeflowConfig
from pytest_kubeflow.config.table import OPTIONS
from pytest_kubeflow.errors import ConfigurationError
from pytest_kubeflow.incluster.manifests import MANIFESTS, manifests, text_of
from pytest_kubeflow.incluster.rights import rules_for
from pytest_kubeflow.preflight import needs as need
from pytest_kubeflow.preflight.needs import UNKNOWN, Needs
from tests.cluster.certificate import self_signed
from tests.config.sources import resolved

ROOT = Path(__file__).parents[2]
HERE = {"host": "http://ml-pipeline.kubeflow:8888", "namespace": "team", "job_image": "r.io/a/b:1"}
SELECTION = ["--pyargs", "pytest_kubeflow.suites"]


def made(config: KubeflowConfig, kind: str = "job", needs: Needs = UNKNOWN) -> dict[str, Any]:
    """The objects by kind, as they are read again from the text."""
    text = text_of(manifests(kind, config, needs, SELECTION), config)
    return {one["kind"]: one for one in yaml.safe_load_all(text)}


def pod_of(objects: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = objects["Job"]["spec"]["template"]["spec"]
    return found


def env_of(objects: dict[str, Any]) -> dict[str, Any]:
    (container,) = pod_of(objects)["containers"]
    return {one["name"]: one.get("value", one.get("valueFrom")) for one in container["env"]}


def resources(needs: Needs, way: str = "dex") -> set[str]:
    return {resource for _, resource, *_ in rules_for(needs, way)}


def test_the_page_shows_what_is_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Standard output has the manifests and nothing else: it is piped into kubectl."""
    monkeypatch.delenv("KF_PASSWORD")
    page = (ROOT / "docs/how-to/run-in-a-cronjob.md").read_text()
    (shown,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    (command,) = re.findall(r"```sh\n(pytest --kf-manifests=cronjob .*?) \\\n +>", page, re.DOTALL)
    done = subprocess.run(
        [sys.executable, "-m", *shlex.split(command.replace("\\\n", " "))],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == shown
    assert not done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--kf-manifests=pod"], "--kf-manifests=pod: valid is one of job, cronjob, rbac"),
        (["--kf-manifests=rbac", "--kf-manifests=job"], "valid is one of job, cronjob, rbac"),
        (["--kf-manifests=rbac", "--kf-preflight"], "give one of them"),
        (["--kf-manifests=rbac", "--kf-suites=volume"], "did you mean volumes?"),
        (["--kf-manifests=rbac", "--kf-suites=load"], "they are with --kf-load=RUNS alone"),
        (["--kf-manifests=rbac", "--kf-suites=volumes,upgrade"], "no test of upgrade is selected"),
        (["--kf-manifests=rbac", "suites/volumes", "--kf-suites=volumes"], "leave one out"),
    ],
)
def test_a_command_that_says_no_one_thing_is_refused(arguments: list[str], message: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--kf-namespace=team", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (4, "")
    assert message in done.stderr


@pytest.mark.parametrize(
    ("given", "environment", "expected"),
    [
        (["-x"], {}, ["--pyargs", "pytest_kubeflow.suites", "-x"]),
        (
            [],
            {"KF_SUITES": "a,b"},
            ["--pyargs", "pytest_kubeflow.suites.a", "pytest_kubeflow.suites.b"],
        ),
        (
            ["--kf-suites=a"],
            {"KF_SUITES": "b"},
            ["--pyargs", "pytest_kubeflow.suites.a", "--kf-suites=a"],
        ),
        (["--kf-suites", "a"], {}, ["--pyargs", "pytest_kubeflow.suites.a", "--kf-suites", "a"]),
        (["--pyargs", "mine"], {"KF_SUITES": "b"}, ["--pyargs", "mine"]),
    ],
)
def test_the_entry_point_is_pytest_with_the_suites(
    given: list[str], environment: dict[str, str], expected: list[str]
) -> None:
    assert command_arguments(given, environment) == expected


def test_rights_are_those_that_the_tests_need_and_no_others() -> None:
    volumes = Needs.of([{need.VOLUMES}])
    assert resources(volumes) == {
        *("pods", "pods/log", "persistentvolumeclaims", "configmaps", "events", "storageclasses")
    }
    assert resources(Needs.of([{need.NODES}])) == {"nodes"}
    assert not resources(Needs.of([set()]))
    assert "trials" in resources(Needs.of([{need.KATIB}]))
    assert "trials" not in resources(volumes)


def test_the_pipelines_api_asks_about_the_account_whose_token_it_gets() -> None:
    runs = Needs.of([{need.PIPELINES, need.NAMESPACE, need.RUNS}])
    by_token = resources(runs, "projected") - resources(runs, "dex")
    assert by_token == {"experiments", "runs", "pipelines", "jobs"}
    requested = resources(runs, "token-request") - resources(runs, "dex")
    assert requested == {"serviceaccounts/token"}


def test_secrets_are_read_where_their_names_are_known() -> None:
    (names,) = [
        key[3]
        for key in rules_for(Needs.of([{need.TOKENS}]), "dex")
        if key[1] == "secrets" and key[2]
    ]
    assert names == ("mlpipeline-minio-artifact",)


def test_settings_go_into_the_pod_and_come_out_as_they_were(tmp_path: Path) -> None:
    given = {
        **HERE,
        "require": ["katib,gpu", "kserve"],
        "image": ["r.io/a/one:1", "r.io/a/two:2"],
        "pod_labels": ["a=b", "c=d"],
        "timeout": "15m",
        "strict": "true",
        "pod_annotations": "note=costs $(HOME), or less",
        "userid_prefix": "accounts.google.com:",
    }
    config = resolved(given)
    objects = made(config)
    (container,) = pod_of(objects)["containers"]
    env = {
        one["name"]: str(one["value"]).replace("$$(", "$(")
        for one in container["env"]
        if str(one["name"]).startswith("KF_")
        and "/reports" not in str(one.get("value", "/reports"))
    }
    assert "$$(HOME)" in env_of(objects)["KF_POD_ANNOTATIONS"]
    arguments: dict[str, list[str]] = {}
    for one in container["args"]:
        name, equals, value = one.removeprefix("--kf-").partition("=")
        if one.startswith("--kf-") and equals:
            arguments.setdefault(name.replace("-", "_"), []).append(value)
    again = resolved(arguments, env)
    for row in OPTIONS:
        if row.name.startswith("job_") or row.name in {"history", "session_timeout", "suites"}:
            continue
        if row.name in config.settings:
            assert again.settings[row.name].value == config.settings[row.name].value, row.name
    assert again.session.session_timeout == 12240, "before the Job's deadline"


def test_passwords_are_in_no_manifest() -> None:
    config = resolved(
        {**HERE, "username": "me"},
        {"KF_PASSWORD": "planted-1", "KF_S3_SECRET_KEY": "p2", "KF_S3_ACCESS_KEY": "p3"},
    )
    documents = manifests("job", config, UNKNOWN, SELECTION)
    text = text_of(documents, config)
    assert "planted-1" not in text
    assert "has to have KF_PASSWORD" in text
    env = env_of(made(config))
    reference = {"secretKeyRef": {"name": "acceptance-login", "key": "KF_PASSWORD"}}
    assert env["KF_PASSWORD"] == reference
    assert "token" not in {one["name"] for one in pod_of(made(config))["volumes"]}


def test_a_named_secret_may_have_any_of_them() -> None:
    env = env_of(made(resolved({**HERE, "job_secret": "keys"})))
    assert env["KF_TOKEN"] == {
        "secretKeyRef": {"name": "keys", "key": "KF_TOKEN", "optional": True}
    }


def test_the_authority_of_the_gateway_comes_along(tmp_path: Path) -> None:
    certificate, _ = self_signed(tmp_path)
    config = resolved({**HERE, "ca_cert": str(certificate)})
    objects = made(config)
    assert objects["ConfigMap"]["data"]["ca.crt"] == certificate.read_text()
    assert env_of(objects)["KF_CA_CERT"] == "/etc/pytest-kubeflow/ca.crt"


@pytest.mark.parametrize(
    ("host", "audience"),
    [
        ("http://ml-pipeline.kubeflow:8888", "pipelines.kubeflow.org"),
        ("https://kubeflow.example.com", None),
    ],
)
def test_the_token_is_for_whom_it_is_shown(host: str, audience: str | None) -> None:
    (volume,) = [
        one
        for one in pod_of(made(resolved({**HERE, "host": host})))["volumes"]
        if one["name"] == "token"
    ]
    (source,) = volume["projected"]["sources"]
    assert source["serviceAccountToken"].get("audience") == audience


def test_the_network_policy_lets_out_to_what_is_named() -> None:
    config = resolved({**HERE, "host": "https://kf.example:8443", "registry": "r.example:5000/x"})
    policy = made(config)["NetworkPolicy"]["spec"]
    assert policy["ingress"] == []
    ports = {one["port"] for rule in policy["egress"] for one in rule.get("ports", ())}
    assert ports == {53, 443, 6443, 8443, 5000}


def test_the_session_ends_before_its_job_does() -> None:
    objects = made(resolved({**HERE, "job_deadline": "1h"}))
    spec = objects["Job"]["spec"]
    assert spec["activeDeadlineSeconds"] == 3600
    assert env_of(objects)["KF_SESSION_TIMEOUT"] == "3060s"
    given = made(resolved({**HERE, "session_timeout": "2h"}))
    assert env_of(given)["KF_SESSION_TIMEOUT"] == "7200.0"


def test_a_claim_of_ones_own_is_used() -> None:
    objects = made(resolved({**HERE, "job_claim": "nights"}))
    assert "PersistentVolumeClaim" not in objects
    claims = [one.get("persistentVolumeClaim") for one in pod_of(objects)["volumes"]]
    assert {"claimName": "nights"} in claims


def test_a_night_does_not_overlap_the_next() -> None:
    spec = made(resolved({**HERE, "job_schedule": "15 1 * * 1-5"}), "cronjob")["CronJob"]["spec"]
    assert (spec["schedule"], spec["concurrencyPolicy"]) == ("15 1 * * 1-5", "Forbid")
    assert (spec["successfulJobsHistoryLimit"], spec["failedJobsHistoryLimit"]) == (3, 5)


@pytest.mark.parametrize("lacking", ["namespace", "job_image", "host"])
@pytest.mark.parametrize("kind", MANIFESTS)
def test_what_is_missing_is_told(kind: str, lacking: str) -> None:
    config = resolved({name: text for name, text in HERE.items() if name != lacking})
    if kind == "rbac" and lacking != "namespace":
        manifests(kind, config, UNKNOWN, SELECTION)
        return
    with pytest.raises(ConfigurationError, match=f"--kf-manifests={kind} needs --kf-") as raised:
        manifests(kind, config, UNKNOWN, SELECTION)
    assert lacking.replace("_", "-") in raised.value.message


def test_a_file_of_this_machine_is_refused(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("planted-1")
    config = resolved({**HERE, "token_file": str(tmp_path / "token")})
    with pytest.raises(ConfigurationError, match="a pod does not have: put what it holds into a"):
        manifests("job", config, UNKNOWN, SELECTION)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("job_schedule", "at night"),
        ("job_schedule", "30 2 * *"),
        ("job_image", "Not An Image"),
        ("job_name", "Nightly_1"),
        ("job_deadline", "soon"),
        ("job_claim", "Not A Name"),
    ],
)
def test_malformed_settings_are_refused(name: str, text: str) -> None:
    with pytest.raises(ConfigurationError, match=f"--kf-{name.replace('_', '-')}: .* is not valid"):
        resolved({**HERE, name: text})


def test_keys_of_the_bucket_come_from_a_secret_of_their_own() -> None:
    """In no manifest, and from nowhere else than the Secret that is named."""
    bucket = {
        **HERE,
        "report_bucket": "s3://nights/team",
        "report_endpoint": "http://minio.storage:9100",
    }
    keys = {"KF_REPORT_ACCESS_KEY": "of-this-machine", "KF_REPORT_SECRET_KEY": "of-it-too"}
    objects = made(resolved(bucket, keys))
    env = env_of(objects)
    assert env["KF_REPORT_BUCKET"] == "s3://nights/team"
    assert env["KF_REPORT_ENDPOINT"] == "http://minio.storage:9100"
    reference = {"name": "acceptance-login", "key": "KF_REPORT_SECRET_KEY"}
    assert env["KF_REPORT_SECRET_KEY"] == {"secretKeyRef": reference}
    ports = [one.get("ports", ()) for one in objects["NetworkPolicy"]["spec"]["egress"]]
    assert {"protocol": "TCP", "port": 9100} in [port for some in ports for port in some]

    config = resolved({**bucket, "job_report_secret": "mlpipeline-minio-artifact"}, keys)
    objects = made(config)
    for variable, key in (("ACCESS", "accesskey"), ("SECRET", "secretkey")):
        reference = {"name": "mlpipeline-minio-artifact", "key": key}
        assert env_of(objects)[f"KF_REPORT_{variable}_KEY"] == {"secretKeyRef": reference}
    text = text_of(manifests("job", config, UNKNOWN, SELECTION), config)
    assert "of-this-machine" not in text
    assert "of-it-too" not in text
    assert "acceptance-login" not in text
