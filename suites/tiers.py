"""Tiers: how far one goes with a cluster, and which tests belong to it.

Each test of the suites has exactly one of `kf_full`, `kf_slow`, `kf_gpu` and `kf_load`; those of
the smoke tier are of `kf_full`, and have `kf_smoke` beside it. All but that tier follow from the
markers that tests have anyway, so that a new test is of one without being listed.
"""

from __future__ import annotations

from collections.abc import Collection

SMOKE = (
    "access/test_endpoints.py",
    "access/test_identity.py::test_what_a_stranger_says_of_itself_counts_for_nothing",
    "access/test_login.py",
    "katib/test_access.py::test_strangers_are_refused_and_the_owner_gets_in",
    "model_registry/test_versions.py::test_a_version_comes_back_as_it_was_registered",
    "objectstore/test_keys.py",
    "objectstore/test_model_round_trip.py::test_model_round_trip",
    "pipelines/test_pythagorean.py::test_every_task_returns_its_number",
    "platform",
    "volumes/test_sort.py",
    "workflows/test_steps.py",
)
"""Folders, files and tests of the smoke tier, below the folder of the suites.

What a component can do at all, where that is quick: nothing that pulls gigabytes (notebooks, model
servers), trains, or waits for a refusal to become certain. The platform's health is looked at
whole, which tells of the controllers of these.
"""

_APART = ("kf_slow", "kf_gpu", "kf_load")


def tiers_of(test: str, *, markers: Collection[str], required: Collection[str]) -> tuple[str, ...]:
    """The tiers that a test has by this, without those that are among its `markers` already.

    `test` is its id below the folder of the suites, `required` names what its markers
    `kf_requires` name.
    """
    found = ["kf_gpu"] if "gpu" in required and "kf_slow" not in markers else []
    if not found and not any(one in markers for one in _APART):
        found.append("kf_full")
        if any(_is_of(test, place) for place in SMOKE):
            found.append("kf_smoke")
    return tuple(one for one in found if one not in markers)


def _is_of(test: str, place: str) -> bool:
    """Whether it is that test with whatever parameters, or a test below that file or folder."""
    return test == place or test.startswith((f"{place}/", f"{place}::", f"{place}["))
