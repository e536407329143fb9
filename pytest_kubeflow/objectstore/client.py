"""A MinIO client for the cluster's store, and its errors as ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pytest_kubeflow.errors import ConfigurationError, ObjectStoreError
from pytest_kubeflow.network_errors import innermost
from pytest_kubeflow.objectstore.retries import patient as patiently
from pytest_kubeflow.objectstore.retries import s3_policy
from pytest_kubeflow.proxy import proxy_for
from pytest_kubeflow.redaction import Secret
from pytest_kubeflow.response_text import words_of
from pytest_kubeflow.retries.outage import Unusable
from pytest_kubeflow.waiting import Deadline, wait_until

if TYPE_CHECKING:
    from minio import Minio
    from urllib3 import PoolManager

    from pytest_kubeflow.retries.policy import RetryPolicy

_CONNECT_SECONDS = 5.0
_READ_SECONDS = 30.0
_CONNECTIONS = 10
"""Those that are kept open: minio-py sends parts of an object at once."""
_ATTEMPT = 3.0


@dataclass(frozen=True)
class S3Access:
    """Where an S3 API is (a URL) and the keys that are used there."""

    endpoint: str
    access_key: Secret
    secret_key: Secret
    region: str | None = None
    ca_cert: Path | None = None
    insecure: bool = False
    direct: bool = False
    """No proxy is on the way, whatever the environment says: it is a forwarded port."""

    def connect(self, *, patient: bool = True) -> Minio:
        """A client with a retry policy (none if not `patient`) and timeouts. Nothing is sent yet.

        Raises ConfigurationError for an endpoint that is no http or https URL.
        """
        import urllib3
        from minio import Minio

        url = urlsplit(self.endpoint)
        if url.scheme not in {"http", "https"} or not url.netloc or url.path.strip("/"):
            raise ConfigurationError(
                f"the object store's endpoint {self.endpoint!r} is not a URL like http://host:9000"
            )
        timeout = urllib3.Timeout(connect=_CONNECT_SECONDS, read=_READ_SECONDS)
        try:
            return Minio(
                url.netloc,
                access_key=self.access_key.reveal(),
                secret_key=self.secret_key.reveal(),
                secure=url.scheme == "https",
                # Asking for the region takes a right on the whole bucket, which a profile lacks.
                region=self.region or "us-east-1",
                http_client=self.pool(s3_policy() if patient else None, timeout=timeout),
            )
        except ValueError as error:
            raise ConfigurationError(
                f"the object store's endpoint cannot be used: {error}"
            ) from error

    def pool(self, policy: RetryPolicy | None = None, **options: Any) -> PoolManager:
        """urllib3's pool of connections on the way to it, with its certificate verified."""
        import urllib3

        proxy = None if self.direct else proxy_for(self.endpoint)
        kind: type[PoolManager] = urllib3.ProxyManager if proxy else urllib3.PoolManager
        if policy is not None:
            kind = patiently(kind, policy)
        if proxy is not None:
            options |= {"proxy_url": proxy.url, "proxy_headers": dict(proxy.headers)}
        return kind(
            maxsize=_CONNECTIONS,
            cert_reqs="CERT_NONE" if self.insecure else "CERT_REQUIRED",
            ca_certs=str(self.ca_cert) if self.ca_cert else None,
            # Redirects alone are urllib3's: what is repeated is the policy's to say.
            retries=urllib3.Retry(total=None, connect=0, read=0, status=0, other=0, redirect=3),
            **options,
        )

    def with_keys(self, access_key: str | None = None, secret_key: str | None = None) -> S3Access:
        """The same place with other keys; None keeps the one that is there."""
        return replace(
            self,
            access_key=Secret(access_key) if access_key else self.access_key,
            secret_key=Secret(secret_key) if secret_key else self.secret_key,
        )


def wait_for_store(access: S3Access, deadline: Deadline) -> None:
    """Wait until the store answers anything at all: one that was just started refuses at first.

    Raises WaitTimeout, or ObjectStoreError for a certificate that will not do.
    """
    import urllib3

    pool = access.pool()

    def silence() -> str:
        """Why there is no answer; empty if there is one."""
        seconds = max(0.1, deadline.at_most(_ATTEMPT))
        timeout = urllib3.Timeout(total=seconds)
        try:
            pool.request(
                "GET", access.endpoint, timeout=timeout, retries=False, preload_content=False
            ).close()
        except urllib3.exceptions.SSLError as error:
            raise ObjectStoreError(
                f"the certificate of the object store is not accepted ({error}); "
                "name its authority with --kf-ca-cert"
            ) from error
        except urllib3.exceptions.HTTPError as error:
            return innermost(error)
        return ""

    try:
        wait_until(
            silence,
            lambda why: not why,
            deadline=deadline,
            what=f"the object store at {access.endpoint} to answer",
        )
    finally:
        pool.clear()


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Turn errors of minio and urllib3 into ObjectStoreError: "cannot `what`: ..."."""
    from xml.etree.ElementTree import ParseError

    import urllib3
    from minio.error import InvalidResponseError, MinioException, S3Error

    try:
        yield
    except ParseError as error:
        raise ObjectStoreError(
            f"cannot {what}: the object store's address answers what is not S3's ({error})"
        ) from error
    except ValueError as error:  # minio's, of names of buckets and objects
        raise ObjectStoreError(f"cannot {what}: {error}") from error
    except S3Error as error:
        raise ObjectStoreError(
            f"cannot {what}: {error.message or 'the store gives no reason'} ({error.code})",
            code=error.code,
        ) from error
    except InvalidResponseError as error:
        # Not XML: a gateway or a proxy speaks, or a store that is not S3.
        message = words_of(error._body) or "no words"
        raise ObjectStoreError(
            f"cannot {what}: {error._code} from the object store's address: {message}"
        ) from error
    except Unusable as error:
        raise ObjectStoreError(
            f"cannot {what}: the object store's address answers what is not S3's: {error}"
        ) from error
    except MinioException as error:
        raise ObjectStoreError(f"cannot {what}: {error}") from error
    except urllib3.exceptions.MaxRetryError as error:
        raise ObjectStoreError(
            f"cannot {what}: the object store does not answer: {error.reason}"
        ) from error
    except urllib3.exceptions.HTTPError as error:
        raise ObjectStoreError(f"cannot {what}: the answer broke off: {error}") from error
