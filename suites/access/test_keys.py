"""The object store keys of a profile open the objects of that profile, and no other's."""

from collections.abc import Callable

import pytest

from pytest_kubeflow import ObjectStoreError, ProfileKeys

CONTENT = b"for the owner of this profile"


def opens(action: Callable[..., object], *arguments: object) -> bool:
    """Whether the store does as it is told; other errors than a refusal are errors."""
    try:
        action(*arguments)
    except ObjectStoreError as error:
        if error.code != "AccessDenied":
            raise
        return False
    return True


def test_keys_of_one_profile_do_not_open_the_objects_of_another(
    profile_keys: ProfileKeys, other_profile_keys: ProfileKeys
) -> None:
    """Store keys of one profile read, list, write and remove nothing of another's."""
    ours = profile_keys.scratch()
    ours.put("kept.txt", CONTENT)
    try:
        # The other keys are good, at home.
        home = other_profile_keys.scratch()
        home.put("theirs.txt", b"theirs")
        assert home.list() == ["theirs.txt"]
        other_profile_keys.remove(home)

        seen = other_profile_keys.at(ours)
        actions: dict[str, tuple[Callable[..., object], ...]] = {
            "read": (seen.get, "kept.txt"),  # type: ignore[dict-item]
            "list": (seen.list,),
            "write": (seen.put, "kept.txt", b"overwritten"),  # type: ignore[dict-item]
            "remove": (seen.remove, "kept.txt"),  # type: ignore[dict-item]
        }
        done = [what for what, call in actions.items() if opens(*call)]
        if done:
            same = " (both have the same keys)" if profile_keys.same_as(other_profile_keys) else ""
            pytest.fail(
                f"the object store is open to all: the keys of profile "
                f"{other_profile_keys.namespace} {', '.join(done)} the objects of profile "
                f"{profile_keys.namespace}{same}"
            )
        assert ours.get("kept.txt") == CONTENT
        assert ours.list() == ["kept.txt"]
    finally:
        profile_keys.remove(ours)
