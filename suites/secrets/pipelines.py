"""Pipelines whose task reads a Secret and a ConfigMap, and tells no more than digests.

The names of both are parameters, so that one compiled pipeline serves all tests.
"""

import kfp.kubernetes
from kfp import dsl

VARIABLES = {"password": "SECRET_PASSWORD", "token": "SECRET_TOKEN"}
"""Which variable has which key of the Secret."""

SETTINGS = {"mode": "SETTING_MODE"}
"""Which has which of the ConfigMap."""


@dsl.component(base_image="python:3.11")
def digests(variables: list, folders: list) -> dict:  # type: ignore[type-arg]
    """The SHA-256 of variables, and of all files of folders; what is not there is left out."""
    import hashlib
    import os
    import pathlib

    found = {}
    for name in variables:
        if name in os.environ:
            found[name] = hashlib.sha256(os.environb[name.encode()]).hexdigest()
    for folder in folders:
        path = pathlib.Path(folder)
        for file in sorted(path.iterdir()) if path.is_dir() else ():
            # Kubernetes keeps what it swaps in folders of a hidden name.
            if not file.name.startswith("."):
                found[str(file)] = hashlib.sha256(file.read_bytes()).hexdigest()
    return found


@dsl.pipeline(name="reading-secrets")
def reading(secret: str, config_map: str) -> dict:  # type: ignore[type-arg]
    """What a task finds of both, as variables and as files."""
    task = digests(
        variables=[*VARIABLES.values(), *SETTINGS.values()], folders=["/secret", "/settings"]
    )
    kfp.kubernetes.use_secret_as_env(task, secret, VARIABLES)
    kfp.kubernetes.use_secret_as_volume(task, secret, "/secret")
    kfp.kubernetes.use_config_map_as_env(task, config_map, SETTINGS)
    kfp.kubernetes.use_config_map_as_volume(task, config_map, "/settings")
    return task.output


@dsl.pipeline(name="reading-what-may-be-missing")
def reading_optional(secret: str, config_map: str) -> dict:  # type: ignore[type-arg]
    """The same, where neither has to be there."""
    task = digests(
        variables=[*VARIABLES.values(), *SETTINGS.values()], folders=["/secret", "/settings"]
    )
    kfp.kubernetes.use_secret_as_env(task, secret, VARIABLES, optional=True)
    kfp.kubernetes.use_secret_as_volume(task, secret, "/secret", optional=True)
    kfp.kubernetes.use_config_map_as_env(task, config_map, SETTINGS, optional=True)
    kfp.kubernetes.use_config_map_as_volume(task, config_map, "/settings", optional=True)
    return task.output


@dsl.pipeline(name="reading-a-variable")
def reading_variable(secret: str) -> dict:  # type: ignore[type-arg]
    """A Secret as variables alone."""
    task = digests(variables=list(VARIABLES.values()), folders=[])
    kfp.kubernetes.use_secret_as_env(task, secret, VARIABLES)
    return task.output


@dsl.pipeline(name="reading-a-file")
def reading_file(secret: str) -> dict:  # type: ignore[type-arg]
    """A Secret as files alone."""
    task = digests(variables=[], folders=["/secret"])
    kfp.kubernetes.use_secret_as_volume(task, secret, "/secret")
    return task.output
