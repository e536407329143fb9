"""The launcher: the program around a component's own, inside the `main` container of its pod.

This directory is mounted into pods as an image, and `launch` is its program. There it runs with the
cluster's bare interpreter (`-I -S`), so it imports the standard library and its siblings only: no
site-packages, nothing of this project, exist inside a container. What is slow to import (urllib,
email, ssl, dataclasses, typing) is left out or imported where it is needed, because every task
starts with it.

`launch` starts `component.py`, which leads through the steps: `placeholders.py` fills in the
command, `artifacts.py` moves artifacts by `s3.py`, `child.py` runs the component, whose `output.py`
is copied, `outputs.py` collects what it left (`executor_output.py` is the form of the SDK's file),
`report.py` tells the API. `http_request.py` is the HTTP under artifacts and report.
"""
