"""A task that fails, and attempts that fail before one succeeds."""

import pytest

from pytest_kubeflow import Workflow

pytestmark = [pytest.mark.kf_requires("workflows"), pytest.mark.kf_images("--kf-base-image")]

ATTEMPTS = 3


@pytest.fixture
def failed(failing: Workflow) -> Workflow:
    """The DAG after its end, which is a bad one."""
    return failing.wait(ended="Failed")


@pytest.fixture
def retried(retrying: Workflow) -> Workflow:
    """The steps after their end."""
    return retrying.wait()


def test_what_waits_for_a_failure_is_omitted(failed: Workflow) -> None:
    """Tasks after one that failed are Omitted; others run."""
    phases = {name: failed.node(name).phase for name in ("broken", "after", "later", "beside")}
    wanted = {"broken": "Failed", "after": "Omitted", "later": "Omitted", "beside": "Succeeded"}
    assert phases == wanted, failed.table()


def test_a_failure_is_told_with_its_exit_code_and_its_words(failed: Workflow) -> None:
    """A task that failed has its exit code, its message and its log."""
    broken = failed.node("broken")
    assert (broken.exit_code, broken.message) == (3, "main: Error (exit code 3)")
    assert failed.log(broken) == "nothing to be had\n"


def test_the_exit_handler_of_a_failure_knows_of_it(failed: Workflow) -> None:
    """The exit handler is told that the Workflow has failed."""
    assert failed.log(f"{failed.name}.onExit") == "the Workflow is Failed\n"


def test_attempts_are_made_until_one_succeeds(retried: Workflow) -> None:
    """A retryStrategy makes attempts until one succeeds."""
    phases = [one.phase for one in retried.nodes if one.display_name.startswith("attempt(")]
    assert phases == ["Failed", "Failed", "Succeeded"], retried.table()
    around = retried.node("attempt")
    assert (around.type, around.phase) == ("Retry", "Succeeded"), retried.table()
    assert around.parameters == {"number": str(ATTEMPTS - 1)}


def test_a_claim_of_its_own_keeps_what_attempts_wrote(retried: Workflow) -> None:
    """A claim of a volumeClaimTemplate keeps what all attempts wrote."""
    lines = "".join(f"attempt {number}\n" for number in range(ATTEMPTS))
    assert retried.log("count") == lines


def test_a_claim_of_its_own_goes_with_success(retried: Workflow) -> None:
    """A claim of a volumeClaimTemplate is removed after success."""
    left = retried.workload.claims()
    assert not left, f"Workflow {retried.name} has succeeded, and its claims stay: {left}"


def test_the_exit_handler_of_a_success_knows_of_it(retried: Workflow) -> None:
    """The exit handler is told that the Workflow has succeeded."""
    assert retried.log(f"{retried.name}.onExit") == "the Workflow is Succeeded\n"
