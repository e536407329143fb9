"""The components that run in this process, with names, images and ports of the real ones.

`component.py` is what one is made of, a file each has those of one application, `installed.py` says
which of them an installation has. Facts: kubeflow/community-distribution, branch release-26.03.1,
applications/ and common/.
"""
