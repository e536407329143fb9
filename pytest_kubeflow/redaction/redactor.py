"""Redactor: takes secrets out of texts."""

from __future__ import annotations

import re
import threading

from pytest_kubeflow.redaction.forms import forms
from pytest_kubeflow.redaction.patterns import PATTERNS
from pytest_kubeflow.redaction.secret import MASK, Secret

# The name of a protocol: to mask it as well would spoil every address, and hide nothing.
_NAMES = frozenset({"minio"})


class Redactor:
    """Takes secrets out of texts. `add` those that are known; the patterns need no telling."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._forms: set[str] = set()
        self._known: re.Pattern[str] | None = None

    def add(self, secret: Secret | str | None) -> None:
        """From now on, mask this one too.

        None, anything under four characters, and "minio", the default access key of Kubeflow's
        store and the scheme of its artifacts, are ignored.
        """
        value = secret.reveal() if isinstance(secret, Secret) else secret or ""
        if value in _NAMES:
            return
        with self._lock:
            new = set(forms(value)) - self._forms
            if new:
                self._forms |= new
                # Longest first: a form that contains another one must win.
                alternatives = sorted(self._forms, key=lambda form: (-len(form), form))
                self._known = re.compile("|".join(map(re.escape, alternatives)))

    def redact(self, text: str) -> str:
        """`text` with every known secret, and everything that looks like a credential, masked."""
        text = self._without_known(text)
        for pattern, replacement in PATTERNS:
            text = re.sub(pattern, replacement, text, flags=re.IGNORECASE)
        # A pattern may have joined what stood apart.
        return self._without_known(text)

    def _without_known(self, text: str) -> str:
        if self._known is None:
            return text
        # A replacement may complete another secret; each round makes the text shorter, so it ends.
        while True:
            shorter = self._known.sub(MASK, text)
            if shorter == text:
                return text
            text = shorter
