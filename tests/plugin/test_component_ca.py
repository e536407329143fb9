"""--kf-component-ca: components trust the site's authority, by what their own libraries read."""

from __future__ import annotations

from pathlib import Path

from tests.cluster.certificate import self_signed
from tests.cluster.remote import NAMESPACE, Remote

TEST = """
from kfp import dsl

@dsl.component(base_image="python:3.11")
def trusted() -> str:
    import os, ssl
    names = ("REQUESTS_CA_BUNDLE", "PIP_CERT", "CURL_CA_BUNDLE", "AWS_CA_BUNDLE")
    assert {os.environ[one] for one in names} == {os.environ["SSL_CERT_FILE"]}
    assert ssl.create_default_context().cert_store_stats()["x509"] == 1
    with open(os.environ["SSL_CERT_FILE"]) as file:
        return file.read()

@dsl.pipeline(name="trusted")
def pipeline():
    trusted()

def test_trusted(run_pipeline):
    with open("certificate.pem") as file:
        assert run_pipeline(pipeline).task("trusted").output == file.read()
"""


def test_components_trust_the_certificates_of_a_config_map(remote: Remote, tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(TEST)
    certificate, _ = self_signed(tmp_path)
    body = {"metadata": {"name": "site-ca"}, "data": {"ca.crt": certificate.read_text()}}
    remote.core.create_namespaced_config_map(NAMESPACE, body)
    arguments = ("test_it.py", f"--kf-namespace={NAMESPACE}", "--kf-component-ca=site-ca")
    try:
        code, output = remote.run(tmp_path, *arguments, seconds=180)
        assert code == 0, output
    finally:
        remote.core.delete_namespaced_config_map("site-ca", NAMESPACE)

    code, output = remote.run(tmp_path, *arguments, "--kf-start-timeout=1s", seconds=180)
    assert code == 1
    assert 'configmap "site-ca" not found' in output
