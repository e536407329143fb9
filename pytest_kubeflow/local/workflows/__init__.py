"""Argo Workflows: a controller and an executor for Workflows that people make themselves.

`controller.py` looks at a Workflow whenever it or something of it changes; `operation.py` is one
such look. In it `execution.py` runs a template, `steps.py` and `dag.py` those that are made of
others, `retry.py` repeats, `expansion.py` makes iterations, `outputs.py` and `scope.py` pass on
what nodes give, `nodes.py` is the tree that the status shows. `podspec.py` is a node's pod,
`assessment.py` what that has come to, `executor/` what runs in it beside the program. `validation/`
says in Argo's words what it would not run, `support.py` what is not run here. It is NOT what runs
pipelines: those are the driver's.
"""
