"""ServingSettings: how models are trained for KServe, deployed and asked."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ServingSettings:
    """How models are trained for KServe, deployed and asked."""

    mode: str | None = None
    """The deployment mode, by either of its names; None for the cluster's default."""

    ingress: str = "host"
    """The way to predictors: host, path or port-forward."""

    image: str | None = None
    """The image of components that train and deploy; None: they install what they need."""

    packages: tuple[str, ...] = ("scikit-learn", "joblib")
    """What components that train install where no image has it."""

    index_urls: tuple[str, ...] = ()
    """The package indexes that components install from; none: pip's own configuration."""

    s3_endpoint: str | None = None
    """The URL of the object store as pods reach it; None: Kubeflow's own store is looked for."""
