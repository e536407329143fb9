"""Sessions of the suites through a proxy that loses, delays, repeats, refuses and falsifies.

`python -m benchmarks.chaos [SESSIONS]` runs so many sessions of the suites pipelines, volumes and
objectstore, with faults in 4 % of all requests from the first one on, drawn by seed. After each a
control: the same faults, and one answer that is false, which must be noticed. `--mutations` shows
instead what becomes of each false answer, without faults. `--replay FILE` runs one session again
with the faults of a log, of those that `--logs FOLDER` keeps.
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
import tempfile
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path

from pytest_kubeflow.local.cluster import LocalKubeflow
from pytest_kubeflow.local.endpoints import Endpoints
from tests.chaos.fault import Fault, Injected
from tests.chaos.mutated import mutated_session
from tests.chaos.mutation import Mutation
from tests.chaos.mutations import MUTATIONS, SERVING
from tests.chaos.plan import Plan
from tests.chaos.proxied_cluster import Outcome, ProxiedCluster
from tests.chaos.proxy import chaos

SUITES = ("pipelines", "volumes", "objectstore")
ALONE = [one for one in MUTATIONS if one.other is None]
"""Those that need no other one's run in the same session."""

_EACH = 5
"""One session without faults for so many with."""


@dataclass
class Tally:
    """What came out of all sessions."""

    plain: list[float] = field(default_factory=list)
    faulty: list[float] = field(default_factory=list)
    injected: Counter[tuple[str, Fault]] = field(default_factory=Counter)
    requests: int = 0
    red: dict[int, list[str]] = field(default_factory=dict)
    hung: list[int] = field(default_factory=list)
    controls: int = 0
    unnoticed: list[str] = field(default_factory=list)

    def add(self, seed: int, plan: Plan, outcome: Outcome) -> None:
        """One session with faults."""
        self.faulty.append(outcome.seconds)
        self.injected.update((one.server, one.fault) for one in plan.log)
        self.requests += sum(plan.seen.values())
        if outcome.code is None:
            self.hung.append(seed)
        elif outcome.code != 0:
            self.red[seed] = summary_of(outcome)

    def show(self) -> None:
        """Print the tables."""
        servers = sorted({server for server, _ in self.injected})
        print(f"\n{'fault':<46}" + "".join(f"{server:>12}" for server in servers))
        for fault in Fault:
            counts = [self.injected[server, fault] for server in servers]
            if any(counts):
                print(f"{fault:<46}" + "".join(f"{count:12}" for count in counts))
        faults = self.injected.total()
        print(f"\nsessions          {len(self.faulty):6}")
        print(f"requests          {self.requests:6}")
        print(
            f"faults            {faults:6}   {faults / max(1, self.requests):.1%} of the requests"
        )
        print(f"false reds        {len(self.red):6}")
        print(f"hangs             {len(self.hung):6}   {self.hung or ''}")
        print(f"false greens      {len(self.unnoticed):6}   of {self.controls} controls")
        plain, faulty = statistics.median(self.plain), statistics.median(self.faulty)
        print(f"without faults    {plain:6.1f} s   1.00 x   (median of {len(self.plain)})")
        print(f"with faults       {faulty:6.1f} s   {faulty / plain:.2f} x   (median)")
        for seed, found in self.red.items():
            print(f"\nseed {seed}:")
            for line in found:
                print(f"  {line}")
        for one in self.unnoticed:
            print(f"\nnot noticed: {one}")


def summary_of(outcome: Outcome) -> list[str]:
    """Why a session is red, each sentence once, with how often."""
    found = Counter(outcome.summary_of(test).partition(" - ")[2][:300] for test in outcome.red)
    verdicts = [line[:300] for line in outcome.output.splitlines() if line.startswith("ERROR: ")]
    return [f"{count} x {sentence}" for sentence, count in found.items()] + verdicts


