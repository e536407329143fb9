"""Causes: the red tests of a session, grouped by what went wrong."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from pytest_kubeflow.platform.diagnosis import Diagnosis, diagnose
from pytest_kubeflow.platform.finding import Finding
from pytest_kubeflow.reporting.records.session import Cause
from pytest_kubeflow.reporting.records.tests import Section, TestRecord

# What differs between two tests that fail for one reason. The order matters.
_PARTS = (
    # "run x ended FAILED, not SUCCEEDED: task y is FAILED (why)": what counts is why.
    (re.compile(r"^run \S+ (?:was terminated and )?ended \w+, not [\w ]+: "), ""),
    (re.compile(r"\btask \S+ is (?:NOT STARTED|[A-Z]+)\b"), "task is"),
    # What a predictor answers, whatever it was asked.
    (re.compile(r"^[A-Z]+ \S*/v[12]/\S+ at \S+(?: with host \S+)? answers\b"), "it answers"),
    (re.compile(r"https?://\S+"), "URL"),
    (re.compile(r"\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b"), "ID"),
    # Names that the cluster or we have made: "pythagorean-145604e8", "x-7d9f8b6c5-x2x4z".
    (re.compile(r"\b[\w.]+(?:-[\w.]+)*-(?=[a-z]*\d)[0-9a-z]{5,}(?:-[\w.]+)*\b"), "NAME"),
    (re.compile(r"\b0x[0-9a-f]+\b|\b(?=[a-f]*\d)[0-9a-f]{7,}\b"), "ID"),
    (re.compile(r"[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?"), "#"),
    (re.compile(r"\s+"), " "),
)


def key_of(sentence: str) -> str:
    """What two sentences have in common that tell of one thing; short, for use as a name."""
    text = sentence
    for pattern, instead in _PARTS:
        text = pattern.sub(instead, text)
    return hashlib.sha256(text.strip().encode(errors="replace")).hexdigest()[:12]


def causes_of(tests: Iterable[TestRecord], findings: Sequence[Finding] = ()) -> tuple[Cause, ...]:
    """One cause for all red tests of one key: those that explain most tests come first.

    Tests whose failures lead to one fault of the catalogue, or one of the `findings` on this
    cluster, have that as their cause.
    """
    groups: dict[str, list[TestRecord]] = {}
    for test in tests:
        if test.outcome.is_red:
            groups.setdefault(key_of(test.sentence), []).append(test)
    explained: dict[tuple[str, str], tuple[Diagnosis, list[TestRecord]]] = {}
    found = []
    for key, group in groups.items():
        diagnosis = diagnose(_texts(group), findings, logs=_logs(group))
        if diagnosis is None:
            found.append(_cause(key, group))
        else:
            same = (diagnosis.code, diagnosis.sentence)
            explained.setdefault(same, (diagnosis, []))[1].extend(group)
    found += [_likely(diagnosis, group) for diagnosis, group in explained.values()]
    return tuple(sorted(found, key=lambda cause: -len(cause.tests)))


def cause_of_unfitness(reason: str, findings: Sequence[Finding] = ()) -> tuple[Cause, ...]:
    """The fault that is likely to be behind a cluster that is not fit to be tested, if any."""
    diagnosis = diagnose([reason], findings)
    return () if diagnosis is None else (_likely(diagnosis, ()),)


def by_test(causes: Sequence[Cause]) -> Mapping[str, str]:
    """The key of the cause of each red test, by its node id."""
    return {nodeid: cause.key for cause in causes for nodeid in cause.tests}


def _texts(tests: Sequence[TestRecord]) -> Iterator[str]:
    """What failures say, and what the cluster showed of them."""
    logged = {line.strip() for log in _logs(tests) for line in log.splitlines()} - {""}
    for test in tests:
        yield test.sentence
        yield from (one.text for one in test.evidence if not _is_log(one))
        yield "\n".join(
            line
            for line in test.details.splitlines()
            if line.removeprefix("E").strip() not in logged
        )


def _logs(tests: Sequence[TestRecord]) -> Iterator[str]:
    """What the programs of users have written."""
    for test in tests:
        yield from (one.text for one in test.evidence if _is_log(one))


def _is_log(section: Section) -> bool:
    return section.heading.startswith("log of ")


def _likely(diagnosis: Diagnosis, tests: Sequence[TestRecord]) -> Cause:
    """The cause of tests that a fault is behind."""
    cause = _cause(key_of(f"{diagnosis.code} {diagnosis.sentence}"), tests)
    return replace(
        cause,
        sentence=diagnosis.sentence,
        code=diagnosis.code,
        fix=diagnosis.fix,
        sign=" ".join(diagnosis.sign.replace(diagnosis.code, "").split()),
    )


def _cause(key: str, tests: Sequence[TestRecord]) -> Cause:
    if not tests:
        return Cause(key=key, sentence="", tests=())
    most = max(tests, key=lambda test: sum(len(one.text) for one in test.evidence))
    return Cause(
        key=key,
        sentence=most.sentence,
        tests=tuple(test.nodeid for test in tests),
        components=tuple(dict.fromkeys(test.component for test in tests)),
        evidence=most.evidence,
    )
