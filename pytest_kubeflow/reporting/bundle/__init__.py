"""The bundle of evidence: for each failed test a folder with what the cluster tells of it.

```
bundler.py      Bundler: which folders there are; asked once for each failed test
collecting.py   what is read for one test: runs, pods, logs, the namespace, services
preflight.py    what is read where the preflight has failed
cluster.py      objects and logs of Kubernetes, as they go into files
cleaning.py     objects without what nobody must read, or wants to
folder.py       one folder: files that are redacted and bounded, and the index of them
budget.py       how much time and room a test and a session have
contents.py     the index of the whole bundle; a directory as one .zip
```
"""
