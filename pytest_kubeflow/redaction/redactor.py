"""Redactor: takes secrets out of texts."""

from __future__ import annotations

from pytest_kubeflow.redaction.encoded import without_encoded
from pytest_kubeflow.redaction.escapes import without_escapes
from pytest_kubeflow.redaction.interrupted import without_interruptions
from pytest_kubeflow.redaction.known import KnownSecrets
from pytest_kubeflow.redaction.pattern import folded
from pytest_kubeflow.redaction.patterns import PATTERNS
from pytest_kubeflow.redaction.private_keys import without_private_keys
from pytest_kubeflow.redaction.secret import Secret
from pytest_kubeflow.redaction.separated import without_separated
from pytest_kubeflow.redaction.wrapped import without_wrapped


class Redactor:
    """Takes secrets out of texts. `add` those that are known; the patterns need no telling.

    The time that it takes grows with the length of a text and no faster, whatever is in it.
    """

    def __init__(self) -> None:
        self._known = KnownSecrets()

    def add(self, secret: Secret | str | None) -> None:
        """From now on, mask this one too.

        None and anything under four characters are ignored. A common word ("test", "1234") is
        masked only where it stands as a value: after a sign of assignment, or in quotes.
        """
        value = secret.reveal() if isinstance(secret, Secret) else secret or ""
        if value:
            self._known.add(value)

    def add_access_key(self, key: Secret | str) -> None:
        """The name of an account of an object store: a common word is no secret."""
        shown = key if isinstance(key, Secret) else Secret(key)
        if not shown.is_common:
            self.add(shown)

    def redact_known(self, text: str) -> str:
        """`text` without the secrets that are known and no common words.

        For documents whose markup must stay: no pattern looks at them.
        """
        return self._known.mask_uncommon(text)

    def redact(self, text: str) -> str:
        """`text` with every known secret, and everything that looks like a credential, masked."""
        shown = self._plain(without_wrapped(text, self._of_literal))
        shown = without_interruptions(shown, self._plain)
        return self._without_codes(shown)

    def _of_literal(self, text: str) -> str:
        return self._without_codes(self._plain(text))

    def _without_codes(self, text: str) -> str:
        """`text` without what an encoding hides in it."""
        shown = without_escapes(text, self._plain)
        shown = without_separated(shown, self._decoded)
        return without_encoded(shown, self._decoded)

    def _decoded(self, text: str) -> str:
        return without_encoded(self._plain(text), self._plain)

    def _plain(self, text: str) -> str:
        """`text` without what stands in it as it is."""
        known = self._known.mask(text)
        masked = _without_patterns(without_private_keys(known))
        # A pattern may have joined what stood apart.
        return known if masked == known else self._known.mask(masked)


def _without_patterns(text: str) -> str:
    small = folded(text)
    absent: set[str] = set()
    for pattern in PATTERNS:
        if pattern.literal in absent:
            continue
        if pattern.literal not in small:
            absent.add(pattern.literal)
            continue
        masked = pattern.mask(text, small)
        if masked != text:
            text, small = masked, folded(masked)
    return text
