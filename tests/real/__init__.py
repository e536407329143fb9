"""Tests against a real Kubernetes control plane, which `tox run -e real` builds and starts."""
