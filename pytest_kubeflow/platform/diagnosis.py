"""Diagnosis: the fault of the catalogue that is behind a failure. No match, no guess."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from pytest_kubeflow.platform.catalogue import FAULTS
from pytest_kubeflow.platform.fault import CODE, Fault, Severity
from pytest_kubeflow.platform.finding import Finding

_MOST = 100_000
"""Characters of a failure's texts that are looked through, the most telling first."""

_ESCAPED = re.compile(r'\\+"')
_CODE = re.compile(rf"(?<![\w-]){CODE.pattern}(?![\w-])")

_TOLD_BY_PROGRAMS = frozenset({"KF503", "KF703", "KF802", "KF803"})
"""Faults of which nothing but the log of whoever meets them may tell. A log may quote anything: an
error of another cluster, an example. Others have to be seen on this cluster, too."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The likely cause of a failure: a fault, and the finding of it if it was seen on the cluster.

    `sign` is what of the failure's own texts shows it; "" if that is the name of an object that the
    finding is about.
    """

    fault: Fault
    finding: Finding | None = None
    sign: str = ""

    @property
    def code(self) -> str:
        """The code of the fault."""
        return self.fault.code

    @property
    def sentence(self) -> str:
        """What is wrong, in one sentence."""
        return self.finding.sentence if self.finding is not None else self.fault.title

    @property
    def fix(self) -> str:
        """What to do."""
        return self.finding.fix if self.finding is not None else self.fault.fix


def diagnose(
    texts: Iterable[str], findings: Sequence[Finding] = (), *, logs: Iterable[str] = ()
) -> Diagnosis | None:
    """What is behind a failure with these texts, on a cluster with these findings; None: not known.

    A fault counts if a text shows one of its signs or its code, or names an object that is found
    to be broken. What was also seen on the cluster goes before what was not, then a sign before a
    name, then the worse before the lesser. `logs` are those of users' programs: what they say
    counts where it was seen on the cluster, and of few faults where it was not.
    """
    text, log = _beginning(texts), _beginning(logs)
    by_logs = [
        one
        for one in _by_signs(log, findings)
        if one.finding is not None or one.code in _TOLD_BY_PROGRAMS
    ]
    found = [*_by_signs(text, findings), *_by_names(text, findings), *by_logs]
    return min(found, key=_weight, default=None)


def _beginning(texts: Iterable[str]) -> str:
    """As much of them as is looked through; what comes after that is not even gathered.

    Quotes that were escaped, since one program has told in JSON what another said, are quotes.
    """
    parts, left = [], _MOST
    for text in texts:
        parts.append(text[:left])
        left -= len(text) + 1
        if left <= 0:
            break
    return _ESCAPED.sub('"', "\n".join(parts))


def _weight(diagnosis: Diagnosis) -> tuple[bool, bool, int, str]:
    fault = diagnosis.fault
    seen = diagnosis.finding is not None
    return not (seen and diagnosis.sign), not diagnosis.sign, fault.severity.weight, fault.code


def _by_signs(text: str, findings: Sequence[Finding]) -> Iterator[Diagnosis]:
    seen: dict[str, Finding] = {}
    for finding in findings:  # the worst come first
        seen.setdefault(finding.code, finding)
    for finding in findings:
        for code in finding.explains:
            seen.setdefault(code, finding)
    said = _CODE.match(text)  # as the sentence of a failure does
    named = {one for one in _CODE.findall(text) if one in seen or (said and one == said[0])}
    for fault in FAULTS.values():
        if fault.code in named:
            yield _likely(fault, seen, fault.code)
            continue
        found = next(filter(None, (sign.search(text) for sign in _signs(fault))), None)
        if found is not None:
            yield _likely(fault, seen, found[0])


def _likely(fault: Fault, seen: Mapping[str, Finding], sign: str) -> Diagnosis:
    """The fault, or what it follows from on this cluster."""
    finding = seen.get(fault.code)
    return Diagnosis(fault if finding is None else finding.fault, finding, sign)


def _by_names(text: str, findings: Sequence[Finding]) -> Iterator[Diagnosis]:
    for finding in findings:
        if finding.severity is not Severity.BROKEN:
            continue
        if any(_is_named(name.partition(" ")[2], text) for name in finding.objects):
            yield Diagnosis(finding.fault, finding)


def _is_named(name: str, text: str) -> bool:
    """Whether a text has this `namespace/name` as a whole: a lone name may be anything.

    The refusals of the gateway name a workload and, in a command, its namespace; the API server
    calls webhooks by the name that a Service has within the cluster.
    """
    namespace, slash, alone = name.partition("/")
    if slash and _has_service(f"{alone}.{namespace}.svc", text):
        return True
    if slash and f"({alone})" in text and f"kubectl -n {namespace} get pods" in text:
        return True
    if not slash or name not in text:
        return False
    # kubeflow/katib-controller:v0.19.0 is an image
    return re.search(rf"(?<![\w./-]){re.escape(name)}(?![\w/@-]|[.:]\w)", text) is not None


def _has_service(name: str, text: str) -> bool:
    # A word is looked for much faster than an expression is.
    return name in text and bool(re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w-])", text))


@cache
def _signs(fault: Fault) -> tuple[re.Pattern[str], ...]:
    return tuple(map(re.compile, fault.signs))
