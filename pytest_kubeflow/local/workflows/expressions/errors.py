"""What is wrong with an expression."""

from __future__ import annotations


class ExpressionError(ValueError):
    """An expression that does not compile or has no value; the words are the library's in Argo.

    `unknown`: it names what is not there yet, and may have a value later. `malformed`: it is no
    expression, and never will be.
    """

    def __init__(self, message: str, *, unknown: bool = False, malformed: bool = False) -> None:
        super().__init__(message)
        self.unknown = unknown
        self.malformed = malformed


class UnsupportedError(ValueError):
    """What Argo does and the embedded cluster does not; the sentence says which."""
