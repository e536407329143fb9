"""Puts into pytest's JUnit XML what a session is beside its tests, before pytest writes the file.

pytest's own writer is asked by the ways that plugins have: properties of the suite, and a reporter
for each case. The cases of tests that have ended are elements already, found by their names.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
from _pytest.junitxml import LogXML, bin_xml_escape, mangle_test_address, xml_key

from pytest_kubeflow.reporting.formats.cases import Case, cases
from pytest_kubeflow.reporting.formats.junit import case_properties, session_properties
from pytest_kubeflow.reporting.records.session import SessionRecord, State
from pytest_kubeflow.reporting.records.tests import Outcome, TestRecord
from pytest_kubeflow.reporting.records.trend import NO_TREND, Trend

if TYPE_CHECKING:
    from _pytest.junitxml import _NodeReporter

_TAGS = {
    Outcome.FAILED: "failure",
    Outcome.ERROR: "error",
    Outcome.SKIPPED: "skipped",
    Outcome.NOT_RUN: "skipped",
}


def complete(config: pytest.Config, record: SessionRecord, trend: Trend = NO_TREND) -> None:
    """Add the session to the JUnit XML of this process, if it writes one.

    To be called before `LogXML.pytest_sessionfinish`: by a hook that is tried first.
    """
    xml = config.stash.get(xml_key, None)
    if xml is None:
        return
    for name, value in session_properties(record, trend):
        xml.add_global_property(name, value)
    elements = _elements(xml)
    causes = {cause.key: cause for cause in record.causes}
    for test in record.tests:
        if test.outcome is Outcome.NOT_RUN:
            _add_not_run(xml, test, record)
        for element in elements.get(_names(xml, test.nodeid), ()):
            cause = causes.get(test.cause) if test.outcome.is_red else None
            _add_properties(element, dict(case_properties(test, cause)))
    for number, case in enumerate(cases(record), start=1):
        _add_case(xml, case, number)


def _elements(xml: LogXML) -> Mapping[tuple[str, str], list[ET.Element]]:
    """The cases that are there, by class and name: several where a test was run again."""
    found: dict[tuple[str, str], list[ET.Element]] = {}
    going_on = {id(reporter) for reporter in xml.node_reporters.values()}
    for reporter in xml.node_reporters_ordered:
        if id(reporter) not in going_on:
            element = reporter.to_xml()
            key = element.get("classname", ""), element.get("name", "")
            found.setdefault(key, []).append(element)
    return found


def _names(xml: LogXML, nodeid: str) -> tuple[str, str]:
    """Class and name of a test as pytest writes them."""
    *classes, name = mangle_test_address(nodeid)
    prefix = [xml.prefix] if xml.prefix else []
    return ".".join([*prefix, *classes]), bin_xml_escape(name)


def _add_properties(element: ET.Element, properties: Mapping[str, str]) -> None:
    if not properties:
        return
    there = element.find("properties")
    if there is None:
        there = ET.Element("properties")
        element.insert(0, there)
    for name, value in properties.items():
        there.append(ET.Element("property", name=bin_xml_escape(name), value=bin_xml_escape(value)))


def _add_not_run(xml: LogXML, test: TestRecord, record: SessionRecord) -> None:
    """A test that was not reached: an error if the session was interrupted, else skipped.

    It may have a case already, without a name: one that was running when the session ended.
    """
    reporter = _going_on(xml, test.nodeid) or xml.node_reporter(test.nodeid)
    classname, name = _names(xml, test.nodeid)
    reporter.attrs.update(classname=classname, name=name)
    for key, value in case_properties(test, None):
        reporter.add_property(key, value)
    message = test.sentence or record.ended_by or record.verdict.sentence
    interrupted = record.verdict.state is State.INTERRUPTED
    _append(reporter, "error" if interrupted else "skipped", f"not run: {message}")


def _going_on(xml: LogXML, nodeid: str) -> _NodeReporter | None:
    """The case of a test that has not ended. Under pytest-xdist keys have the worker as well."""
    return next(
        (reporter for (name, _), reporter in xml.node_reporters.items() if str(name) == nodeid),
        None,
    )


def _add_case(xml: LogXML, case: Case, number: int) -> None:
    # The key has the number alone: names of others could be taken for parameters.
    reporter = xml.node_reporter(f"{case.suite}::case{number}")
    classname = f"{xml.prefix}.{case.suite}" if xml.prefix else case.suite
    reporter.attrs.update(classname=bin_xml_escape(classname), name=bin_xml_escape(case.name))
    reporter.duration = case.seconds
    if tag := _TAGS.get(case.outcome):
        _append(reporter, tag, case.message, case.text)
        return
    xml.add_stats("passed")
    if case.message:
        reporter.add_property("kubeflow.message", case.message)


def _append(reporter: _NodeReporter, tag: str, message: str, text: str = "") -> None:
    node = ET.Element(tag, message=bin_xml_escape(message))
    node.text = bin_xml_escape(text or message)
    reporter.append(node)
