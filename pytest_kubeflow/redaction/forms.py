"""The forms in which a known secret gets into texts."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Iterator
from urllib.parse import quote, quote_plus

from pytest_kubeflow.redaction.secret import SHORTEST

# A base64 form that leaves out the ends says little about a short secret, and matches by chance.
_SHORTEST_INSIDE_BASE64 = 8


def forms(value: str) -> Iterator[str]:
    """`value` as it is, quoted, and encoded for URLs and in base64."""
    for plain in {value, value.strip()}:
        if len(plain) < SHORTEST:
            continue
        yield plain
        data = plain.encode(errors="surrogatepass")
        for quoted in (
            repr(plain),
            repr(data)[1:],
            json.dumps(plain),
            json.dumps(plain, ensure_ascii=False),
        ):
            yield quoted[1:-1]
            yield json.dumps(quoted[1:-1], ensure_ascii=False)[1:-1]
        yield html.escape(plain)
        yield quote(plain, safe="")
        yield quote(plain)
        yield quote_plus(plain)
        yield from _base64_forms(data)


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
        if len(form) >= SHORTEST:
            yield form
            yield form.replace("+", "-").replace("/", "_")
