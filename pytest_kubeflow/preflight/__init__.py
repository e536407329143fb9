"""The preflight: whether a cluster is fit to be tested, before the first test.

```
preflight.py   all checks, side by side where they can be; one verdict
rights.py      what the tests need to be allowed, and the RBAC that allows it
store.py       the object store
table.py       the findings as text
```
The way in itself is checked where it is gone: in cluster/entry.py.
"""

from pytest_kubeflow.preflight.preflight import Preflight, preflight

__all__ = ["Preflight", "preflight"]
