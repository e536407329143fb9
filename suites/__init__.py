"""Acceptance suites of a Kubeflow cluster: `pytest --kf-host=https://kubeflow.example.com suites`.

Each folder checks one thing that people do on a cluster. The suites use kfp and the public names
and fixtures of pytest_kubeflow only, so that a test can be copied into a project of your own.
"""
