"""Who gets at the registry: nobody without a login, and no other profile."""

import pytest

from pytest_kubeflow import (
    AccountToken,
    Callers,
    CallerSession,
    KubeflowConfig,
    ModelRegistry,
    known_weakness,
)

MODELS = "registered_models"


def reads(caller: CallerSession, registry: ModelRegistry, name: str) -> bool:
    """Whether `caller` reads a model of ours. Fails where it is neither given nor refused."""
    reply = caller.get(f"{registry.client.url}/{registry.client.version}/{MODELS}?pageSize=1000")
    if reply.is_refusal:
        return False
    assert f'"{name}"' in reply.text, f"the registry tells {caller.name} something else: {reply}"
    return True


def writes(caller: CallerSession, registry: ModelRegistry, model: str) -> bool:
    """Whether `caller` changes a model of ours."""
    path = f"{registry.client.url}/{registry.client.version}/{MODELS}/{model}"
    reply = caller.send("PATCH", path, body={"description": caller.name, "state": "LIVE"})
    if reply.is_refusal:
        return False
    found = registry.client.get(f"{MODELS}/{model}")
    assert found.get("description") == caller.name, f"{caller.name} gets {reply} for a change"
    return True


def test_strangers_are_refused_and_we_get_in(
    model_registry: ModelRegistry, callers: Callers
) -> None:
    """The Model Registry gives us our models, and nothing without credentials."""
    name = model_registry.new_name()
    model_registry.register(name, "v1", uri="s3://models/one")
    stranger = callers.anonymous()
    if reads(stranger, model_registry, name):
        pytest.fail(f"the Model Registry is open to all: {stranger.name} reads {name}")
    assert reads(callers.owner(), model_registry, name), "the Model Registry refuses us, too"


def test_a_foreign_account_is_refused(
    model_registry: ModelRegistry,
    callers: Callers,
    foreign_account: AccountToken,
    kf_config: KubeflowConfig,
) -> None:
    """An account of another namespace neither reads nor changes our models."""
    name = model_registry.new_name()
    made = model_registry.register(name, "v1", uri="s3://models/one")
    theirs = callers.bearer(foreign_account.token, f"the foreign account {foreign_account.user}")
    done = [
        verb
        for verb, succeeds in (
            ("reads", reads(theirs, model_registry, name)),
            ("changes", writes(theirs, model_registry, made.model_id)),
        )
        if succeeds
    ]
    if done:
        seen = f"{theirs.name} {' and '.join(done)} {name}"
        known_weakness(kf_config, "model-registry-open", seen)
