"""The conformance command on pipelines of our own: all as expected, and told where not."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from kfp import compiler

from tests.local.pipelines import flows, importing, programs
from tests.local.pipelines.containers import no_image
from tests.local.pipelines.refused import PIPELINES

PASSING: dict[str, Any] = {
    "nested": programs.nested,
    "branches": flows.branches,
    "branched-artifacts": flows.branched_artifacts,
    "static-loop": flows.static_loop,
    "dynamic-loop": flows.dynamic_loop,
    "nested-loops": flows.nested_loops,
    "artifact-loop": flows.artifact_loop,
    "optional": flows.optional,
    "crossing": flows.crossing,
    "producing": importing.producing,
    "cached": flows.cached,
}
FAILING: dict[str, Any] = {"failing-loop": flows.failing_loop, "ignoring": flows.ignoring}
TABLE = """
[packages]
"failing/*" = { ends = "FAILED" }
"no-package.yaml" = { ends = "REFUSED" }
"retried.yaml" = { arguments = { text = "2" } }
"guarded.yaml" = { ends = "FAILED", arguments = { fails = "yes" } }
"later.yaml" = { leave_out = "another day" }
"gpu.yaml" = { needs = "example.com/gpu" }
"""


def conformance(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    table = directory.parent / "table.toml"
    table.write_text(TABLE)
    return subprocess.run(
        [
            *(sys.executable, "-m", "benchmarks.conformance", str(directory)),
            *("--table", str(table), "--jobs", "3", *arguments),
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def compile_all(pipelines: dict[str, Any], directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    for called, pipeline in pipelines.items():
        compiler.Compiler().compile(pipeline, str(directory / f"{called}.yaml"))


def test_our_own_pipelines_end_as_expected(tmp_path: Path) -> None:
    directory = tmp_path / "packages"
    compile_all(PASSING | {"guarded": flows.guarded, "retried": flows.retried}, directory)
    compile_all(FAILING, directory / "failing")
    (directory / "no-package.yaml").write_text("key: [")
    done = conformance(directory)
    assert done.stdout == f"{len(PASSING) + len(FAILING) + 3} passed\n", done.stdout + done.stderr
    assert done.returncode == 0


def test_what_does_not_is_told_in_a_line_each(tmp_path: Path) -> None:
    directory = tmp_path / "packages"
    compile_all({"greeting": programs.greeting, "image": no_image}, directory)
    compile_all({"later": programs.greeting, "gpu": programs.greeting}, directory)
    compile_all({"unexpected": programs.greeting}, directory / "failing")
    compile_all({"ignoring": flows.ignoring}, directory)
    feature, spec = next(iter(PIPELINES.items()))
    (directory / "refused.yaml").write_text(json.dumps(spec))
    done = conformance(directory)
    *lines, counts = done.stdout.splitlines()
    found = {line[12:].partition(":")[0]: line for line in lines}
    assert found["failing/unexpected.yaml"].startswith("failed ")
    assert "SUCCEEDED, expected FAILED" in found["failing/unexpected.yaml"]
    why = "FAILED, expected SUCCEEDED: task 'fail': main: Error (exit code 1)"
    assert why in found["ignoring.yaml"]
    assert found["image.yaml"] == "unsupported image.yaml: the image example.com/no/such:image"
    assert found["refused.yaml"].startswith(f"unsupported refused.yaml: {feature} yet")
    assert found["gpu.yaml"].endswith("no node of this cluster has example.com/gpu")
    assert found["later.yaml"] == "left out    later.yaml: another day"
    assert counts == "2 failed, 1 left out, 1 passed, 3 unsupported"
    assert done.returncode == 1
