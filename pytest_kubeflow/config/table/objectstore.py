"""The object store."""

from __future__ import annotations

from pytest_kubeflow.config import parsers as p
from pytest_kubeflow.config.setting import Option

OPTIONS = (
    Option(
        "s3_endpoint",
        "s3.endpoint",
        p.ENDPOINT,
        "The object store as it is reached from here; without it, the store's Service is looked "
        "for, and reached by a port-forward.",
        metavar="URL",
    ),
    Option(
        "bucket",
        "s3.bucket",
        p.choice("prefix", "own"),
        "Where objects of tests go: below a prefix of the bucket that the pipelines use, or into a "
        "bucket of their own, for which not every store has room.",
        default="prefix",
        metavar="WHERE",
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
