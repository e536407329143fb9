"""ModelBucket: a bucket that models are read from, with the settings that a Secret gave the pod."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pytest_kubeflow.local.pipelines.launcher.http_request import HttpResponse
from pytest_kubeflow.local.pipelines.launcher.s3 import Bucket, StoreError

_AWS = "https://s3.amazonaws.com"
_BAD_KEYS = ("InvalidAccessKeyId", "SignatureDoesNotMatch")
_PHRASES = {400: "Bad Request", 403: "Forbidden", 404: "Not Found"}
_OPERATIONS = {"LIST": "ListObjects", "GET": "GetObject"}


@dataclass(frozen=True, slots=True)
class S3Settings:
    """Endpoint, region and keys, as pkg/credentials/s3 of KServe passes them by environment."""

    endpoint: str
    region: str
    access_key: str
    secret_key: str
    anonymous: bool

    @staticmethod
    def of(environment: Mapping[str, str]) -> S3Settings:
        return S3Settings(
            endpoint=environment.get("AWS_ENDPOINT_URL") or _AWS,
            region=environment.get("AWS_DEFAULT_REGION") or "us-east-1",
            access_key=environment.get("AWS_ACCESS_KEY_ID", ""),
            secret_key=environment.get("AWS_SECRET_ACCESS_KEY", ""),
            anonymous=environment.get("awsAnonymousCredential", "false").lower() == "true",
        )

    @property
    def missing_credentials(self) -> bool:
        return not self.anonymous and not (self.access_key and self.secret_key)


class Refused(StoreError):  # noqa: N818 it is an answer
    """The store answered with an error: its code or, where it told none, its HTTP status."""

    def __init__(self, operation: str, code: str, message: str) -> None:
        super().__init__(
            f"An error occurred ({code}) when calling the {operation} operation: {message}"
        )
        self._code = code
        self._message = message

    def explanation(self, bucket: str) -> str:
        """One sentence for the user, in KServe's words and by KServe's rules."""
        if self._message == "Not Found":
            return f"S3 resource '{bucket}' not found."
        if self._code == "AccessDenied":
            return f"Access denied to S3 resource '{bucket}'. Verify permissions."
        if self._code in _BAD_KEYS:
            return "Invalid AWS credentials. Verify AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
        if self._code == "NoSuchBucket":
            return f"S3 bucket '{bucket}' does not exist."
        return f"S3 error [{self._code}]: {self._message}"


class ModelBucket(Bucket):
    """A bucket whose refusals keep their status and code."""

    def __init__(self, name: str, settings: S3Settings) -> None:
        super().__init__(
            settings.endpoint,
            name,
            region=settings.region,
            access_key=settings.access_key,
            secret_key=settings.secret_key,
        )
        self._anonymous = settings.anonymous

    def head(self) -> None:
        """See whether the bucket is there and open to these keys. Raises Refused, StoreError.

        An answer to HEAD has no body, and so no code: all that is known is the status.
        """
        with self._send("HEAD", "", {}) as answer:
            if answer.status >= 300:
                message = _PHRASES.get(answer.status, "error")
                raise Refused("HeadBucket", str(answer.status), message)

    def files(self, prefix: str) -> list[str]:
        """The keys below `prefix` that are no folders. Raises Refused, StoreError."""
        return [key for key in self.keys(prefix) if not key.endswith("/")]

    def _signed(self, method: str, path: str, query: str, host: str) -> dict[str, str]:
        if self._anonymous:
            return {"host": host}
        return super()._signed(method, path, query, host)

    def _check(self, answer: HttpResponse, what: str) -> None:
        try:
            super()._check(answer, what)
        except StoreError as error:
            # The launcher's own message is `<request>: <code or error> (status <number>)`.
            code = str(error).removeprefix(f"{what}: ").partition(" (status")[0]
            operation = _OPERATIONS.get(what.partition(" ")[0], what)
            if code == "error":
                code = str(answer.status)
            raise Refused(operation, code, _PHRASES.get(answer.status, "error")) from None
