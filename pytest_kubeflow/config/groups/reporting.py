"""ReportingSettings: what a session writes beside the terminal."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pytest_kubeflow.redaction import Secret


@dataclass(frozen=True, slots=True)
class ReportingSettings:
    """What a session writes beside the terminal. None: it is not written."""

    report: Path | None = None
    """An HTML page."""

    json: Path | None = None
    """The session as JSON."""

    ctrf: Path | None = None
    """Its tests in the Common Test Report Format."""

    prometheus: Path | None = None
    """Metrics for the textfile collector of Prometheus' node exporter."""

    github_summary: str | Path = "auto"
    """Where a summary in Markdown is appended: a file, never, or auto (as GitHub Actions says)."""

    history: Path | None = None
    """The directory that remembers sessions."""

    fleet: Path | None = None
    """The directory for reports of sessions on several targets."""

    slower_than: float | None = None
    """How many times its usual longest a test may take; None for no bound."""

    bundle: Path | None = None
    """A directory, or a .zip, with what the cluster tells of each failed test."""

    bucket: str | None = None
    """The place in a bucket where all of that is put as well: s3://BUCKET/PREFIX."""

    endpoint: str | None = None
    """The URL of the store that has it; None: that of `S3Settings`."""

    access_key: Secret | None = None
    secret_key: Secret | None = None

    evidence: str = "full"
    """How much evidence a failure's text has: full or short."""

    evidence_timeout: float = 20.0
    """The seconds that reading evidence may lose in a session to servers that do not answer."""

    quiet: bool = False
    """Whether the terminal shows the verdict alone of what is ours."""

    @property
    def writes(self) -> bool:
        """Whether a report was asked for."""
        others = (self.ctrf, self.prometheus, self.bucket)
        return self.wants_records or any(one is not None for one in others)

    @property
    def wants_records(self) -> bool:
        """Whether anything is written that tells of the runs of tests."""
        return any(one is not None for one in (self.report, self.json, self.history))
