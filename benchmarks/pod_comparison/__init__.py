"""The same pods on two nodes of one cluster, and what differs between the two kubelets.

`python -m benchmarks.pod_comparison KUBECONFIG REAL_NODE OUR_NODE [--only REGEX] [--report FILE]`

Both nodes must have an image `python:3.11` with a shell. Ours is joined by
`python -m pytest_kubeflow.local.kubelet --kubeconfig FILE --node-name OUR_NODE --host-path /tmp`.
`cases.py` holds the pods, `observation.py` what is noted of one, `table.py` what is printed. Pods
run in the namespaces `pods-<node>`, which are made anew each time and stay, to be looked at.
"""
