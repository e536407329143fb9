"""The object store."""

from __future__ import annotations

from pytest_kubeflow.config import parsers as p
from pytest_kubeflow.config.setting import Option

OPTIONS = (
    Option(
        "s3_endpoint",
        "s3.endpoint",
        p.ENDPOINT,
        "The URL of the object store, as this machine reaches it. Without it, the session finds "
        "the Service of the store and forwards a port.",
        metavar="URL",
    ),
    Option(
        "bucket",
        "s3.bucket",
        p.choice("prefix", "own"),
        "Where tests put objects: below a prefix of the bucket that KFP uses, or in buckets of "
        "their own, which not every store can create.",
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
