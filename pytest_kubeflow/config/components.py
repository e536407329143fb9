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
    "training",
    "workflows",
)
"""What a cluster can have or lack, for --kf-require."""
