"""What the API server says when it cannot ask a webhook, and which fault that is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from pytest_kubeflow.platform.catalogue.certificates import (
    CERTIFICATE_EXPIRED,
    CERTIFICATE_NAME_WRONG,
)
from pytest_kubeflow.platform.catalogue.webhooks import (
    CA_BUNDLE_EMPTY,
    CA_BUNDLE_WRONG,
    WEBHOOK_FAILS,
    WEBHOOK_LEFTOVER,
    WEBHOOK_NO_ENDPOINTS,
    WEBHOOK_TIMES_OUT,
)
from pytest_kubeflow.platform.fault import Fault
from pytest_kubeflow.platform.snapshot import Snapshot

# The words are those of k8s.io/apiserver (admission/plugin/webhook), of its service resolver, and
# of Go's crypto/x509.
_WORDS: tuple[tuple[str, Fault, str], ...] = (
    (
        r'service "[^"]+" not found',
        WEBHOOK_LEFTOVER,
        "the Service that it calls does not exist",
    ),
    (
        r"no endpoints available for service",
        WEBHOOK_NO_ENDPOINTS,
        "the Service that it calls has no pod that is ready",
    ),
    (
        r"unable to (load root certificates|parse bytes as PEM block)",
        CA_BUNDLE_EMPTY,
        "its caBundle has no certificate",
    ),
    (
        r"x509: certificate has expired or is not yet valid",
        CERTIFICATE_EXPIRED,
        "its server's certificate has expired, or is not valid yet",
    ),
    (
        r"x509: certificate (is valid for|is not valid for|relies on legacy)|"
        r"x509: cannot validate certificate for",
        CERTIFICATE_NAME_WRONG,
        "its server's certificate is for another name",
    ),
    (
        r"x509: |tls: failed to verify certificate",
        CA_BUNDLE_WRONG,
        "its server's certificate does not come from the authority in its caBundle",
    ),
    (
        r"context deadline exceeded|i/o timeout|TLS handshake timeout|request did not complete",
        WEBHOOK_TIMES_OUT,
        "it does not answer the API server in time",
    ),
)
_WEBHOOK = re.compile(r'failed calling webhook "([^"]+)"')
_BROKEN_OFF = re.compile(r"\bEOF\b|connection reset|context deadline exceeded|handshake timeout")


@dataclass(frozen=True)
class FailedCall:
    """A webhook that the API server could not ask. `message` is what it said of it."""

    webhook: str
    message: str

    @property
    def fault(self) -> Fault:
        """Which one it is, by these words alone."""
        return self._meaning[0]

    @property
    def sentence(self) -> str:
        """The same for people."""
        return f"webhook {self.webhook} fails: {self._meaning[1]}"

    @property
    def is_broken_off(self) -> bool:
        """Whether the connection was made, and gave nothing: something stands between."""
        return _BROKEN_OFF.search(self.message) is not None

    @property
    def _meaning(self) -> tuple[Fault, str]:
        for words, fault, sentence in _WORDS:
            if re.search(words, self.message):
                return fault, sentence
        reason = self.message.rpartition('": ')[2].removeprefix("failed to call webhook: ")
        return WEBHOOK_FAILS, reason.strip() or self.message


def failed_calls(snapshot: Snapshot) -> Iterator[FailedCall]:
    """Those of the dry runs."""
    for name, found in snapshot.observed.dry_runs.items():
        if found:
            yield FailedCall(name, found)


def webhook_in(message: str) -> str:
    """The webhook that a message of the API server names as not to be called; "" for none."""
    found = _WEBHOOK.search(message)
    return found[1] if found else ""
