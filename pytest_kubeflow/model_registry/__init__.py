"""The Model Registry of a Kubeflow: which models there are, their versions, where they lie."""
