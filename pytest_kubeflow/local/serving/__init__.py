"""KServe of the embedded cluster: from an InferenceService to pods that answer.

`controller.py` watches InferenceServices and makes a Deployment, a Service and an Ingress for
each, as kserve-controller-manager does. `runtimes.py` chooses the ServingRuntime, `predictor.py`
makes the pod of both, `storage.py` puts the storage initializer before it; `conditions.py` and
`modelstatus.py` tell how it went. `sklearnserver/` and `initializer/` are programs that run inside
those pods, and `images.py` makes images of them.
"""
