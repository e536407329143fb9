"""The tasks of a run, as the package, the API and the Workflow have them."""
