"""Secret and Redactor: what must not be printed, and the sieve for everything that is.

Two nets: the secrets that we know, in the forms in which they get into texts (plain, quoted,
URL- and base64-encoded), and what looks like a credential whoever it belongs to (bearer tokens,
JWTs, session cookies, private keys, signatures in URLs).
"""

from __future__ import annotations

import base64
import hmac
import html
import json
import re
import threading
from collections.abc import Iterator
from typing import NoReturn
from urllib.parse import quote, quote_plus

__all__ = ["MASK", "Redactor", "Secret"]

MASK = "***"
# Shorter ones occur by chance everywhere, and a text without its vowels helps nobody.
_SHORTEST = len(MASK) + 1
# The name of a protocol: to mask it as well would spoil every address, and hide nothing.
_NAMES = frozenset({"minio"})
# A base64 form that leaves out the ends says little about a short secret, and matches by chance.
_SHORTEST_INSIDE_BASE64 = 8

_COOKIES = r"oauth2_proxy_[\w-]+|_oauth2_proxy[\w-]*|authservice_session|XSRF-TOKEN"
# Compiled when they are first used (`re` keeps them): `pytest --help` uses none.
_PATTERNS = (
    (
        r"-----BEGIN ([A-Z ]*)PRIVATE KEY-----[\s\S]*?(?:-----END \1PRIVATE KEY-----|\Z)",
        # With its end, so that to mask it again takes nothing more.
        rf"-----BEGIN \1PRIVATE KEY-----{MASK}-----END \1PRIVATE KEY-----",
    ),
    (  # one whose beginning was cut off
        r"(?m:^[ \t]*[A-Za-z0-9+/=]{16,}[ \t]*\r?\n)+[ \t]*-----END ([A-Z ]*)PRIVATE KEY-----",
        rf"{MASK}-----END \1PRIVATE KEY-----",
    ),
    (r"\beyJ[\w-]{8,}\.[\w-]{4,}\.[\w-]*", MASK),
    (r"\b(bearer|basic)\s+[\w.~+/=-]{8,}", rf"\1 {MASK}"),
    (
        r"\b((?:proxy-)?authorization)([\"']?\s*[:=]\s*[\"']?)(?!(?:bearer|basic) \*\*\*)"
        r"[^\s\"',}][^\"'\r\n]*",
        rf"\1\2{MASK}",
    ),
    (r"(?m:^)([ \t]*(?:set-)?cookie\s*:\s*)[^\r\n]+", rf"\1{MASK}"),
    (rf"\b({_COOKIES})([\"']?\s*[:=]\s*[\"']?)[^\s\"',;]+", rf"\1\2{MASK}"),
    (r"\b(X-Amz-(?:Signature|Credential|Security-Token)=)[^\s&\"']+", rf"\1{MASK}"),
    (r"(\b[a-z][a-z0-9+.-]*://[^\s/:@]+:)[^\s/@]+@", rf"\1{MASK}@"),
    (r"\b(client-key-data)(\s*:\s*)\S+", rf"\1\2{MASK}"),
)


class Secret:
    """A string that shows itself only to who asks with `reveal`; repr, str and format are masked.

    It is not pickled and not copied apart: nothing passes it on by accident.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value in clear, for the one place that sends it."""
        return self._value

    def __repr__(self) -> str:
        return f"Secret({MASK})"

    def __str__(self) -> str:
        return MASK

    def __format__(self, spec: str) -> str:
        return format(MASK, spec)

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._value.encode(), other._value.encode())

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, _memo: object) -> Secret:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is not pickled: hand it over in a file that only its owner reads")


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
            new = set(_forms(value)) - self._forms
            if new:
                self._forms |= new
                # Longest first: a form that contains another one must win.
                alternatives = sorted(self._forms, key=lambda form: (-len(form), form))
                self._known = re.compile("|".join(map(re.escape, alternatives)))

    def redact(self, text: str) -> str:
        """`text` with every known secret, and everything that looks like a credential, masked."""
        text = self._without_known(text)
        for pattern, replacement in _PATTERNS:
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


def _forms(value: str) -> Iterator[str]:
    for plain in {value, value.strip()}:
        if len(plain) < _SHORTEST:
            continue
        yield plain
        yield repr(plain)[1:-1]
        yield json.dumps(plain)[1:-1]
        yield json.dumps(plain, ensure_ascii=False)[1:-1]
        yield html.escape(plain)
        yield quote(plain, safe="")
        yield quote(plain)
        yield quote_plus(plain)
        yield from _base64_forms(plain.encode(errors="surrogatepass"))


def _base64_forms(data: bytes) -> Iterator[str]:
    """What stays the same of `data` in base64, wherever it stands in what was encoded."""
    whole = base64.b64encode(data).decode().rstrip("=")
    found = [whole]
    if len(data) >= _SHORTEST_INSIDE_BASE64:
        for before in range(3):
            bits_before, bits = 8 * before, 8 * len(data)
            first = -(-bits_before // 6)  # the first character made of our bits alone
            last = (bits_before + bits) // 6
            encoded = base64.b64encode(b"\0" * before + data).decode()
            found.append(encoded[first:last])
    for form in found:
        if len(form) >= _SHORTEST:
            yield form
            yield form.replace("+", "-").replace("/", "_")
