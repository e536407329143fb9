"""Needs: what the tests of a session want of its cluster, as one set of names for each test."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

PIPELINES = "pipelines"
"""The way in through the gateway, and the KFP API behind it."""

KUBERNETES = "kubernetes"
"""The Kubernetes API."""

NAMESPACE = "namespace"
"""A namespace to work in."""

RUNS = "runs"
"""Pipeline runs."""

RECURRING = "recurring runs"
"""Runs that the pipelines API starts by itself."""

VOLUMES = "volumes"
"""Claims that are filled and read back by helper pods."""

SECRETS = "secrets"
"""Secrets that are made for components."""

CONFIG_MAPS = "config maps"
"""ConfigMaps that are."""

REGISTRY = "registry"
"""A registry that images are pushed to, or that has one's own."""

OBJECTSTORE = "objectstore"
KSERVE = "kserve"
NOTEBOOKS = "notebooks"
POD_DEFAULTS = "poddefaults"
PVC_VIEWERS = "pvcviewers"
TENSORBOARDS = "tensorboards"
KATIB = "katib"
WORKFLOWS = "workflows"
TRAINING = "training"
GPU = "gpu"

MODELS = "models"
"""A service account with which predictors load models from the object store."""

NODES = "nodes"
"""The cluster's nodes, and what they have to give."""

TOKENS = "tokens"
"""Tokens of service accounts."""

HEALTH = "platform health"
"""All of the platform's objects, to look for what is broken."""

PROFILES = "profiles"

SECOND_PROFILE = "second profile"
"""A Profile besides the one to work in."""

KEYS = "keys"
"""The object store's keys in a profile's Secret."""


@dataclass(frozen=True)
class Needs:
    """What each of the selected tests needs. `tests` is None where they are not known."""

    tests: Mapping[frozenset[str], int] | None = None
    """How many tests need exactly these."""

    @classmethod
    def of(cls, tests: Iterable[Iterable[str]]) -> Needs:
        """Of tests that need these."""
        return cls(Counter(map(frozenset, tests)))

    @property
    def total(self) -> int:
        """The number of selected tests; 0 where they are not known."""
        return sum((self.tests or {}).values())

    @property
    def any_cluster(self) -> bool:
        """Whether any test needs anything of a cluster."""
        return self.tests is None or any(self.tests)

    def want(self, *needs: str) -> bool:
        """Whether any test needs one of these; True where nobody knows."""
        return self.tests is None or self.count(*needs) > 0

    def count(self, *needs: str) -> int:
        """How many tests need one of these."""
        return self.count_where(lambda test: not test.isdisjoint(needs))

    def count_where(self, holds: Callable[[frozenset[str]], bool]) -> int:
        """For how many tests' needs it holds."""
        return sum(number for test, number in (self.tests or {}).items() if holds(test))

    def describe(self, *needs: str) -> str:
        """Who needs one of these: "7 of 59 selected tests"."""
        if self.tests is None:
            return "tests"
        return f"{self.count(*needs)} of {self.total} selected tests"

    def to_plain(self) -> list[tuple[list[str], int]] | None:
        """As plain lists, for JSON."""
        if self.tests is None:
            return None
        return [(sorted(test), number) for test, number in self.tests.items()]

    @classmethod
    def from_plain(cls, plain: Iterable[tuple[Iterable[str], int]] | None) -> Needs:
        """What `to_plain` made."""
        if plain is None:
            return cls()
        return cls({frozenset(test): number for test, number in plain})


UNKNOWN = Needs()
"""Of tests that nobody knows: they may need everything."""


def wants_kubeflow(needs: Needs, required: Iterable[str]) -> bool:
    """Whether Kubeflow is to be entered: a test needs it, or --kf-require names it."""
    return needs.want(PIPELINES) or PIPELINES in required
