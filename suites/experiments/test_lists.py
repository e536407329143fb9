"""Lists are whole, in order, and hold what was asked for."""

import json
import secrets
from typing import Any

import pytest

from pytest_kubeflow import PipelineExperiment, PipelineExperimentCreator

COUNT, PAGE = 5, 2


@pytest.fixture
def experiments(pipeline_experiment: PipelineExperimentCreator) -> list[PipelineExperiment]:
    """Experiments whose names have one part in common that no other one has, in no order."""
    stem = f"kf-list-{secrets.token_hex(4)}"
    return [pipeline_experiment(f"{stem}-{letter}") for letter in "cebad"[:COUNT]]


def stem_of(experiments: list[PipelineExperiment]) -> str:
    return experiments[0].name.rsplit("-", 2)[0]


def listed(client: Any, predicate: dict[str, Any], sort_by: str) -> list[list[str]]:
    """The names on each page."""
    pages: list[list[str]] = []
    token = ""
    while True:
        page = client.list_experiments(
            page_token=token,
            page_size=PAGE,
            sort_by=sort_by,
            filter=json.dumps({"predicates": [predicate]}),
        )
        pages.append([one.display_name for one in page.experiments or ()])
        token = page.next_page_token or ""
        assert len(pages) <= COUNT + 1, f"the list has no end: {pages}"
        if not token:
            return pages


@pytest.mark.parametrize(("order", "reverse"), [("asc", False), ("desc", True)])
def test_pages_hold_each_once_and_in_order(
    experiments: list[PipelineExperiment], kfp_client: Any, order: str, *, reverse: bool
) -> None:
    """Pages of a list have each object once, in the order that was asked for."""
    part = {
        "operation": "IS_SUBSTRING",
        "key": "display_name",
        "stringValue": stem_of(experiments),
    }
    pages = listed(kfp_client, part, f"display_name {order}")
    assert [len(page) for page in pages] == [2, 2, 1], f"pages of {PAGE} are {pages}"
    names = [name for page in pages for name in page]
    assert names == sorted((one.name for one in experiments), reverse=reverse)


def test_filters_leave_out_what_was_not_asked_for(
    experiments: list[PipelineExperiment], kfp_client: Any
) -> None:
    """A filter returns what it names and nothing else."""
    wanted = experiments[2].name
    equal = {"operation": "EQUALS", "key": "display_name", "stringValue": wanted}
    found = listed(kfp_client, equal, "display_name asc")
    assert found == [[wanted]], f"asked for {wanted} alone, the pipelines API lists {found}"
    nobody = {**equal, "stringValue": f"{wanted}-{secrets.token_hex(4)}"}
    found = listed(kfp_client, nobody, "display_name asc")
    assert found == [[]], f"asked for what nobody made, the pipelines API lists {found}"
