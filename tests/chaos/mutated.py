"""A session in which every test meets a mutation, and what it said of each."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from pytest_kubeflow.local.endpoints import Endpoints
from tests.chaos.mutating import Mutating
from tests.chaos.mutation import Mutation
from tests.chaos.plan import Plan
from tests.chaos.proxied_cluster import Outcome, ProxiedCluster
from tests.chaos.repeating import VARIABLE, id_of


@dataclass(frozen=True)
class Verdict:
    """What became of one mutation: the outcome of its test, and its report."""

    outcome: str
    report: str

    def notices(self, mutation: Mutation) -> bool:
        """Whether the test is red, and says why."""
        red = self.outcome in {"FAILED", "ERROR"}
        return red and re.search(mutation.told, self.report) is not None


@dataclass(frozen=True)
class Mutated:
    """A session; `verdicts` by the mutations' names."""

    outcome: Outcome
    verdicts: dict[str, Verdict]


def mutated_session(
    proxied: ProxiedCluster,
    where: Endpoints,
    mutations: Sequence[Mutation],
    plan: Plan | None = None,
) -> Mutated:
    """Run the tests of these mutations, once for each."""
    from kubernetes import client, config

    wanted: dict[str, list[str]] = {}
    for one in mutations:
        wanted.setdefault(one.test, []).append(one.name)
    variable = {VARIABLE: json.dumps(wanted)}
    with config.new_client_from_config(str(where.kubeconfig)) as api:
        proxied.proxy.begin(plan or Plan(), Mutating(mutations, client.CoreV1Api(api)))
        repeated = replace(proxied, environment={**proxied.environment, **variable})
        files = [*dict.fromkeys(test.partition("::")[0] for test in wanted)]
        options = ["-p", "tests.chaos.repeating", "--kf-max-runs=4", "--kf-timeout=300"]
        outcome = repeated.session(files, *options, seconds=1200)
        proxied.proxy.begin(Plan())
    verdicts = {}
    for one in mutations:
        test = id_of(one.test, one.name)
        verdicts[one.name] = Verdict(outcome.tests.get(test, "MISSING"), outcome.report_of(test))
    return Mutated(outcome, verdicts)
