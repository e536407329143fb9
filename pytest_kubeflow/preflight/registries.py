"""Images of one's own and the registry for tests: whether they are there, and may be pushed to.

Nodes pull by themselves, from where they are and with what they know: what a registry says here
against an image is a warning. Tests push from here: a registry that takes nothing is the verdict.
"""

from __future__ import annotations

from pytest_kubeflow.cluster.checklist import Checklist
from pytest_kubeflow.config.imagereference import ImageReference
from pytest_kubeflow.config.model import KubeflowConfig
from pytest_kubeflow.errors import ClusterUnreachable
from pytest_kubeflow.redaction import Redactor
from pytest_kubeflow.registry.client import RegistryClient
from pytest_kubeflow.registry.errors import RegistryError
from pytest_kubeflow.registry.inspection import inspect
from pytest_kubeflow.registry.logins import RegistryLogins
from pytest_kubeflow.registry.maker import folder_of

REGISTRY, IMAGES = "registry", "own images"

_TRIED = "preflight"
"""The name under which an upload is begun; no image comes of it."""


def expected(config: KubeflowConfig) -> tuple[str, ...]:
    """The checks that are to be done: of what was configured."""
    images = config.images
    return (*((IMAGES,) if images.own else ()), *((REGISTRY,) if images.registry else ()))


def check_registry(config: KubeflowConfig, redactor: Redactor, checks: Checklist) -> None:
    """Begin to push to the one that was configured. Raises RegistryError, ClusterUnreachable."""
    place = config.images.registry
    if place is None:
        return
    with checks.check(REGISTRY) as finding:
        name, folder = folder_of(place)
        message = (
            config.described("registry")
            if config.is_given("registry")
            else "the cluster's registry"
        )
        client = RegistryClient(name, RegistryLogins(config.images, redactor).of(name))
        try:
            client.check()
            client.check_push(f"{folder}/{_TRIED}")
        except (RegistryError, ClusterUnreachable) as error:
            raise type(error)(f"{message}: {error.message}") from error
        finding.message = f"{place} takes images"


def check_images(config: KubeflowConfig, redactor: Redactor, checks: Checklist) -> None:
    """Ask for each that was configured. Raises ConfigurationError for a broken file of logins."""
    if not config.images.own:
        return
    with checks.check(IMAGES) as finding:
        logins = RegistryLogins(config.images, redactor)
        found = [_looked_at(image, logins) for image in config.images.own]
        message = "; ".join(text for text, _ in sorted(found, key=lambda one: one[1]))
        if all(is_there for _, is_there in found):
            finding.message = message
        else:
            finding.warn(message)


def _looked_at(image: ImageReference, logins: RegistryLogins) -> tuple[str, bool]:
    try:
        found = inspect(RegistryClient(image.registry, logins.of(image.registry)), image)
    except ClusterUnreachable as error:
        return f"{image} cannot be looked for from here: {error.message}", False
    except RegistryError as error:
        return f"{image}: {error.message}", False
    return f"{image} is there, for {', '.join(sorted(found.users))}", True
