"""The Model Registry of Kubeflow: registered models, their versions, artifacts, and what is served.

Its REST API is that of kubeflow/model-registry v0.3.8, version v1alpha3.
"""
