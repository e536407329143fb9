"""Conformance: what a platform of a release of Kubeflow has to pass, and the bundle that shows it.

```
releases/         the tests of each release, one file a release; demands.toml says what each demands
requirements.py   the list of a release, and its digest
demands.py        what each test demands, why, and by which document of Kubeflow's
product.py        PRODUCT.yaml: whose platform it is
inventory.py      what is installed there: images by digest, kinds with their versions, parts
results.py        how each test of the list ended
bundle.py         the files of a bundle: functions of these, the same bytes for the same
seal.py           SHA256SUMS, and the digest of the whole
archive.py        a bundle as a directory or a .zip, written and read
verification.py   whether a bundle that somebody sends shows what it claims
```
"""
