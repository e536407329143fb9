"""The driver: runs the pipelines that Workflow objects hold.

It does the work of two real parts, Argo's workflow controller and KFP's driver. `engine.py` watches
Workflows and pods and keeps a `RunWorker` (`run.py`) for each run; `dag.py` walks the tasks,
`resolve.py` finds their inputs, `pod.py` and `platform.py` make their pods, `outputs.py` says where
outputs go, `mlmd_recorder.py` writes to ML Metadata, `status.py` into the Workflow. What happens
inside a task's pod is NOT here: that is the launcher.
"""
