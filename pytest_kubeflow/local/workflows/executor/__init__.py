"""Argo's executor: the containers `init` and `wait` of each pod, and what starts its programs.

`init` and `wait` are hosted: their work is done in the node's process, which sees the pod's volumes
and when its containers end, with the rights of the pod's account. What starts the programs of the
other containers is a program in the pod, `argoexec emissary`, as on a cluster; nothing of the
cluster imports it. Source: argo-workflows v3.7.3 cmd/argoexec and workflow/executor.
"""
