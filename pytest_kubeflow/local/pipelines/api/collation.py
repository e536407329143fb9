"""How the real server's database compares texts: without regard to case and accents.

MySQL 8.4 is what Kubeflow Pipelines install, and `utf8mb4_0900_ai_ci` its default
(https://dev.mysql.com/doc/refman/8.4/en/charset-unicode-sets.html). It is the database that sorts
lists, compares values of filters and sees whether a name is taken.
"""

from __future__ import annotations

import re
import unicodedata

_LEADING = re.compile(r"\s*([+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)")


def collated(text: str) -> str:
    """What texts have in common that the database holds for the same; it sorts as they do."""
    decomposed = unicodedata.normalize("NFD", text)
    plain = "".join(one for one in decomposed if not unicodedata.combining(one))
    return plain.casefold()


def number(text: str) -> float:
    """A text that is compared with a number: the number that it begins with, or 0."""
    found = _LEADING.match(text)
    return float(found[1]) if found else 0.0
