"""Object stores that are not there, or do not take the keys."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tests.cluster.remote import NAMESPACE, Remote, no_pods_of
from tests.cluster.web import closed_port

from .setup import Given, good, in_clear, setup


@setup(r"--kf-s3-endpoint=\S+ \(from command line\): nothing answers at http://127\.0\.0\.1:\d+ \(")
def object_store_down(remote: Remote, _: Path) -> Iterator[Given]:
    with closed_port() as port:
        yield good(remote, s3_endpoint=f"http://127.0.0.1:{port}"), in_clear(remote)


STORE_SERVICES = (("kubeflow", "seaweedfs"), ("kubeflow", "minio-service"))


@setup(
    r"no object store was found: service kubeflow/seaweedfs has no pod that is ready .*"
    r"service kubeflow/minio-service has no pod .*KF_S3_ENDPOINT, --kf-s3-endpoint=URL",
    warns=True,
)
def object_store_that_is_not_found(remote: Remote, _: Path) -> Iterator[Given]:
    with no_pods_of(remote, *STORE_SERVICES):
        yield good(remote, s3_endpoint=""), in_clear(remote)


@setup(r"and there are no keys for it: .*mlpipeline-minio-artifact.*KF_S3_ACCESS_KEY", warns=True)
def keys_of_the_object_store_that_are_not_there(remote: Remote, _: Path) -> Iterator[Given]:
    name = "mlpipeline-minio-artifact"
    secret = remote.core.read_namespaced_secret(name, NAMESPACE)
    remote.core.delete_namespaced_secret(name, NAMESPACE)
    try:
        options = good(remote, s3_endpoint="", namespace=NAMESPACE)
        yield options, {"KF_PASSWORD": str(remote.endpoints.password)}
    finally:
        body = {"metadata": {"name": name}, "type": secret.type, "data": secret.data}
        remote.core.create_namespaced_secret(NAMESPACE, body)


@setup(r"cannot log in to the object store at \S+: .*check KF_S3_ACCESS_KEY and KF_S3_SECRET_KEY")
def wrong_keys_for_an_object_store_that_was_found(remote: Remote, _: Path) -> Iterator[Given]:
    yield good(remote, s3_endpoint=""), {**in_clear(remote), "KF_S3_SECRET_KEY": "planted-key"}


@setup(r"cannot log in to the object store at \S+: .*check KF_S3_ACCESS_KEY and KF_S3_SECRET_KEY")
def wrong_keys_for_the_object_store(remote: Remote, _: Path) -> Iterator[Given]:
    yield good(remote), {**in_clear(remote), "KF_S3_SECRET_KEY": "planted-key"}
