"""Who names the model that is to be served: the Model Registry, or a file in the bucket."""

import json
from dataclasses import asdict, dataclass, replace
from typing import Protocol

from pytest_kubeflow import Bucket, ModelRegistry, RegisteredVersion


@dataclass(frozen=True)
class Named:
    """A version of the model; `uri` as KFP has it, `run` the id of the run that trained it."""

    version: str
    uri: str
    accuracy: float
    run: str
    live: bool = True
    registered: RegisteredVersion | None = None
    """What the registry has of it."""


class Names(Protocol):
    """Versions of one model. The newest one that lives is to be served."""

    @property
    def registry(self) -> str:
        """The URL of the registry for pods; "" without one."""

    @property
    def model(self) -> str:
        """The model's name."""

    def versions(self) -> list[Named]:
        """All of them, the oldest first."""

    def add(self, one: Named) -> None:
        """Name another version, which its run could not name itself."""

    def withdraw(self, version: str) -> None:
        """Name it no longer."""


def served(names: Names) -> Named:
    """The version that is to be served."""
    living = [one for one in names.versions() if one.live]
    assert living, f"no version of {names.model} is promoted: there are {names.versions()}"
    return living[-1]


class RegistryNames:
    """The Model Registry names them."""

    def __init__(self, registry: ModelRegistry) -> None:
        self._registry = registry
        self.model = registry.expect()

    @property
    def registry(self) -> str:
        """The URL of the registry for pods."""
        return self._registry.inside

    def versions(self) -> list[Named]:
        """All of them, the oldest first."""
        return [_named(one) for one in self._registry.versions(self.model)]

    def add(self, one: Named) -> None:
        """Register another version through the gateway."""
        self._registry.register(
            self.model,
            one.version,
            uri=one.uri,
            model_format="sklearn",
            properties={"accuracy": one.accuracy, "run": one.run},
        )

    def withdraw(self, version: str) -> None:
        """Archive it."""
        self._registry.archive(self.model, version)


def _named(found: RegisteredVersion) -> Named:
    properties = found.properties
    return Named(
        version=found.name,
        uri=found.uri,
        accuracy=float(properties.get("accuracy", 0.0)),
        run=str(properties.get("run", "")),
        live=found.state == "LIVE",
        registered=found,
    )


class BucketNames:
    """A file in the bucket names them, where there is no registry."""

    registry = ""
    _KEY = "versions.json"

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket
        self.model = "digits"
        self._write([])

    def versions(self) -> list[Named]:
        """All of them, the oldest first."""
        return [Named(**one) for one in json.loads(self._bucket.get(self._KEY))]

    def add(self, one: Named) -> None:
        """Write another version down."""
        self._write([*self.versions(), one])

    def withdraw(self, version: str) -> None:
        """Write down that it is not to be served."""
        found = self.versions()
        self._write([replace(one, live=one.live and one.version != version) for one in found])

    def _write(self, versions: list[Named]) -> None:
        self._bucket.put(self._KEY, json.dumps([asdict(one) for one in versions]))
