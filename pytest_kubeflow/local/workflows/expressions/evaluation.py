"""Values of expressions in expr-lang.

Language: expr-lang/expr v1.17, docs/language-definition.md; what else is known there is Argo's
(argo-workflows v3.7.3, util/expr/env). Names that nothing has are errors when an expression is
compiled, members that nothing has are nil, as where the environment is a map.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_kubeflow.local.workflows.expressions.errors import ExpressionError
from pytest_kubeflow.local.workflows.expressions.functions import BUILTINS, CLOSURES, SPRIG, Closure
from pytest_kubeflow.local.workflows.expressions.go_text import shown

if TYPE_CHECKING:
    from lark import Lark, Tree

Json = Any
_GRAMMAR = Path(__file__).with_name("grammar.lark")
_NO_ELEMENT = object()
_TYPES = {bool: "bool", int: "int", float: "float64", str: "string", list: "[]interface {}"}


def evaluate(expression: str, names: Mapping[str, Json]) -> Json:
    """The value of an expression, in which `names` are known. Raises ExpressionError."""
    return _Evaluator(expression, names).value(_parsed(expression).children[0])


def truth(expression: str, names: Mapping[str, Json]) -> bool:
    """The value of one that has to be true or false. Raises ExpressionError."""
    found = evaluate(expression, names)
    if not isinstance(found, bool):
        raise ExpressionError(f"unable to cast expression result '{shown(found)}' to bool")
    return found


def nested(flat: Mapping[str, Json]) -> dict[str, Json]:
    """Names with dots as objects: `a.b` is `b` of `a`. Where both are there, the longer one is."""
    prefixes = {name.rsplit(".", at)[0] for name in flat for at in range(1, name.count(".") + 1)}
    found: dict[str, Json] = {}
    for name, value in flat.items():
        if name in prefixes:
            continue
        *path, last = name.split(".")
        place = found
        for word in path:
            place = place.setdefault(word, {})
        place[last] = value
    return found


@functools.cache
def _parser() -> Lark:
    from lark import Lark  # when first needed: most Workflows have no expressions

    return Lark(
        _GRAMMAR.read_text(), parser="lalr", propagate_positions=True, maybe_placeholders=True
    )


@functools.lru_cache(maxsize=1024)
def _parsed(expression: str) -> Tree[Any]:
    from lark import UnexpectedInput

    try:
        return _parser().parse(expression)
    except UnexpectedInput as error:
        line, column = max(error.line, 1), max(error.column, 1)
        token = getattr(error, "token", None)
        if token is not None and token.type == "$END":
            raise ExpressionError(
                _pointed("unexpected token EOF", expression, 1, len(expression)), malformed=True
            ) from None
        message = token or getattr(error, "char", "")
        raise ExpressionError(
            _pointed(f'unexpected token Operator("{message}")', expression, line, column),
            malformed=True,
        ) from None


def _pointed(message: str, expression: str, line: int, column: int) -> str:
    """A message with the place in the expression, as expr shows it."""
    lines = expression.splitlines() or [""]
    text = lines[min(line, len(lines)) - 1]
    return f"{message} ({line}:{column})\n | {text}\n | {'.' * (column - 1)}^"


class _Evaluator:
    """One expression with what it knows. `elements` are those of the closures around."""

    def __init__(self, expression: str, names: Mapping[str, Json]) -> None:
        self._expression = expression
        self._names = names
        self._current: Json = _NO_ELEMENT

    def value(self, tree: Tree[Any]) -> Json:
        found: Json = getattr(self, f"_{tree.data}")(tree, *tree.children)
        return found

    def _error(self, tree: Tree[Any], message: str, *, unknown: bool = False) -> ExpressionError:
        line, column = getattr(tree.meta, "line", 1), getattr(tree.meta, "column", 1)
        return ExpressionError(_pointed(message, self._expression, line, column), unknown=unknown)

    def _conditional(self, _tree: Tree[Any], test: Any, one: Any, other: Any) -> Json:
        chosen = self._bool(test)
        return self.value(one if chosen else other)

    def _bool(self, tree: Tree[Any]) -> bool:
        found = self.value(tree)
        if not isinstance(found, bool):
            raise self._error(tree, f"non-bool expression (type {_type(found)}) used as condition")
        return found

    def _either(self, _tree: Tree[Any], left: Any, right: Any) -> bool:
        return self._bool(left) or self._bool(right)

    def _both(self, _tree: Tree[Any], left: Any, right: Any) -> bool:
        return self._bool(left) and self._bool(right)

    def _negation(self, _tree: Tree[Any], operand: Any) -> bool:
        return not self._bool(operand)

    def _coalesce(self, _tree: Tree[Any], left: Any, right: Any) -> Json:
        found = self.value(left)
        return self.value(right) if found is None else found

    def _compare(self, tree: Tree[Any], left: Any, operator: Any, right: Any) -> bool:
        words = str(operator).split()
        one, other = self.value(left), self.value(right)
        found = self._compared(tree, words[-1], one, other)
        return not found if words[0] == "not" and len(words) > 1 else found

    def _compared(self, tree: Tree[Any], operator: str, one: Json, other: Json) -> bool:
        if operator in {"==", "!="}:
            if None not in (one, other) and _kind(one) != _kind(other):
                raise self._mismatch(tree, operator, one, other)
            return (one == other) is (operator == "==")
        if operator == "in":
            if isinstance(other, (list, dict)):
                return one in other
            raise self._mismatch(tree, operator, one, other)
        if operator in {"matches", "contains", "startsWith", "endsWith"}:
            if not (isinstance(one, str) and isinstance(other, str)):
                raise self._mismatch(tree, operator, one, other)
            return {
                "matches": lambda: re.search(other, one) is not None,
                "contains": lambda: other in one,
                "startsWith": lambda: one.startswith(other),
                "endsWith": lambda: one.endswith(other),
            }[operator]()
        if _kind(one) != _kind(other) or _kind(one) not in {"number", "string"}:
            raise self._mismatch(tree, operator, one, other)
        return bool(
            {"<": one < other, ">": one > other, "<=": one <= other, ">=": one >= other}[operator]
        )

    def _mismatch(self, tree: Tree[Any], operator: str, one: Json, other: Json) -> ExpressionError:
        message = f"mismatched types {_type(one)} and {_type(other)}"
        return self._error(tree, f"invalid operation: {operator} ({message})")

    def _range(self, tree: Tree[Any], first: Any, last: Any) -> list[int]:
        low, high = self.value(first), self.value(last)
        if not (isinstance(low, int) and isinstance(high, int)):
            raise self._mismatch(tree, "..", low, high)
        return list(range(low, high + 1))

    def _calculate(self, tree: Tree[Any], left: Any, operator: Any, right: Any) -> Json:
        one, other = self.value(left), self.value(right)
        if operator == "+" and isinstance(one, str) and isinstance(other, str):
            return one + other
        if _kind(one) != "number" or _kind(other) != "number":
            raise self._mismatch(tree, str(operator), one, other)
        if operator == "%" and other == 0:
            raise self._error(tree, "runtime error: integer divide by zero")
        operations: dict[str, Callable[[], Json]] = {
            "+": lambda: one + other,
            "-": lambda: one - other,
            "*": lambda: one * other,
            "/": lambda: one / other if other else float("inf"),
            "%": lambda: one - other * int(one / other),
            "**": lambda: float(one) ** other,
            "^": lambda: float(one) ** other,
        }
        return operations[str(operator)]()

    def _signed(self, tree: Tree[Any], sign: Any, operand: Any) -> Json:
        found = self.value(operand)
        if _kind(found) != "number":
            raise self._error(tree, f"invalid operation: {sign} (mismatched type {_type(found)})")
        return -found if sign == "-" else found

    def _number(self, _tree: Tree[Any], token: Any) -> float | int:
        text = str(token).replace("_", "")
        return int(text) if text.isdigit() else float(text)

    def _string(self, _tree: Tree[Any], token: Any) -> str:
        return _unquoted(str(token))

    def _raw(self, _tree: Tree[Any], token: Any) -> str:
        return str(token)[1:-1]

    def _true(self, _tree: Tree[Any]) -> bool:
        return True

    def _false(self, _tree: Tree[Any]) -> bool:
        return False

    def _nil(self, _tree: Tree[Any]) -> None:
        return None

    def _name(self, tree: Tree[Any], token: Any) -> Json:
        name = str(token)
        if name in self._names:
            return self._names[name]
        if name == "sprig":
            return SPRIG
        if name in BUILTINS:
            return BUILTINS[name]
        raise self._error(tree, f"unknown name {name}", unknown=True)

    def _element(self, tree: Tree[Any]) -> Json:
        return self._of_closure(tree)

    def _field(self, tree: Tree[Any], owner: Any, name: Any) -> Json:
        found = self.value(owner)
        if found is None:
            raise self._error(tree, f"cannot fetch {name} from <nil>", unknown=True)
        return self._member(tree, found, str(name))

    def _optional_field(self, tree: Tree[Any], owner: Any, name: Any) -> Json:
        found = self.value(owner)
        return None if found is None else self._member(tree, found, str(name))

    def _member(self, tree: Tree[Any], owner: Json, name: Json) -> Json:
        if isinstance(owner, Mapping):
            if owner is SPRIG and name not in SPRIG:
                raise self._error(tree, f"unknown name sprig.{name}")
            return owner.get(name)
        raise self._error(tree, f"type {_type(owner)} has no field {name}")

    def _item(self, tree: Tree[Any], owner: Any, index: Any) -> Json:
        found, key = self.value(owner), self.value(index)
        if isinstance(found, (list, str)) and isinstance(key, int):
            if not -len(found) <= key < len(found):
                message = f"index out of range: {key} (array length is {len(found)})"
                raise self._error(tree, message)
            return found[key]
        if found is None:
            raise self._error(tree, f"cannot fetch {shown(key)} from <nil>", unknown=True)
        return self._member(tree, found, key)

    def _slice(self, _tree: Tree[Any], owner: Any, first: Any, last: Any) -> Json:
        found = self.value(owner)
        low = self.value(first) if first is not None else None
        high = self.value(last) if last is not None else None
        return found[low:high]

    def _list(self, _tree: Tree[Any], *items: Any) -> list[Json]:
        return [self.value(one) for one in items if one is not None]

    def _map(self, _tree: Tree[Any], *pairs: Any) -> dict[str, Json]:
        found = {}
        for pair in pairs:
            if pair is not None:
                key, value = pair.children
                text = _unquoted(str(key)) if key.type == "STRING" else str(key)
                found[text] = self.value(value)
        return found

    def _pipe(self, tree: Tree[Any], first: Any, name: Any, arguments: Any) -> Json:
        rest = [one for one in arguments.children if one is not None] if arguments else []
        return self._called(tree, str(name), BUILTINS.get(str(name)), [first, *rest])

    def _call(self, tree: Tree[Any], function: Any, arguments: Any) -> Json:
        name = str(function.children[-1]) if function.data in {"name", "field"} else ""
        given = [one for one in arguments.children if one is not None] if arguments else []
        if function.data == "name" and name in CLOSURES:
            return self._called(tree, name, None, given)
        return self._called(tree, name, self.value(function), given)

    def _called(
        self, tree: Tree[Any], name: str, function: Callable[..., Json] | None, given: list[Any]
    ) -> Json:
        if name in CLOSURES:
            arguments = [self.value(given[0])]
            arguments += [self._closure_of(one) for one in given[1:]]
            function = CLOSURES[name]
        else:
            arguments = [self.value(one) for one in given]
        if not callable(function):
            raise self._error(tree, f"unknown name {name}")
        try:
            return function(*arguments)
        except ExpressionError:
            raise
        except (TypeError, ValueError, LookupError, AttributeError, OverflowError) as error:
            raise self._error(tree, f"{name}: {error}") from None

    def _closure_of(self, tree: Tree[Any]) -> Closure | Json:
        inside = tree.children[0] if tree.data == "closure" else tree

        def call(element: Json) -> Json:
            before, self._current = self._current, element
            try:
                return self.value(inside)
            finally:
                self._current = before

        return call

    def _closure(self, tree: Tree[Any], _inside: Any) -> Json:
        raise self._error(tree, "a closure is taken by functions of lists alone")

    def _element_field(self, tree: Tree[Any], name: Any) -> Json:
        return self._member(tree, self._of_closure(tree), str(name))

    def _of_closure(self, tree: Tree[Any]) -> Json:
        if self._current is _NO_ELEMENT:
            raise self._error(tree, 'unexpected token Operator("#")')
        return self._current


def _kind(value: Json) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, (int, float)):
        return "number"
    return type(value).__name__.replace("str", "string")


def _type(value: Json) -> str:
    if value is None:
        return "nil"
    return _TYPES.get(type(value), "map[string]interface {}")


_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|.)", re.DOTALL)
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}


def _unquoted(literal: str) -> str:
    def one(match: re.Match[str]) -> str:
        word = match[1]
        if len(word) > 1:
            return chr(int(word[1:], 16))
        return _ESCAPED.get(word, word)

    return _ESCAPE.sub(one, literal[1:-1])
