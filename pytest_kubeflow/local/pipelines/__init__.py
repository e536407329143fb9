"""Kubeflow Pipelines of the embedded cluster, in rooms that mirror the real parts.

`api/` is the API server, `driver/` runs what it records, `launcher/` is the program inside each
task's pod, `spec/` the compiled pipeline that all of them speak of. They meet in Workflow and Pod
objects of the Kubernetes API and in `store.py`; `persistence.py` carries the state of Workflows
into it.
"""
