"""Pattern: a regular expression that is tried where a literal stands, and costs linear time."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from pytest_kubeflow.redaction.secret import MASK


def folded(text: str) -> str:
    """`text` in small letters, each character where it was.

    U+0130 is the only character that two others are the small form of.
    """
    return text.replace("\u0130", "I").lower()


@dataclass(frozen=True, slots=True)
class Pattern:
    """What stands around a literal, in small letters; the group `secret` of it is masked.

    The expression begins at the literal, and may look back. So that no text takes more than linear
    time, all of it but its last element is bounded in length: an attempt that read far has matched,
    and the next one begins where it ended.
    """

    literal: str
    expression: str
    judge: Callable[[str], bool] | None = None
    """Whether a value (as it was written) may be a secret; None for all."""

    def mask(self, text: str, small: str) -> str:
        """`text`, whose folded form is `small`, without what this pattern finds."""
        start = small.find(self.literal)
        if start < 0:
            return text
        expression = re.compile(self.expression, re.ASCII)
        # A search goes from literal to literal by itself, if it is what the expression begins with.
        begins = self.expression.startswith(self.literal)
        match = expression.search if begins else expression.match
        parts, copied = [], 0
        while start >= 0:
            after = start + 1
            if (found := match(small, start)) is None:
                if begins:
                    break
            else:
                first, last = found.span("secret")
                # Not looked at again, whatever the judge says: it would be read for each literal.
                after = max(last, found.start() + 1)
                value = text[first:last]
                if value != MASK and (self.judge is None or self.judge(value)):
                    parts += [text[copied:first], MASK]
                    copied = last
            start = small.find(self.literal, after)
        return "".join([*parts, text[copied:]])
