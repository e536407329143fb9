"""Which component of the platform a test is about, and what people do with it."""

from __future__ import annotations

from pathlib import PurePosixPath

_USES = {
    "access": "rely on who gets in",
    "gpu": "use GPUs",
    "katib": "tune models",
    "loop": "retrain and roll back models",
    "model_registry": "register models",
    "notebooks": "work in notebooks",
    "objectstore": "keep data in buckets",
    "pipelines": "run pipelines",
    "platform": "rely on the platform's parts",
    "resources": "get the CPUs, memory and GPUs that they ask for",
    "serving": "serve models",
    "tensorboards": "look at what training recorded",
    "training": "train on several nodes",
    "volumes": "keep data on volumes",
    "workflows": "run workflows",
}
_SUITES = "suites"


def component_of(nodeid: str) -> str:
    """The suite's folder ("serving"); for tests elsewhere their own folder, or their module."""
    path = PurePosixPath(nodeid.partition("::")[0])
    folders = path.parts[:-1]
    if _SUITES in folders[:-1]:
        return folders[folders.index(_SUITES) + 1]
    if folders and folders[-1] not in {_SUITES, "tests", "..", "."}:
        return folders[-1]
    return path.stem.removeprefix("test_") or "tests"


def use_of(component: str) -> str:
    """What people do with it: "serve models"; "" for a component that we do not know."""
    return _USES.get(component, "")
