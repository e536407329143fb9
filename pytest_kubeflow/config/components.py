"""The components that a cluster can have or lack."""

COMPONENTS = (
    "gpu",
    "katib",
    "knative",
    "kserve",
    "notebooks",
    "objectstore",
    "pipelines",
    "profiles",
    "pvcviewers",
    "tensorboards",
    "training",
    "workflows",
)
"""What a cluster can have or lack, for --kf-require."""

_SPOKEN = {
    "gpu": "GPU",
    "katib": "Katib",
    "knative": "Knative",
    "kserve": "KServe",
    "objectstore": "object store",
    "profiles": "Profiles",
    "pvcviewers": "viewers of volumes",
    "tensorboards": "TensorBoards",
    "training": "training operator",
    "workflows": "Argo Workflows",
}


def missing(component: str) -> str:
    """What messages call the absence of a component: "no object store"."""
    return f"no {_SPOKEN.get(component, component)}"
