"""A MinIO client for the cluster's store, and its errors as ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pytest_kubeflow.errors import ConfigurationError, ObjectStoreError
from pytest_kubeflow.redaction import Secret

if TYPE_CHECKING:
    from minio import Minio

_CONNECT_SECONDS = 5.0
_READ_SECONDS = 30.0
_RETRIES = 4
# Said by gateways and stores that are about to be back; 500 and others are answers.
_ASK_AGAIN = (429, 502, 503, 504)


@dataclass(frozen=True)
class S3Access:
    """Where an S3 API is (a URL) and the keys that are used there."""

    endpoint: str
    access_key: Secret
    secret_key: Secret
    region: str | None = None
    ca_cert: Path | None = None
    insecure: bool = False

    def connect(self) -> Minio:
        """A client with bounded retries and timeouts. Nothing is sent yet.

        Raises ConfigurationError for an endpoint that is no http or https URL.
        """
        import urllib3
        from minio import Minio

        url = urlsplit(self.endpoint)
        if url.scheme not in {"http", "https"} or not url.netloc or url.path.strip("/"):
            raise ConfigurationError(
                f"the object store's endpoint {self.endpoint!r} is not a URL like http://host:9000"
            )
        pool = urllib3.PoolManager(
            timeout=urllib3.Timeout(connect=_CONNECT_SECONDS, read=_READ_SECONDS),
            retries=urllib3.Retry(total=_RETRIES, backoff_factor=0.2, status_forcelist=_ASK_AGAIN),
            cert_reqs="CERT_NONE" if self.insecure else "CERT_REQUIRED",
            ca_certs=str(self.ca_cert) if self.ca_cert else None,
        )
        return Minio(
            url.netloc,
            access_key=self.access_key.reveal(),
            secret_key=self.secret_key.reveal(),
            secure=url.scheme == "https",
            # Asking for the region takes a right on the whole bucket, which a profile lacks.
            region=self.region or "us-east-1",
            http_client=pool,
        )

    def with_keys(self, access_key: str | None = None, secret_key: str | None = None) -> S3Access:
        """The same place with other keys; None keeps the one that is there."""
        return replace(
            self,
            access_key=Secret(access_key) if access_key else self.access_key,
            secret_key=Secret(secret_key) if secret_key else self.secret_key,
        )


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Turn errors of minio and urllib3 into ObjectStoreError: "cannot `what`: ..."."""
    import urllib3
    from minio.error import MinioException, S3Error

    try:
        yield
    except S3Error as error:
        raise ObjectStoreError(
            f"cannot {what}: {error.message or 'the store gives no reason'} ({error.code})",
            code=error.code,
        ) from error
    except MinioException as error:
        raise ObjectStoreError(f"cannot {what}: {error}") from error
    except urllib3.exceptions.MaxRetryError as error:
        raise ObjectStoreError(
            f"cannot {what}: the object store does not answer, asked {_RETRIES + 1} times: "
            f"{error.reason}"
        ) from error
    except urllib3.exceptions.HTTPError as error:
        raise ObjectStoreError(f"cannot {what}: the answer broke off: {error}") from error
