"""Whether a `when` holds: govaluate, in which words without quotes are texts.

Grammar, order of operators and complaints: Knetic/govaluate at 9aa49832a739, as argo-workflows
v3.7.3 uses it (workflow/controller/steps.go, shouldExecute). Numbers are doubles.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pytest_kubeflow.local.workflows.expressions.errors import ExpressionError
from pytest_kubeflow.local.workflows.expressions.go_text import shown

Value = Any

_MODIFIERS = {"+", "-", "*", "/", "%", "**", "&", "|", "^", ">>", "<<"}
_COMPARATORS = {"==", "!=", ">", ">=", "<", "<=", "=~", "!~"}
_PREFIXES = {"-", "!", "~"}
_TERNARIES = {"?", ":", "??"}
_OPERANDS = ("NUMERIC", "BOOLEAN", "VARIABLE", "ACCESSOR", "STRING", "CLAUSE")
_OPERATORS = ("MODIFIER", "COMPARATOR", "LOGICALOP", "CLAUSE_CLOSE", "TERNARY", "SEPARATOR")
_NEXT: dict[str, tuple[str, ...]] = {
    "UNKNOWN": ("PREFIX", *_OPERANDS),
    "CLAUSE": ("PREFIX", *_OPERANDS, "CLAUSE_CLOSE"),
    "CLAUSE_CLOSE": (*_OPERATORS, "NUMERIC", "BOOLEAN", "VARIABLE", "STRING", "CLAUSE"),
    **dict.fromkeys(("NUMERIC", "BOOLEAN", "STRING", "VARIABLE"), _OPERATORS),
    "ACCESSOR": ("CLAUSE", *_OPERATORS),
    **dict.fromkeys(
        ("MODIFIER", "COMPARATOR", "LOGICALOP"), ("PREFIX", *_OPERANDS, "CLAUSE_CLOSE")
    ),
    "PREFIX": ("NUMERIC", "BOOLEAN", "VARIABLE", "ACCESSOR", "CLAUSE", "CLAUSE_CLOSE"),
    "TERNARY": ("PREFIX", *_OPERANDS, "SEPARATOR"),
    "SEPARATOR": ("PREFIX", *_OPERANDS),
}
_LAST = {"CLAUSE_CLOSE", "NUMERIC", "BOOLEAN", "STRING", "VARIABLE", "ACCESSOR"}
_LEVELS: Sequence[tuple[str, frozenset[str]]] = (
    ("SEPARATOR", frozenset({","})),
    ("TERNARY", frozenset(_TERNARIES)),
    ("LOGICALOP", frozenset({"||"})),
    ("LOGICALOP", frozenset({"&&"})),
    ("COMPARATOR", frozenset({*_COMPARATORS, "in"})),
    ("MODIFIER", frozenset({"^", "&", "|"})),
    ("MODIFIER", frozenset({">>", "<<"})),
    ("MODIFIER", frozenset({"+", "-"})),
    ("MODIFIER", frozenset({"*", "/", "%"})),
    ("MODIFIER", frozenset({"**"})),
)
_BLANK = re.compile(r"\s+")
_WORD = re.compile(r"[^\W\d_][\w.]*")
_NUMBER = re.compile(r"0x[0-9a-fA-F]+|[\d.]+")


def holds(when: str) -> bool:
    """Whether it does, or there is none. Raises ExpressionError."""
    if not when:
        return True
    try:
        tokens = _tokens(when)
        _check(tokens)
    except ExpressionError as error:
        hint = ""
        if "Invalid token" in str(error):
            hint = ' (hint: try wrapping the affected expression in quotes ("))'
        raise ExpressionError(f"Invalid 'when' expression '{when}': {error}{hint}") from None
    try:
        found = _Reading(tokens).value()
    except ExpressionError as error:
        raise ExpressionError(f"Failed to evaluate 'when' expresion '{when}': {error}") from None
    if not isinstance(found, bool):
        raise ExpressionError(f"Expected boolean evaluation for '{when}'. Got {shown(found)}")
    return found


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    value: Value

    def __str__(self) -> str:
        value = ord(self.value) if self.kind in {"CLAUSE", "CLAUSE_CLOSE"} else shown(self.value)
        return f"{self.kind} [{value}]"


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    at = 0
    while at < len(text):
        if blank := _BLANK.match(text, at):
            at = blank.end()
            continue
        state = found[-1].kind if found else "UNKNOWN"
        token, at = _token(text, at, state)
        found.append(token)
    if sum({"CLAUSE": 1, "CLAUSE_CLOSE": -1}.get(one.kind, 0) for one in found):
        raise ExpressionError("Unbalanced parenthesis")
    return found


def _token(text: str, at: int, state: str) -> tuple[_Token, int]:
    character = text[at]
    if number := _NUMBER.match(text, at):
        try:
            value = float(int(number[0], 16) if number[0].startswith("0x") else number[0])
        except ValueError:
            message = f"Unable to parse numeric value '{number[0]}' to float64\n"
            raise ExpressionError(message) from None
        return _Token("NUMERIC", value), number.end()
    if character == ",":
        return _Token("SEPARATOR", ","), at + 1
    if character == "[":
        return _quoted(text, at + 1, "]", "VARIABLE", "Unclosed parameter bracket")
    if word := _WORD.match(text, at):
        return _named(word[0]), word.end()
    if character in "'\"":
        return _quoted(text, at + 1, "'\"", "STRING", "Unclosed string literal")
    if character == "(":
        return _Token("CLAUSE", character), at + 1
    if character == ")":
        return _Token("CLAUSE_CLOSE", character), at + 1
    return _symbol(text, at, state)


def _quoted(text: str, at: int, ends: str, kind: str, complaint: str) -> tuple[_Token, int]:
    found = ""
    while at < len(text):
        if text[at] == "\\" and at + 1 < len(text):
            found, at = found + text[at + 1], at + 2
        elif text[at] in ends:
            return _Token(kind, found), at + 1
        else:
            found, at = found + text[at], at + 1
    raise ExpressionError(complaint)


def _named(word: str) -> _Token:
    if word in {"true", "false"}:
        return _Token("BOOLEAN", word == "true")
    if word in {"in", "IN"}:
        return _Token("COMPARATOR", "in")
    if "." in word:
        if word.endswith("."):
            raise ExpressionError(f"Hanging accessor on token '{word}'")
        for part in word.split(".")[1:]:
            if part[:1] != part[:1].upper():
                message = f"Unable to access unexported field '{part}' in token '{word}'"
                raise ExpressionError(message)
        return _Token("ACCESSOR", word.split("."))
    return _Token("VARIABLE", word)


def _symbol(text: str, at: int, state: str) -> tuple[_Token, int]:
    end = at
    while end < len(text) and not (
        text[end].isalnum() or text[end] in "()[]'\"" or text[end].isspace()
    ):
        end += 1
    symbol = text[at:end]
    if "PREFIX" in _NEXT[state] and symbol in _PREFIXES:
        return _Token("PREFIX", symbol), end
    kinds: tuple[tuple[str, set[str]], ...] = (
        ("MODIFIER", _MODIFIERS),
        ("LOGICALOP", {"&&", "||"}),
        ("COMPARATOR", _COMPARATORS),
        ("TERNARY", _TERNARIES),
    )
    for kind, symbols in kinds:
        if symbol in symbols:
            return _Token(kind, symbol), end
    raise ExpressionError(f"Invalid token: '{symbol}'")


def _check(tokens: Sequence[_Token]) -> None:
    last = _Token("UNKNOWN", None)
    for token in tokens:
        if token.kind not in _NEXT[last.kind]:
            if last.kind == "VARIABLE" and token.kind == "CLAUSE":
                raise ExpressionError(f"Undefined function {last.value}")
            raise ExpressionError(f"Cannot transition token types from {last} to {token}")
        last = token
    if last.kind not in _LAST:
        raise ExpressionError("Unexpected end of expression")


class _Reading:
    """Evaluates while it reads: operators of one level from the left to the right."""

    def __init__(self, tokens: Sequence[_Token]) -> None:
        self._tokens = tokens
        self._at = 0

    def value(self) -> Value:
        return self._level(0)()

    def _peek(self) -> _Token | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _level(self, level: int) -> Callable[[], Value]:
        if level == len(_LEVELS):
            return self._operand()
        left = self._level(level + 1)
        kind, symbols = _LEVELS[level]
        while (token := self._peek()) and token.kind == kind and token.value in symbols:
            self._at += 1
            left = _applied(kind, token.value, left, self._level(level + 1))
        return left

    def _operand(self) -> Callable[[], Value]:
        token = self._tokens[self._at]
        self._at += 1
        if token.kind == "PREFIX":
            return _prefixed(token.value, self._operand())
        if token.kind == "CLAUSE":
            inner = self._level(0)
            self._at += 1
            return inner
        if token.kind == "ACCESSOR":
            name = token.value[0]
            return lambda: _raise(f"No parameter '{name}' found.")
        return lambda: token.value


def _raise(message: str) -> Value:
    raise ExpressionError(message)


def _prefixed(symbol: str, operand: Callable[[], Value]) -> Callable[[], Value]:
    def value() -> Value:
        found = operand()
        if symbol == "!":
            if not isinstance(found, bool):
                _unusable(found, "prefix", symbol, "")
            return not found
        if not _is_number(found):
            _unusable(found, "prefix", symbol, "")
        return -found if symbol == "-" else float(~int(found))

    return value


def _unusable(value: Value, what: str, symbol: str, why: str) -> None:
    message = f"Value '{shown(value)}' cannot be used with the {what} '{symbol}'"
    raise ExpressionError(message + (f", it is not a {why}" if why else ""))


def _is_number(value: Value) -> bool:
    return isinstance(value, float)


def _applied(
    kind: str, symbol: str, left: Callable[[], Value], right: Callable[[], Value]
) -> Callable[[], Value]:
    rule = {"LOGICALOP": _logical, "COMPARATOR": _compared, "MODIFIER": _modified}.get(kind)
    if rule is not None:
        return lambda: rule(symbol, left, right)
    if kind == "TERNARY":
        return lambda: _ternary(symbol, left, right)

    def separated() -> Value:
        first, second = left(), right()
        return [*first, second] if isinstance(first, list) else [first, second]

    return separated


def _ternary(symbol: str, left: Callable[[], Value], right: Callable[[], Value]) -> Value:
    first = left()
    if symbol == "?":
        if not isinstance(first, bool):
            _unusable(first, "ternary operator", symbol, "bool")
        return right() if first else None
    return right() if first is None else first


def _logical(symbol: str, left: Callable[[], Value], right: Callable[[], Value]) -> bool:
    first = left()
    if not isinstance(first, bool):
        _unusable(first, "logical operator", symbol, "bool")
    if first is (symbol == "||"):
        return bool(first)
    second = right()
    if not isinstance(second, bool):
        _unusable(second, "logical operator", symbol, "bool")
    return bool(second)


def _compared(symbol: str, left: Callable[[], Value], right: Callable[[], Value]) -> bool:
    one, other = left(), right()
    if symbol in {"==", "!="}:
        return (type(one) is type(other) and one == other) is (symbol == "==")
    if symbol in {"=~", "!~"}:
        return (re.search(str(other), str(one)) is not None) is (symbol == "=~")
    if symbol == "in":
        if not isinstance(other, list):
            _unusable(other, "comparator", symbol, "array")
        return one in other
    if type(one) is not type(other) or not isinstance(one, (float, str)):
        _unusable(one if not _is_number(one) else other, "comparator", symbol, "number")
    return bool(
        {"<": one < other, ">": one > other, "<=": one <= other, ">=": one >= other}[symbol]
    )


def _modified(symbol: str, left: Callable[[], Value], right: Callable[[], Value]) -> Value:
    one, other = left(), right()
    if symbol == "+" and (isinstance(one, str) or isinstance(other, str)):
        return shown(one) + shown(other)
    for value in (one, other):
        if not _is_number(value):
            _unusable(value, "modifier", symbol, "number")
    operations: dict[str, Callable[[], float]] = {
        "+": lambda: one + other,
        "-": lambda: one - other,
        "*": lambda: one * other,
        "/": lambda: one / other if other else float("inf"),
        "%": lambda: one - other * int(one / other) if other else float("nan"),
        "**": lambda: one**other,
        "&": lambda: float(int(one) & int(other)),
        "|": lambda: float(int(one) | int(other)),
        "^": lambda: float(int(one) ^ int(other)),
        "<<": lambda: float(int(one) << int(other)),
        ">>": lambda: float(int(one) >> int(other)),
    }
    return operations[symbol]()
