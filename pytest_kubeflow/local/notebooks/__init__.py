"""Notebooks: what Kubeflow's notebook controller does, and the image that notebooks run.

A Notebook becomes a StatefulSet of one pod, a Service and a VirtualService of the gateway. What is
asked of it by people's browsers is the jupyter web app's, in `webapps/`.
"""
