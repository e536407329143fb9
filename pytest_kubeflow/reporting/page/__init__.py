"""Page: a whole session as one HTML file, for people.

```
document.py    `render`: the file, its Content-Security-Policy, its largest size
visible.py     texts of a cluster as they can be shown: nothing in them acts, nothing hides
budget.py      how much of the long texts there is room for
contents.py    what the page shows, section by section; what templates read
causes.py tests.py runs.py nights.py      the sections that are more than a list
picture.py     the graph of a run, with nested DAGs as groups
layered.py     where the nodes of one DAG stand
timeline.py    bars on a common axis of time
marks.py wording.py links.py              states, durations and dates, which links are alive
templates/     HTML, the style sheet and the script
```

Nothing here knows pytest or a cluster: records go in, text comes out.
"""

from pytest_kubeflow.reporting.page.document import render

__all__ = ["render"]
