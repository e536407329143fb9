"""WriteOptions: what the query of a write says, and what becomes of fields that a kind has not.

Rules: apimachinery/pkg/apis/meta/v1/validation; messages of strict decoding:
apimachinery/pkg/runtime/error.go.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pytest_kubeflow.local.apiserver.errors import bad_request, invalid
from pytest_kubeflow.local.apiserver.validation.causes import Cause

_GROUP = "meta.k8s.io"
_KINDS = {"create": "CreateOptions", "update": "UpdateOptions", "patch": "PatchOptions"}
_VALIDATIONS = ("", "Ignore", "Strict", "Warn")
_MOST_MANAGER = 128
_BOOLEANS = {"": False, "true": True, "True": True, "1": True, "t": True} | dict.fromkeys(
    ("false", "False", "0", "f"), False
)


@dataclass(frozen=True)
class WriteOptions:
    """Of one request. `warnings` grows while it is carried out."""

    dry_run: bool = False
    validation: str = "Warn"
    manager: str = ""
    force: bool = False
    duplicates: tuple[str, ...] = ()
    """Members that the body has twice."""

    warnings: list[str] = field(default_factory=list)

    @staticmethod
    def read(
        verb: str,
        query: Mapping[str, str],
        *,
        apply: bool = False,
        duplicates: tuple[str, ...] = (),
    ) -> WriteOptions:
        """Raises StatusError 400 or 422."""
        force = _BOOLEANS.get(query.get("force", ""))
        if force is None:
            raise bad_request(
                'converting ("v1", "PatchOptions"): strconv.ParseBool: parsing '
                f'"{query["force"]}": invalid syntax'
            )
        causes = [*_wrong(query)]
        if verb == "patch" and apply and not query.get("fieldManager"):
            why = "Required value: is required for apply patch"
            causes.append(("fieldManager", "FieldValueRequired", why))
        if verb == "patch" and not apply and "force" in query:
            why = "Forbidden: may not be specified for non-apply patch"
            causes.append(("force", "FieldValueForbidden", why))
        if causes:
            raise invalid(_GROUP, _KINDS[verb], "", causes)
        return WriteOptions(
            query.get("dryRun") == "All",
            query.get("fieldValidation") or "Warn",
            query.get("fieldManager", ""),
            force,
            duplicates,
        )

    def meet(self, unknown: Sequence[str], what: str) -> None:
        """Refuse, tell or ignore fields that are unknown (paths), and members that are there twice.

        Raises StatusError 400 if that is asked for; `what` is what its message begins with.
        """
        problems = [f'duplicate field "{path}"' for path in self.duplicates]
        problems += [f'unknown field "{path}"' for path in unknown]
        if self.validation == "Strict" and problems:
            raise bad_request(f"{what}strict decoding error: {', '.join(problems)}")
        if self.validation == "Warn":
            self.warnings.extend(one for one in problems if one not in self.warnings)


def _wrong(query: Mapping[str, str]) -> Iterator[Cause]:
    dry_run = query.get("dryRun")
    if dry_run not in {None, "", "All"}:
        why = f'Unsupported value: ["{dry_run}"]: supported values: "All"'
        yield "dryRun", "FieldValueNotSupported", why
    manager = query.get("fieldManager", "")
    if len(manager) > _MOST_MANAGER:
        why = f"Too long: may not be more than {_MOST_MANAGER} bytes"
        yield "fieldManager", "FieldValueTooLong", why
    if not manager.isprintable():
        why = f'Invalid value: "{manager}": should only contain printable characters'
        yield "fieldManager", "FieldValueInvalid", why
    validation = query.get("fieldValidation")
    if validation and validation not in _VALIDATIONS:
        known = ", ".join(f'"{one}"' for one in _VALIDATIONS)
        why = f'Unsupported value: "{validation}": supported values: {known}'
        yield "fieldValidation", "FieldValueNotSupported", why


INTERNAL = WriteOptions(validation="Ignore")
"""Of the server itself."""