class Bench:
    """A cluster, the way through the proxy, and the folder for logs."""

    def __init__(
        self, proxied: ProxiedCluster, where: Endpoints, logs: Path | None, rate: float
    ) -> None:
        self._proxied = proxied
        self._where = where
        self._logs = logs
        self._rate = rate

    def session(self, plan: Plan) -> Outcome:
        """All three suites."""
        self._proxied.proxy.begin(plan)
        outcome = self._proxied.session(SUITES)
        self._keep(f"{plan.seed}", plan, outcome)
        return outcome

    def control(self, seed: int, mutation: Mutation) -> str:
        """Why a false answer was not noticed; empty if it was."""
        plan = Plan(seed, self._rate)
        mutated = mutated_session(self._proxied, self._where, [mutation], plan)
        self._keep(f"{seed}-{mutation.name}", plan, mutated.outcome)
        verdict = mutated.verdicts[mutation.name]
        if verdict.outcome == "PASSED":
            return f"seed {seed}: {mutation.name}: {mutation.test} passed"
        return ""

    def mutations(self) -> int:
        """Print what becomes of each; how many are not noticed."""
        where = self._where
        # KServe looks at whole buckets, which the keys of a profile may not.
        keys = {"KF_S3_ACCESS_KEY": where.s3_access_key, "KF_S3_SECRET_KEY": where.s3_secret_key}
        serving = replace(self._proxied, environment={**self._proxied.environment, **keys})
        sessions = [
            mutated_session(self._proxied, where, MUTATIONS),
            mutated_session(serving, where, SERVING),
        ]
        verdicts = sessions[0].verdicts | sessions[1].verdicts
        unnoticed = 0
        for one in (*MUTATIONS, *SERVING):
            verdict = verdicts[one.name]
            noticed = verdict.notices(one)
            unnoticed += not noticed
            print(
                f"{one.name:<36} {verdict.outcome:<8} {'' if noticed else 'NOT NOTICED'} {one.test}"
            )
        took = sum(one.outcome.seconds for one in sessions)
        print(f"\n{len(verdicts)} mutations, {unnoticed} not noticed, {took:.0f} s")
        return unnoticed

    def _keep(self, name: str, plan: Plan, outcome: Outcome) -> None:
        if self._logs is not None:
            lines = [one.to_json() for one in plan.log]
            (self._logs / f"{name}.jsonl").write_text("".join(f"{line}\n" for line in lines))
            (self._logs / f"{name}.txt").write_text(outcome.output)


def replayed(file: Path) -> Plan:
    """The faults of a log."""
    return Plan.replaying(Injected.from_json(line) for line in file.read_text().splitlines())


def one_of_many(bench: Bench, tally: Tally, plan: Plan) -> None:
    """A session with faults, and its control."""
    outcome = bench.session(plan)
    tally.add(plan.seed, plan, outcome)
    verdict = {None: "hung", 0: "green"}.get(outcome.code, "red")
    message = f"seed {plan.seed:4}: {verdict}, {len(plan.log)} faults, {outcome.seconds:.1f} s"
    print(message, flush=True)
    mutation = ALONE[plan.seed % len(ALONE)]
    if why := bench.control(plan.seed, mutation):
        tally.unnoticed.append(why)
    tally.controls += 1


def main() -> None:
    """Print the tables; the exit code says whether anything was false."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.chaos")
    parser.add_argument("sessions", type=int, nargs="?", default=3)
    parser.add_argument("--seed", type=int, default=1, help="that of the first session")
    parser.add_argument("--rate", type=float, default=0.04, help="the share of faulty requests")
    parser.add_argument("--logs", type=Path, help="a folder for outputs and injected faults")
    parser.add_argument("--replay", type=Path, help="a log of injected faults")
    parser.add_argument("--mutations", action="store_true", help="false answers, without faults")
    options = parser.parse_args()
    if options.logs is not None:
        options.logs.mkdir(parents=True, exist_ok=True)
    tally = Tally()
    with LocalKubeflow() as cluster, chaos() as proxy, tempfile.TemporaryDirectory() as folder:
        where = cluster.endpoints
        bench = Bench(
            ProxiedCluster.through(proxy, where, Path(folder)), where, options.logs, options.rate
        )
        if options.mutations:
            raise SystemExit(bench.mutations())
        bench.session(Plan())  # the first one fills caches
        if options.replay is not None:
            plan = replayed(options.replay)
            tally.plain.append(bench.session(Plan()).seconds)
            tally.add(plan.seed, plan, bench.session(plan))
        # Ctrl-C: the tables are of what there is until then.
        with contextlib.suppress(KeyboardInterrupt):
            for number in range(0 if options.replay else options.sessions):
                if number % _EACH == 0:
                    tally.plain.append(bench.session(Plan()).seconds)
                one_of_many(bench, tally, Plan(options.seed + number, options.rate))
    if tally.faulty:
        tally.show()
    raise SystemExit(bool(tally.red or tally.hung or tally.unnoticed))


if __name__ == "__main__":
    main()
