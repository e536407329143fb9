"""The page about a fleet, and the same as JSON; texts are redacted by the sessions themselves."""

from __future__ import annotations

import json
from dataclasses import asdict

from pytest_kubeflow.fleet.records import FleetRecord
from pytest_kubeflow.reporting.page.document import environment, hashed, source
from pytest_kubeflow.reporting.page.marks import VERDICTS, Mark
from pytest_kubeflow.reporting.page.wording import duration, moment, stamp
from pytest_kubeflow.reporting.records.session import State

PAGE, JSON = "index.html", "fleet.json"
_UNKNOWN = Mark("bad", "alert", "Unknown")


def render(fleet: FleetRecord) -> str:
    """One HTML file, without scripts; it leads to the reports in the folders beside it."""
    style = source("page.css")
    policy = f"default-src 'none'; style-src {hashed(style)}; img-src data:; base-uri 'none'"
    names = dict.fromkeys(name for one in fleet.targets for name in one.components)
    red = any(one.exit_code for one in fleet.targets)
    return (
        environment("pytest_kubeflow.fleet")
        .get_template("fleet.html.j2")
        .render(
            fleet=fleet,
            components=sorted(names),
            mark=Mark("bad", "cross", "Red") if red else Mark("ok", "check", "Green"),
            state="degraded" if red else "fit",
            mark_of=_mark_of,
            duration=duration,
            when=moment(fleet.started),
            stamp=stamp(fleet.started),
            style=style,
            policy=policy,
        )
    )


def document(fleet: FleetRecord) -> str:
    """All of it as JSON."""
    plain = {"exit_code": fleet.exit_code, "sentence": fleet.sentence, **asdict(fleet)}
    return json.dumps(plain, indent=1, allow_nan=False) + "\n"


def _mark_of(state: str) -> Mark:
    return VERDICTS[State(state)] if state in set(State) else _UNKNOWN
