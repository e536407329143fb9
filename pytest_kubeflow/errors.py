"""What can go wrong, as exceptions that say what is wrong, what was found and what to do.

```
KubeflowError
├── ConfigurationError    a setting is missing, malformed or names what does not exist
├── ClusterUnreachable    nothing answers there, or what answers is not a Kubeflow
├── AuthenticationError   the gateway or the API does not accept our credentials
├── PermissionDenied      it knows us, and we may not do this
├── AdmissionRefused      we may, but a quota, a LimitRange or a policy refuses this object
├── NotFound              an object that must exist does not
├── ComponentMissing      this cluster was installed without that component
├── WaitTimeout           a deadline passed before the awaited state came
├── RunFailed             a pipeline run ended in another state than the one wanted
├── RunMismatch           what the cluster says of a run is not what was submitted, or no whole
├── PodFailed             a pod ended badly, or can never start
├── PlatformFault         a part of the platform has a fault of the catalogue
├── VolumeError           a claim cannot be made, filled or read back whole
└── ObjectStoreError      a bucket or an object cannot be made, written or read back whole
```
"""

from __future__ import annotations

from dataclasses import dataclass

from pytest_kubeflow.plain_text import plain

__all__ = [
    "AdmissionRefused",
    "AuthenticationError",
    "ClusterUnreachable",
    "ComponentMissing",
    "ConfigurationError",
    "Evidence",
    "KubeflowError",
    "NotFound",
    "ObjectStoreError",
    "PermissionDenied",
    "PlatformFault",
    "PodFailed",
    "RunFailed",
    "RunMismatch",
    "VolumeError",
    "WaitTimeout",
    "show_evidence",
]

# ruff: noqa: N818  these are read in test reports, where "NotFound: ..." needs no "Error"


_BRIEF_LINES = 10
_TABLES = frozenset({"tasks", "conditions"})
_LOG = "log of "


@dataclass(slots=True)
class _Shown:
    """How errors show their evidence, in this process."""

    how: str = "full"


_shown = _Shown()


def show_evidence(how: str) -> None:
    """From now on `str` of an error gives its evidence "full", "short", or "none" of it."""
    _shown.how = how


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was seen when something went wrong: a title, and texts under headings.

    `sections` are pairs (heading, text), most telling first: states, events, last log lines.
    """

    title: str
    sections: tuple[tuple[str, str], ...] = ()

    def and_section(self, heading: str, text: str) -> Evidence:
        """The same with one more section at the end."""
        return Evidence(self.title, (*self.sections, (heading, text)))

    def brief(self) -> Evidence:
        """The table of tasks (or conditions) and the end of the first log; else the first section.

        Of a run that failed that is the log of the task that did.
        """
        kept = [(heading, text) for heading, text in self.sections if heading in _TABLES]
        for heading, text in self.sections:
            if heading.startswith(_LOG):
                end = plain(text).rstrip().splitlines()[-_BRIEF_LINES:]
                kept.append((heading, "\n".join(end)))
                break
        return Evidence(self.title, tuple(kept) or self.sections[:1])

    def shown(self) -> str:
        """As text, as much of it as `show_evidence` wants; empty if none is wanted."""
        if _shown.how == "none":
            return ""
        return (self.brief() if _shown.how == "short" else self).render()

    def render(self, *, lines: int = 40, characters: int = 20_000) -> str:
        """As text: the last `lines` lines of each section, `characters` characters at most."""
        parts = [self.title]
        for heading, text in self.sections:
            found = plain(text).rstrip().splitlines() or ["(nothing)"]
            left_out = len(found) - lines
            parts.append(f"--- {heading}" + (f" (last {lines} lines)" if left_out > 0 else ""))
            parts += found[-lines:]
        rendered = plain("\n".join(parts))
        if len(rendered) <= characters:
            return rendered
        return f"{rendered[:characters]}\n... {len(rendered) - characters} characters more"


class KubeflowError(Exception):
    """The root of the tree above. `str` gives the message and, under it, the evidence.

    Both are plain text, whatever a server or a pod wrote into them.
    """

    def __init__(self, message: str, *, evidence: Evidence | None = None) -> None:
        self.message = plain(message)
        super().__init__(self.message)
        self.evidence = evidence

    def __str__(self) -> str:
        shown = self.evidence.shown() if self.evidence else ""
        return f"{self.message}\n{shown}" if shown else self.message

    @property
    def full_text(self) -> str:
        """The message and the evidence, also where `str` shows less (--kf-evidence, --tb=line)."""
        return f"{self.message}\n{self.evidence.render()}" if self.evidence else self.message


class ConfigurationError(KubeflowError):
    """A setting is missing, malformed or names what does not exist. Always one line."""


class ClusterUnreachable(KubeflowError):
    """Nothing answers there, or what answers is not a Kubeflow."""


class AuthenticationError(KubeflowError):
    """The gateway or the Kubernetes API does not accept our credentials."""


class PermissionDenied(KubeflowError):
    """We are known, and may not do this."""


class AdmissionRefused(KubeflowError):
    """We have the right, but a rule for objects refuses this one.

    A quota, a LimitRange, Pod Security, a policy. `passing`: the same may be admitted later.
    """

    def __init__(
        self, message: str, *, passing: bool = False, evidence: Evidence | None = None
    ) -> None:
        super().__init__(message, evidence=evidence)
        self.passing = passing


class NotFound(KubeflowError):
    """An object that must exist does not."""


class ComponentMissing(KubeflowError):
    """The cluster was installed without that component. Tests that need it are skipped."""


class WaitTimeout(KubeflowError):
    """A deadline passed before the awaited state came; `state` is the last one, described."""

    def __init__(self, message: str, *, state: str = "", evidence: Evidence | None = None) -> None:
        super().__init__(message, evidence=evidence)
        self.state = state


class RunFailed(KubeflowError):
    """A pipeline run ended in another state than the one wanted."""


class RunMismatch(KubeflowError):
    """A pipeline run ended as wanted, and what the cluster says of it contradicts that.

    It is another run than the one that was submitted, or its tasks do not account for its end.
    """


class PlatformFault(KubeflowError):
    """A part of the platform has a fault of the catalogue."""


class PodFailed(KubeflowError):
    """A pod ended badly, or can never start."""


class VolumeError(KubeflowError):
    """A claim cannot be made, filled or read back whole."""


class ObjectStoreError(KubeflowError):
    """A bucket or an object cannot be made, written or read back whole.

    `code` is what S3 calls it ("NoSuchKey", "AccessDenied"); None if no store answered.
    """

    def __init__(
        self, message: str, *, code: str | None = None, evidence: Evidence | None = None
    ) -> None:
        super().__init__(message, evidence=evidence)
        self.code = code
