"""Experiments of Kubeflow Pipelines, and the recurring runs in them.

```
schedule.py        when a recurring run is due: an interval or a cron expression
recurring_run.py   one recurring run: the runs it has started, switched on and off
experiment.py      one experiment: archived or not, its runs, and what is scheduled in it
creator.py         makes experiments, and removes them with all that is in them
```

The session's own experiment, in which `run_pipeline` puts its runs, is in `pipelines/`.
"""
