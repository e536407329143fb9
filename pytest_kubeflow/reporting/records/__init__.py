"""Records: what a session found, as plain data that was redacted and bounded.

```
session.py    the session as a whole: verdict, cluster, tests, causes, what was left behind
tests.py      one test: outcome, the sentence that says why, evidence
runs.py       one run of a pipeline, with its tasks
experiments.py  one experiment of Katib, with its trials
lineage.py      what made the model that a service serves
excerpts.py   how values and texts of a cluster become plain data
trend.py      what earlier sessions on the same cluster say of this one
document.py   a session as JSON: written, read, and the schema of it
```

Every report is made of these and of nothing else.
"""
