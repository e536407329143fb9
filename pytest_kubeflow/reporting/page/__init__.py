"""Page: a whole session as one HTML file, for people.

```
document.py    `render`: the file, its Content-Security-Policy, its largest size
contents.py    what the page shows, section by section; what the templates read
heading.py causes.py run_list.py runs.py night.py remainder.py nights.py cluster.py tests.py
               the sections
picture.py     the graph of a run, with nested DAGs as groups
nesting.py layered.py ranking.py          who is in which group; where nodes stand; in which layer
timeline.py    bars on a common axis of time
visible.py     texts of a cluster as they can be shown: nothing in them acts, nothing hides
budget.py      how much of the long texts there is room for
marks.py wording.py links.py              states, durations and dates, which links are alive
templates/     HTML, the style sheet and the script
```

Nothing here knows pytest or a cluster: records go in, text comes out.
"""

from pytest_kubeflow.reporting.page.document import render

__all__ = ["render"]
