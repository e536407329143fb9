"""WorkflowManifest: a Workflow as it is sent, from what somebody wrote; and the checks before."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_kubeflow.errors import ConfigurationError
from pytest_kubeflow.k8s.objects.custom_object import CustomKind
from pytest_kubeflow.k8s.objects.manifest import as_ours, read_manifest, where_from
from pytest_kubeflow.k8s.objects.workflow_fields import unknown_fields

KIND = CustomKind("Workflow", "argoproj.io", "v1alpha1", "workflows")
LONGEST = 63
"""Characters of a name: it is a label's value as well."""

_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?", re.ASCII)


def check_name(name: str) -> str:
    """`name` if a Workflow can be called so. Raises ConfigurationError if not."""
    if not isinstance(name, str) or not _NAME.fullmatch(name) or len(name) > LONGEST:
        raise ConfigurationError(
            f"{name!r} is no name for a Workflow; valid: lower-case letters, digits, dashes and "
            f"dots, beginning and ending with a letter or a digit, {LONGEST} characters at most"
        )
    return name


@dataclass(frozen=True)
class WorkflowManifest:
    """A Workflow as an object. `where` is what it was read from, for messages."""

    object: Mapping[str, Any]
    where: str = "the manifest"

    @classmethod
    def read(cls, manifest: Mapping[str, Any] | str | Path) -> WorkflowManifest:
        """From a dictionary, from YAML or from a file of it.

        Raises ConfigurationError for what is no Workflow, and for fields that Argo does not know:
        it would leave them out without a word.
        """
        where = where_from(manifest)
        found = read_manifest(manifest, KIND)
        if unknown := unknown_fields(found.get("spec") or {}):
            raise ConfigurationError(
                f"{where} has fields that Argo does not know, and would leave out without a word: "
                f"{', '.join(unknown)}"
            )
        return cls(found, where)

    @property
    def service_account(self) -> str:
        """The account that it names itself; "" if it names none."""
        return str((self.object.get("spec") or {}).get("serviceAccountName") or "")

    def named(
        self,
        name: str,
        namespace: str,
        labels: Mapping[str, str],
        *,
        service_account: str = "",
        arguments: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """The same as an object of ours: its name, namespace, labels, account and arguments.

        Raises ConfigurationError for an argument that it does not take.
        """
        made = as_ours(self.object, name, namespace, labels)
        spec = made["spec"] = dict(made.get("spec") or {})
        if service_account:
            spec["serviceAccountName"] = service_account
        if arguments:
            self._fill(spec, arguments)
        return made

    def _fill(self, spec: dict[str, Any], arguments: Mapping[str, Any]) -> None:
        if not isinstance(arguments, Mapping):
            raise ConfigurationError(
                "arguments are a dictionary of parameters and their values, not a "
                f"{type(arguments).__name__}"
            )
        parameters = (spec.get("arguments") or {}).get("parameters") or []
        known = {str(one.get("name")): one for one in parameters}
        for name, value in arguments.items():
            if name not in known:
                takes = ", ".join(known) or "none at all"
                raise ConfigurationError(
                    f"{self.where} has no parameter {name!r} in spec.arguments; it has {takes}"
                )
            known[name].pop("valueFrom", None)
            known[name]["value"] = value if isinstance(value, str) else _text(value)


def _text(value: Any) -> str:
    import json

    return json.dumps(value)
