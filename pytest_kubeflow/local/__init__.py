"""An embedded Kubeflow on loopback that really runs pipelines, as processes of this machine.

It stands in for a cluster where there is none: a Kubernetes API, controllers, a scheduler, a
kubelet, Kubeflow Pipelines with ML Metadata, an object store and a gateway, each in a room of its
own, which speak to each other over HTTP as the real ones do. `python -m pytest_kubeflow.local`
runs it; `pytest_kubeflow.local.cluster.LocalKubeflow` starts and stops it from Python. Nothing in
here knows pytest, or the client-side rooms that test it.
"""
