"""Errors of fields and names, as Go's packages of Kubernetes write them.

Words: k8s.io/apimachinery pkg/util/validation.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pytest_kubeflow.local.fastjson import encode

_DNS_1035 = r"[a-z]([-a-z0-9]*[a-z0-9])?"
_DNS_1035_MESSAGE = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an "
    "alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', "
    rf"regex used for validation is '{_DNS_1035}')"
)
_SUBDOMAIN = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"
_SUBDOMAIN_MESSAGE = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or "
    "'.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used "
    rf"for validation is '{_SUBDOMAIN}')"
)
_PATH = r"[A-Za-z0-9/\-._~%!$&'()*+,;=:]+"
_LONGEST_LABEL, _LONGEST_SUBDOMAIN = 63, 253


def invalid(path: str, value: Any, why: str) -> str:
    """A value that must not be there; what is no number and no text is shown as JSON."""
    return f"{path}: Invalid value: {encode(value).decode()}: {why}"


def forbidden(path: str, why: str) -> str:
    """A change that nobody may make."""
    return f"{path}: Forbidden: {why}"


def dns_1035_label(value: str, *, too_long: str = "") -> Iterator[str]:
    """What is wrong with a name that has to be a label; `too_long` says it in other words."""
    if len(value) > _LONGEST_LABEL:
        yield too_long or f"must be no more than {_LONGEST_LABEL} characters"
    if re.fullmatch(_DNS_1035, value) is None:
        yield _DNS_1035_MESSAGE


def dns_1123_subdomain(value: str) -> Iterator[str]:
    """What is wrong with a name that has to be a subdomain."""
    if len(value) > _LONGEST_SUBDOMAIN:
        yield f"must be no more than {_LONGEST_SUBDOMAIN} characters"
    if re.fullmatch(_SUBDOMAIN, value) is None:
        yield _SUBDOMAIN_MESSAGE


def domain_prefixed_path(path: str, value: str) -> Iterator[str]:
    """What is wrong with what has to look like `example.com/foo`, as errors of the field `path`."""
    if not value:
        yield f"{path}: Required value"
        return
    domain, slash, rest = value.partition("/")
    if not slash or not domain or not rest:
        yield invalid(path, value, 'must be a domain-prefixed path (such as "acme.io/foo")')
        return
    for why in dns_1123_subdomain(domain):
        yield invalid(path, domain, why)
    if re.fullmatch(_PATH, rest) is None:
        why = (
            "a valid path must consist of characters that are valid in paths of URLs (e.g. "
            rf"'my.path', or '/my/path', regex used for validation is '{_PATH}')"
        )
        yield invalid(path, rest, why)


def aggregate(errors: list[str]) -> str:
    """All of them in one sentence, each once."""
    different = list(dict.fromkeys(errors))
    return different[0] if len(different) == 1 else f"[{', '.join(different)}]"
