"""The launcher: the program around a component's own, inside the `main` container of its pod.

This directory is mounted into pods as an image, and `launch` is its program. There it runs with the
cluster's bare interpreter (`-I -S`), so it imports the standard library only, and nothing of this
project: no site-packages, no import of ours, exist inside a container. Each module leaves out what
is slow to import (urllib, email, ssl, http.client), because a task starts with it.

`launch` reads the options, `placeholders.py` fills in the command, `artifacts.py` and `s3.py` move
artifacts, `outputs.py` collects parameters, `child.py` runs the component, `report.py` tells the
API.
"""

from pathlib import Path

DIRECTORY = Path(__file__).parent
