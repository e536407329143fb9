"""The preflight: whether a cluster is fit for the tests that are selected.

```
preflight.py    all checks, side by side where they can be; one verdict
needs.py        what the selected tests need
workplace.py    the namespace to work in, and what runs find there
pipelines.py    what the KFP API and ML Metadata answer to us
rightstable.py  what the tests need to be allowed at Kubernetes
rights.py       what of that we lack
rbac.py         the RBAC that allows it
store.py        the object store
registries.py   images of one's own, and the registry that tests push to
components.py   what the cluster has, and which tests will not find what they need
table.py        the findings as text
```
The way in itself is checked where it is gone: in cluster/entry.py.
"""
