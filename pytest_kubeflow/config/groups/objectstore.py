"""S3Settings: how the object store is reached from here."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_kubeflow.redaction import Secret


@dataclass(frozen=True, slots=True)
class S3Settings:
    """How the object store is reached from here."""

    endpoint: str | None = None
    """Its URL; None where it was not given."""

    region: str | None = None
    access_key: Secret | None = None
    secret_key: Secret | None = None

    bucket: str = "prefix"
    """Where objects go: below a prefix of the pipelines' bucket, or into buckets of their own."""
