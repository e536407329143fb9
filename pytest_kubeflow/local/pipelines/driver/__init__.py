"""The driver: runs the pipelines that Workflow objects hold.

It does the work of two real parts, Argo's workflow controller and KFP's driver. `engine.py` watches
Workflows and keeps a `RunWorker` (`run.py`) for each run; `dag.py` walks the tasks, `inputs/` finds
what they are given, `task.py` does one of them by a pod (`pods/`), `mlmd/` writes to ML Metadata,
`workflow/` into the Workflow. What happens inside a task's pod is NOT here: that is the launcher.
"""
