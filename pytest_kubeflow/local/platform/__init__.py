"""What an installation of Kubeflow holds besides what people make in it.

`components.py` is the table of the components that this cluster really runs, `workloads.py` makes
of each the objects that a cluster has of one that runs, `installation.py` adds what else a release
installs, and gives all of it as one list: the API server begins with that, so nobody sees a half of
it. Versions are those of one release, 26.03.1. What the embedded cluster does not run is not there.
"""
