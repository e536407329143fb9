"""Components run in an image of one's own: in that one, with all that it has to have."""

import pytest

from pytest_kubeflow import OwnImage

from .conftest import Facts, Ran, RunIn
from .pipelines import counting, looking

pytestmark = pytest.mark.kf_images("--kf-image")


def test_a_container_component_runs_in_it(own_image: OwnImage, run_in: RunIn, ran: Ran) -> None:
    """A container component runs in the user's image: its modules, platform, user and digest.

    Nothing of kfp is installed in it.
    """
    pipeline = looking(own_image.name, own_image.pull_secrets, imports=own_image.imports)
    run = run_in(own_image, pipeline)
    seen = Facts.of(run)
    missing = {name: said for name, said in seen.imports.items() if said != "ok"}
    assert not missing, f"{own_image} lacks modules: {missing}"
    found = ran(run, own_image.name)
    if own_image.digests:
        message = f"another image ran than was asked for: {found}, not {own_image.digest}"
        assert found.digest in own_image.digests, message
    if own_image.remote is not None:
        users = own_image.remote.users
        message = f"{own_image} is for {', '.join(users)}, and ran on {seen.architecture}"
        assert seen.architecture in users, message
        user = users[seen.architecture].partition(":")[0] or "0"
        # The name of a user is in the image alone; a policy may set another one.
        if user.isdecimal():
            assert seen.user == user, f"{own_image} ran as user {seen.user}, not as {user}"


def test_a_python_component_runs_in_it(own_image: OwnImage, run_in: RunIn) -> None:
    """A Python component runs in the user's image, and its result is right.

    It installs kfp when it starts, as KFP's compiler has it.
    """
    pipeline = counting(own_image.name, own_image.pull_secrets, has_kfp=False)
    run = run_in(own_image, pipeline, number=41)
    assert run.outputs["Output"] == 42
