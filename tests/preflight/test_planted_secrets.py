"""No secret is in anything that a session writes, whatever goes wrong in it."""

from __future__ import annotations

import base64
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.cluster.remote import COMMAND, NAMESPACE, Remote

from .setup import entered, good, in_clear
from .setups import SETUPS

# Long enough that no text has them by chance.
PLANTED = {
    "KF_TOKEN": "planted-token-cB2kQ8",
    "KF_PASSWORD": "planted-password-xT9vLm",
    "KF_COOKIE": "oauth2_proxy_kubeflow=planted-cookie-rW4nJd",
    "KF_S3_ACCESS_KEY": "planted-access-key-uH6sPz",
    "KF_S3_SECRET_KEY": "planted-secret-key-oE3yGf",
    "HTTPS_PROXY": "http://someone:planted-proxy-password-aK7bVc@127.0.0.1:9",
}
TESTS = """
import logging, pytest
from pytest_kubeflow.errors import KubeflowError

def test_shows_everything(kf_config, kf_cluster, kf_namespace):
    print(kf_config, kf_cluster, vars(kf_cluster), kf_cluster.credentials)
    logging.getLogger().warning("%r %r", kf_cluster, kf_cluster.config)
    headers = kf_cluster.credentials.headers()
    raise KubeflowError(f"sent {headers}")

def test_traceback_of_a_client(kfp_client, kf_namespace):
    kfp_client.get_run("no-such-run")

def test_store(minio_client):
    minio_client.list_objects("no-such-bucket").__next__()
"""


def secrets() -> list[str]:
    """What must not be found: each value as it is, and in base64."""
    found = []
    for value in PLANTED.values():
        inner = value.partition("planted")[2].partition("@")[0]
        found += [
            f"planted{inner}",
            base64.b64encode(f"planted{inner}".encode()).decode().strip("="),
        ]
    return found


def written(
    folder: Path, options: list[str], environment: dict[str, str], *, tests: str = TESTS
) -> str:
    """Everything that such a session writes: terminal, reports of all formats, log file."""
    import os

    (folder / "test_all.py").write_text(tests)
    done = subprocess.run(
        [
            *(*COMMAND, "-vv", "-rA", "--showlocals", "--tb=long", "--log-level=DEBUG"),
            *("--html=report.html", "--self-contained-html", "--junitxml=junit.xml"),
            *("-o", "junit_logging=all", "--log-file=log.txt", "--log-file-level=DEBUG"),
            *("--kf-report=out/page.html", "--kf-json=out/session.json", "--kf-ctrf=out/ctrf.json"),
            *("--kf-prometheus=out/night.prom", "--kf-github-summary=out/summary.md"),
            *("--kf-history=out/nights", "--kf-bundle=out/bundle"),
            *options,
        ],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    parts = [done.stdout, done.stderr]
    for name in ("report.html", "junit.xml", "log.txt"):
        parts.append((folder / name).read_text())
    files = [one for one in (folder / "out").rglob("*") if one.is_file()]
    assert {"page.html", "session.json", "ctrf.json", "night.prom", "summary.md"} <= {
        one.name for one in files
    }
    assert any("bundle" in one.parts for one in files)
    assert any("nights" in one.parts for one in files)
    parts += [one.read_text(errors="replace") for one in files]
    return "\n".join(parts)


BROKEN = [
    *("wrong password", "wrong token", "session that is over", "proxy that is gone"),
    *("wrong keys for the object store", "exec plugin that fails"),
]


@pytest.mark.parametrize("name", BROKEN)
def test_unfit_clusters_show_none(remote: Remote, tmp_path: Path, name: str) -> None:
    one = next(one for one in SETUPS if one.name == name)
    with entered(remote, tmp_path, one) as (options, environment):
        planted = {**PLANTED, **environment}
        planted["HTTPS_PROXY"] = PLANTED["HTTPS_PROXY"]
        if "KF_TOKEN" not in environment:
            del planted["KF_TOKEN"]
        if "KF_COOKIE" not in environment:
            del planted["KF_COOKIE"]
        planted["NO_PROXY"] = "127.0.0.1,localhost"
        given = [f"--kf-{key.replace('_', '-')}={value}" for key, value in options.items()]
        text = written(tmp_path, given, planted)
    assert "\nERROR: " in text, text
    shown = [secret for secret in secrets() if secret in text]
    assert not shown
    assert remote.endpoints.s3_secret_key not in text
    assert "planted" not in text.replace("test_planted", "")


def test_a_session_that_fails_shows_none(remote: Remote, tmp_path: Path) -> None:
    """With secrets that are right: those of the cluster, and the session's cookie."""
    options = [f"--kf-{k.replace('_', '-')}={v}" for k, v in good(remote).items()]
    text = written(tmp_path, options, in_clear(remote))
    assert "3 failed" in text, text
    assert "sent {'Cookie': '" in text
    where = remote.endpoints
    for secret in (where.s3_access_key, where.s3_secret_key, str(where.password)):
        assert secret not in text
    assert "oauth2_proxy_kubeflow=***" in text or "'Cookie': '***'" in text


def test_the_search_finds_what_is_shown(remote: Remote, tmp_path: Path) -> None:
    """The positive control: a test that shows what nobody told us is a secret."""
    tests = "def test_shows(kf_cluster):\n    print('planted-elsewhere'); assert 0\n"
    options = [f"--kf-{k.replace('_', '-')}={v}" for k, v in good(remote).items()]
    assert "planted-elsewhere" in written(tmp_path, options, in_clear(remote), tests=tests)


PLANTED_IN_KUBERNETES = """
import pytest

def test_token(kf_kubernetes):
    headers = {"authorization": kf_kubernetes.api_client.configuration.api_key["authorization"]}
    bearer = headers["authorization"].split()[-1]
    assert bearer == "x", bearer

def test_secret(kf_kubernetes, kf_namespace):
    read = kf_kubernetes.core.read_namespaced_secret("planted", kf_namespace)
    value = __import__("base64").b64decode(read.data["some"]).decode()
    print(value)
    assert read.data is None, value

def test_secrets_as_json(kf_kubernetes, kf_namespace):
    path = f"/api/v1/namespaces/{kf_namespace}/secrets"
    raw = kf_kubernetes.api_client.call_api(
        path, "GET", auth_settings=["BearerToken"], _preload_content=False
    )[0]
    pytest.fail(raw.data.decode())
"""


def test_what_kubernetes_gave_is_shown_nowhere(remote: Remote, tmp_path: Path) -> None:
    """The token of the kubeconfig, which looks like nothing, and Secrets that were read."""
    value = "planted value of a Secret"
    remote.core.create_namespaced_secret(
        NAMESPACE, {"metadata": {"name": "planted"}, "stringData": {"some": value}}
    )
    try:
        options = [f"--kf-{k.replace('_', '-')}={v}" for k, v in good(remote).items()]
        text = written(tmp_path, options, in_clear(remote), tests=PLANTED_IN_KUBERNETES)
    finally:
        remote.core.delete_namespaced_secret("planted", NAMESPACE)
    assert "3 failed" in text, text
    kubeconfig = yaml.safe_load(Path(remote.endpoints.kubeconfig).read_text())
    token = kubeconfig["users"][0]["user"]["token"]
    for hidden in (token, value, base64.b64encode(value.encode()).decode().rstrip("=")):
        assert hidden not in text
    assert "AssertionError: ***" in text
