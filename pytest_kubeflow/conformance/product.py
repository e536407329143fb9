"""Product: whose platform it is, as PRODUCT.yaml of the Kubernetes program has it.

Fields: instructions.md of cncf/k8s-conformance.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

REQUIRED = ("vendor", "name", "version", "website_url", "documentation_url", "type", "description")
"""The fields that each product has."""

OPTIONAL = ("repo_url", "product_logo_url", "contact_email_address")
"""Fields that a product may have."""

TYPES = ("distribution", "hosted platform", "installer")

_URL = re.compile(r"https?://[^\s/]+\S*")
_LONGEST = 1000


class ProductError(ValueError):
    """A product file with a mistake: one line that says which."""


@dataclass(frozen=True, slots=True)
class Product:
    """Its fields, in the order of the Kubernetes program."""

    fields: Mapping[str, str]

    @classmethod
    def parse(cls, content: bytes) -> Product:
        """The product of a YAML file. Raises ProductError."""
        import yaml

        try:
            found = yaml.safe_load(content)
        except (yaml.YAMLError, UnicodeDecodeError, ValueError) as error:
            mark = getattr(error, "problem_mark", None)
            where = f" in line {mark.line + 1}" if mark is not None else ""
            message = getattr(error, "problem", None) or "not text in UTF-8"
            raise ProductError(f"it is no YAML: {message}{where}") from None
        if not isinstance(found, dict):
            raise ProductError("it is no YAML with fields at its root")
        for name, value in found.items():
            if name not in (*REQUIRED, *OPTIONAL):
                known = ", ".join((*REQUIRED, *OPTIONAL))
                raise ProductError(f"there is no field {name!r}; fields are {known}")
            if value is not None and (not isinstance(value, str) or not _is_line(value)):
                hint = "; write it in quotes" if not isinstance(value, str | dict | list) else ""
                raise ProductError(f"{name} is no text of one line{hint}")
        fields = {name: str(found.get(name) or "").strip() for name in (*REQUIRED, *OPTIONAL)}
        _check(fields)
        return cls({name: value for name, value in fields.items() if value})

    @property
    def title(self) -> str:
        """What it is called: name, version, vendor."""
        return "{name} {version} of {vendor}".format_map(self.fields)

    def text(self) -> str:
        """The file as bundles have it: the fields in one order, quoted in one way."""
        return "".join(
            f"{name}: {json.dumps(value, ensure_ascii=False)}\n"
            for name, value in self.fields.items()
        )


def _is_line(value: str) -> bool:
    return len(value) <= _LONGEST and value.isprintable()


def _check(fields: Mapping[str, str]) -> None:
    lacking = [name for name in REQUIRED if not fields[name]]
    if lacking:
        raise ProductError(f"it has no {', '.join(lacking)}")
    for name, value in fields.items():
        if value.startswith("<") and value.endswith(">"):
            raise ProductError(f"{name} is still that of the template: {value}")
        if name.endswith("_url") and value and not _URL.fullmatch(value):
            raise ProductError(f"{name} is no URL: {value!r}")
    if fields["type"] not in TYPES:
        raise ProductError(f"type is {fields['type']!r}, not one of {', '.join(TYPES)}")
