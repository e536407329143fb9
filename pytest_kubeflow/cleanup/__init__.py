"""What sessions left on a cluster, of all kinds: listed, and removed on request.

```
remnants.py   one thing that a session made, wherever it is
search.py     all of them: Kubernetes, pipelines, object store
removal.py    which of them go, and how each of them ended
```
"""
