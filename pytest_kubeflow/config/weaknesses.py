"""Weaknesses that releases of Kubeflow are known for, and that an administrator may accept."""

WEAKNESSES = {
    "model-registry-open": (
        "the policy of the Model Registry names nobody (26.03.1): whoever gets through the gateway "
        "reads and writes the models of all profiles"
    ),
}
"""What is wrong, by the name that --kf-accept takes."""
