"""The status of a Workflow, with nodes, names and results as Argo has them."""
