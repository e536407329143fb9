"""Training: Kubeflow's Trainer v2, and JobSet below it.

A TrainJob makes a JobSet, that makes Jobs and a Service by whose names their pods find each other.
`jobset/` and `trainer/` are the two operators; `release.py` says which releases of them there are.
"""
