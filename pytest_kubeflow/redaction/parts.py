"""Many parts of a text that are redacted in one go.

To redact each alone would look for every secret in every part: in all of them at once it costs as
much as one text of their length.
"""

from __future__ import annotations

from collections.abc import Callable

_BETWEEN = "\x1e"
"""U+001E RECORD SEPARATOR, in a line of its own: what is masked ends at its line's end."""


def each_redacted(parts: list[str], redact: Callable[[str], str]) -> list[str]:
    """What `redact` makes of each; those that it leaves alone are the same objects."""
    if not parts:
        return parts
    whole = f"\n{_BETWEEN}\n".join(part.replace(_BETWEEN, " ") for part in parts)
    masked = redact(whole)
    if masked == whole:
        return parts
    found = masked.split(f"\n{_BETWEEN}\n")
    if len(found) != len(parts):  # a private key without its end takes what follows
        return [redact(part) for part in parts]
    return [
        part if one == part.replace(_BETWEEN, " ") else one
        for part, one in zip(parts, found, strict=True)
    ]
