"""Command line of the comparison; exit code 1 where more differs than `--allow` says."""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import sys
from pathlib import Path

from benchmarks.pod_comparison.cases import CASES, Case
from benchmarks.pod_comparison.observation import Facts
from benchmarks.pod_comparison.table import differences, markdown, text_of
from benchmarks.pod_comparison.world import World
from pytest_kubeflow.local.kube import KubeClient, load_kubeconfig


def main() -> int:
    """Run the chosen cases on both nodes and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pod_comparison")
    parser.add_argument("kubeconfig", type=Path, help="of an administrator of the cluster")
    parser.add_argument("real", help="the node of the real kubelet")
    parser.add_argument("ours", help="the node of the embedded kubelet")
    parser.add_argument("--only", default="", metavar="REGEX", help="the pods with such names")
    parser.add_argument("--report", type=Path, metavar="FILE", help="write the table as markdown")
    parser.add_argument("--keep", type=Path, metavar="FILE", help="write all facts as JSON")
    parser.add_argument("--real-facts", type=Path, metavar="FILE", help="facts kept before")
    parser.add_argument(
        "--seconds", type=float, default=150, help="the longest that a pod may take"
    )
    parser.add_argument("--at-once", type=int, default=6, help="pods at a time on each node")
    parser.add_argument("--allow", type=int, default=0, help="how many pods may differ")
    options = parser.parse_args()
    cases = [case for case in CASES if re.search(options.only, case.name)]
    kept = json.loads(options.real_facts.read_text())["real"] if options.real_facts else None
    rows = asyncio.run(_compare(options, cases, kept))
    if options.keep:
        columns = {
            "real": {name: real for name, real, _ in rows},
            "ours": {name: ours for name, _, ours in rows},
        }
        options.keep.write_text(json.dumps(columns, indent=1))
    if options.report:
        options.report.write_text(markdown(rows))
    print(text_of(rows))
    different = sum(1 for _, real, ours in rows if differences(real, ours))
    return 1 if different > options.allow else 0


async def _compare(
    options: argparse.Namespace, cases: list[Case], kept: dict[str, Facts] | None
) -> list[tuple[str, Facts, Facts]]:
    async with KubeClient(load_kubeconfig(options.kubeconfig)) as client:

        async def side(node: str) -> list[Facts]:
            world = World(client, node, options.seconds)
            turn = asyncio.Semaphore(options.at_once)

            async def one(case: Case) -> Facts:
                async with turn:
                    return await world.run(case)

            async with world.open():
                return await asyncio.gather(*(one(case) for case in cases))

        if kept is not None:
            return [
                (case.name, kept[case.name], ours)
                for case, ours in zip(cases, await side(options.ours), strict=True)
            ]
        real, ours = await asyncio.gather(side(options.real), side(options.ours))
    return [(case.name, one, other) for case, one, other in zip(cases, real, ours, strict=True)]


if __name__ == "__main__":
    sys.exit(main())
