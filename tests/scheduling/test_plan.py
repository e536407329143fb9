"""What is made of declarations: which tests share a run, and which have none, with the reason."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_kubeflow import ScratchBucket, SeededVolume
from pytest_kubeflow.errors import ConfigurationError
from pytest_kubeflow.pipelines.packages.package import compile_pipeline
from pytest_kubeflow.scheduling.declaration import Declaration
from pytest_kubeflow.scheduling.plan import RunPlan
from pytest_kubeflow.scheduling.plan_text import plan_text
from tests.scheduling.pipelines import on_a_volume, saying, silent


def declared(test: str, *args: Any, **options: Any) -> Declaration:
    module, _, _ = test.partition("::")
    function, _, _ = test.partition("[")
    return Declaration.of(test, function, module, args, options)


@pytest.mark.parametrize(
    ("args", "options", "message"),
    [
        ((), {}, "wants one pipeline"),
        ((silent, saying), {}, "wants one pipeline"),
        ((silent,), {"argument": {}, "wait": 3}, "has no argument, wait"),
        ((silent,), {"arguments": [1]}, "no mapping"),
        ((silent,), {"share": "session"}, "share='session'; valid: item, module"),
        ((silent,), {"timeout": 0}, "timeout=0; valid: seconds, more than 0"),
        ((silent,), {"timeout": "5m"}, "timeout='5m'"),
        ((silent,), {"expect": "SUCCEDED"}, "expect='SUCCEDED'; valid: CANCELED, FAILED, SKIPPED"),
        ((silent,), {"expect": ("FAILED", "BROKEN")}, "expect=('FAILED', 'BROKEN'); valid: "),
        ((silent,), {"expect": 3}, "expect=3; valid: "),
    ],
)
def test_what_a_marker_does_not_take(args: Any, options: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match="kf_pipeline") as refused:
        declared("test_a.py::test", *args, **options)
    assert message in refused.value.message
    assert "\n" not in refused.value.message


def test_defaults_of_a_marker() -> None:
    found = declared("test_a.py::test[1]", silent)
    assert found.arguments == {}
    assert found.expect == ("SUCCEEDED",)
    assert (found.name, found.timeout, found.share) == (None, None, "item")
    assert declared("t::t", silent, expect="FAILED").expect == ("FAILED",)
    assert declared("t::t", silent, expect=["FAILED", "CANCELED"]).expect == ("FAILED", "CANCELED")


@pytest.mark.parametrize(
    ("pipeline", "arguments", "message"),
    [
        (saying, {"text": "a", "tims": 1}, "has no parameter 'tims'; its parameters: text, times"),
        (saying, {}, "needs an argument 'text'"),
        (saying, {"text": 3}, "takes STRING for 'text', not 3 (int)"),
        (silent, {"text": "a"}, "has no parameter 'text'; its parameters: none"),
        (len, {}, "is no pipeline"),
        ("no-such-package.yaml", {}, "there is no pipeline package no-such-package.yaml"),
        (on_a_volume, {"pvc_name": SeededVolume()}, "needs an argument 'bucket'"),
    ],
)
def test_what_cannot_be_submitted_is_its_own_tests_matter(
    pipeline: Any, arguments: dict[str, object], message: str
) -> None:
    plan = RunPlan.of(
        [
            declared("t.py::good", saying, arguments={"text": "a"}),
            declared("t.py::bad", pipeline, arguments=arguments),
            declared("t.py::fine", silent),
        ]
    )
    bad = plan.run_of("t.py::bad")
    assert bad is not None
    assert plan.refused == [bad]
    assert message in str(bad.error)
    assert "\n" not in str(bad.error)
    assert [run.tests for run in plan] == [["t.py::good"], ["t.py::bad"], ["t.py::fine"]]


def test_a_marker_that_is_none_is_in_the_plan_too() -> None:
    plan = RunPlan.of([declared("t.py::good", silent)])
    error = ConfigurationError("the marker kf_pipeline wants one pipeline")
    plan.refuse("t.py::bad", "t.py::bad", "t.py", error)
    assert [run.error for run in plan] == [None, error]
    assert plan.run_of("t.py::unmarked") is None


def test_two_tests_with_one_name_fail_both_and_parameters_do_not() -> None:
    plan = RunPlan.of(
        [
            declared("a.py::one", silent, name="nightly"),
            declared("b.py::two", silent, name="nightly"),
            declared("a.py::each[1]", silent, name="each"),
            declared("a.py::each[2]", silent, name="each"),
        ]
    )
    assert {run.tests[0]: str(run.error) for run in plan.refused} == {
        "a.py::one": "another test declares a run named 'nightly' too: b.py::two",
        "b.py::two": "another test declares a run named 'nightly' too: a.py::one",
    }


def test_pipelines_are_compiled_once(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[object] = []

    def counted(pipeline: Any, **options: Any) -> Any:
        compiled.append(pipeline)
        return compile_pipeline(pipeline, **options)

    monkeypatch.setattr("pytest_kubeflow.pipelines.submission.compile_pipeline", counted)
    plan = RunPlan.of(
        declared(f"t.py::t[{number}]", saying, arguments={"text": str(number)})
        for number in range(50)
    )
    assert compiled == [saying]
    assert [run.prepared.arguments["text"] for run in plan if run.prepared] == [
        str(number) for number in range(50)
    ]


MODULES = st.sampled_from(["a.py", "b.py"])
TEXTS = st.sampled_from(["x", "y"])


@given(st.lists(st.tuples(MODULES, TEXTS, st.sampled_from(["item", "module"])), max_size=12))
def test_sharing(wanted: list[tuple[str, str, str]]) -> None:
    declarations = [
        declared(f"{module}::t{number}", saying, arguments={"text": text}, share=share)
        for number, (module, text, share) in enumerate(wanted)
    ]
    plan = RunPlan.of(declarations)
    # Each test has exactly one run, and only what asks for the same of one module shares.
    for one, first in zip(declarations, wanted, strict=True):
        for other, second in zip(declarations, wanted, strict=True):
            same = plan.run_of(one.test) is plan.run_of(other.test)
            assert same == (one is other or (first == second and first[2] == "module"))
    assert sorted(test for run in plan for test in run.tests) == sorted(
        one.test for one in declarations
    )
    # In the order of the first test of each.
    firsts = [run.tests[0] for run in plan]
    assert firsts == sorted(firsts, key=[one.test for one in declarations].index)


def test_other_options_are_not_shared() -> None:
    base = {"arguments": {"text": "a"}, "share": "module"}
    plan = RunPlan.of(
        [
            declared("t.py::one", saying, **base),
            declared("t.py::named", saying, name="n", **base),
            declared("t.py::fails", saying, expect="FAILED", **base),
            declared("t.py::brief", saying, timeout=5, **base),
            declared("t.py::same", saying, **base),
        ]
    )
    assert [run.tests for run in plan] == [
        ["t.py::one", "t.py::same"],
        ["t.py::named"],
        ["t.py::fails"],
        ["t.py::brief"],
    ]


def test_the_outline_says_what_would_be_asked_of_a_cluster() -> None:
    plan = RunPlan.of(
        [
            declared(
                "t.py::made",
                on_a_volume,
                arguments={
                    "pvc_name": SeededVolume({"a": "b"}, size="2Gi"),
                    "bucket": ScratchBucket({"k": "v", "l": "w"}),
                },
            ),
            declared("t.py::one", saying, arguments={"text": "a" * 500}, share="module"),
            declared("t.py::two", saying, arguments={"text": "a" * 500}, share="module"),
            declared("t.py::bad", saying),
            declared("t.py::silent", silent),
        ]
    )
    message = "\n".join(plan_text(plan))
    for line in (
        "t.py::made",
        "  pipeline   on-a-volume",
        "  image      busybox",
        "  volume     2Gi, 1 files, ReadWriteOnce",
        "  bucket     2 objects",
        "  task       say: 2 x nvidia.com/gpu",
        "t.py::one, t.py::two",
        "  ERROR: pipeline saying needs an argument 'text'; its parameters: text, times",
        "  task       say: CPU 100m, memory limit 64Mi",
        "3 runs would be submitted, 1 cannot be submitted",
    ):
        assert f"\n{line}\n" in f"\n{message}\n", message
    assert max(map(len, message.splitlines())) < 160
