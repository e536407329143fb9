"""Load: many runs at once, what they and the cluster's APIs took, and when it is too much.

```
plan.py        how many runs, and what bounds them
latencies.py   what requests to the APIs took, and how many were refused
sampler.py     asks the APIs all through the load, and keeps what pods tell
guard.py       whether the cluster suffers: its nodes, its APIs
pulls.py       how long images were pulled, by the kubelets' events
moments.py     what a run waited for, by the cluster's own records
figures.py     percentiles
summary.py     what reports and histories keep of one load
comparison.py  against an earlier one
table.py       both as lines for the terminal
loaded_run.py  one run of a load
loadtest.py    submits runs, follows them, ends what has to be ended
measuring.py   the summary of what was seen
load.py        one load that is over: its runs, what is listed of them, their removal
```
"""
