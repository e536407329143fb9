"""The loop without a Model Registry, and with revisions: nothing is red, one check skips."""

from __future__ import annotations

from kubernetes import client, config

from pytest_kubeflow.local.cluster import LocalKubeflow
from tests.suites.red.loop import REGISTERED
from tests.suites.test_red import run_pytest, ways_in

TIMEOUT = 400


def test_without_a_registry_the_bucket_names_the_model() -> None:
    with LocalKubeflow() as running:
        where = running.endpoints
        with config.new_client_from_config(str(where.kubeconfig)) as api:
            # As on a platform that was installed without it: the gateway knows no such path.
            client.CustomObjectsApi(api).delete_namespaced_custom_object(
                "networking.istio.io", "v1", "kubeflow", "virtualservices", "model-registry"
            )
        options, environment = ways_in(where, TIMEOUT)
        environment["KF_S3_ACCESS_KEY"] = where.s3_access_key
        environment["KF_S3_SECRET_KEY"] = where.s3_secret_key
        options += ["--kf-serving-mode=Knative", "--kf-strict-cleanup"]
        outcomes, output = run_pytest(options, environment, ["loop"])
    skipped = [check for check, outcome in outcomes.items() if outcome != "PASSED"]
    assert "1 skipped" in output, output
    assert "no Model Registry here: the bucket names the model" in output, output
    assert skipped == [], output
    assert len(outcomes) == 9, (REGISTERED, output)
