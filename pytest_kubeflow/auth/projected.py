"""The token that the PodDefault `access-ml-pipeline` projects into a notebook's or test's pod."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from pytest_kubeflow.auth.token import TokenFile
from pytest_kubeflow.redaction import Redactor

VARIABLE = "KF_PIPELINES_SA_TOKEN_PATH"
USUAL = Path("/var/run/secrets/kubeflow/pipelines/token")


def projected_token(
    redactor: Redactor, environment: Mapping[str, str] = os.environ
) -> TokenFile | None:
    """Its credentials, if there is one here."""
    path = projected_path(environment)
    return None if path is None else TokenFile(path, redactor=redactor)


def projected_path(environment: Mapping[str, str] = os.environ) -> Path | None:
    """Where it is, if there is one here."""
    path = Path(environment.get(VARIABLE) or USUAL)
    return path if path.is_file() else None
