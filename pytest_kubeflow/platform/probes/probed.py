"""Probed: what a probe has seen, and what it could not look at."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from pytest_kubeflow.errors import KubeflowError
from pytest_kubeflow.platform.snapshot import Snapshot, Unseen
from pytest_kubeflow.platform.snapshot.observations import Observations


@dataclass(frozen=True, kw_only=True)
class Probed:
    """A part of the observations of a snapshot."""

    observed: Observations = field(default_factory=Observations)
    unseen: tuple[Unseen, ...] = ()

    @classmethod
    def nothing(cls, what: str, why: KubeflowError | str, *, requests: int = 0) -> Probed:
        """`what` was not looked at."""
        message = why.message if isinstance(why, KubeflowError) else why
        return cls(observed=Observations(requests=requests), unseen=(Unseen(what, message),))


def with_probes(snapshot: Snapshot, parts: Iterable[Probed]) -> Snapshot:
    """The snapshot with what the probes have seen, beside what it has already."""
    observed, unseen = snapshot.observed, [*snapshot.unseen]
    for part in parts:
        observed = _joined(observed, part.observed)
        unseen += [one for one in part.unseen if one not in unseen]
    return replace(snapshot, observed=observed, unseen=tuple(unseen))


def _joined(one: Observations, other: Observations) -> Observations:
    return Observations(
        logs={**one.logs, **other.logs},
        dry_runs={**one.dry_runs, **other.dry_runs},
        secret_certificates={**one.secret_certificates, **other.secret_certificates},
        served={**one.served, **other.served},
        listening={**one.listening, **other.listening},
        pages={**one.pages, **other.pages},
        claims={**one.claims, **other.claims},
        gateway=other.gateway or one.gateway,
        issuer=other.issuer or one.issuer,
        default_password=other.default_password or one.default_password,
        requests=one.requests + other.requests,
    )
