"""Sessions inside the cluster that they test: what has to be there for them.

```
rights.py       the rights of the session's account: those of the preflight's table, no more
variables.py    the settings of this session as variables and arguments of a container
pod.py          the pod: within the Pod Security Standard "restricted"
objects.py      account, claim, certificates, network policy, Job and CronJob around it
manifests.py    which of them make a Job, a CronJob or an account; as YAML
kinds.py        how objects of these kinds are made, found and deleted
detached.py     detached runs: submitted, found, deleted
state.py        the state of one in a line
following.py    its log
retrieval.py    its reports
commandline.py  kf-run
```
"""
