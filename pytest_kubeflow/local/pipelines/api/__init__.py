"""The API server of Kubeflow Pipelines, v2beta1, over HTTP.

Each service has a file of its own (`experiments.py`, `pipelines.py`, `uploads.py`, `runs.py`, ...)
with its routes and handlers; `messages.py` writes answers, `errors.py` refusals, `access.py` knows
who may do what, `filters.py` and `listing.py` do lists. It records runs and makes their Workflow
objects; it does NOT run anything: that is the driver's part.
"""
