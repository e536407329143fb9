"""The object store."""

from __future__ import annotations

from pytest_kubeflow.config import parsers as p
from pytest_kubeflow.config.setting import Option

OPTIONS = (
    Option(
        "s3_endpoint",
        "s3.endpoint",
        p.ENDPOINT,
        "The object store as it is reached from here.",
        metavar="URL",
    ),
    Option("s3_region", "s3.region", p.TEXT, "The region of the object store.", metavar="NAME"),
    Option(
        "s3_access_key",
        "s3.access_key",
        p.SECRET,
        "The access key of the object store.",
        hidden=True,
        secret=True,
    ),
    Option(
        "s3_secret_key",
        "s3.secret_key",
        p.SECRET,
        "The secret key of the object store.",
        hidden=True,
        secret=True,
    ),
)
