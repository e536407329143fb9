"""When declared runs are submitted: all before the first test, or each with its own test.

```
declaration.py   one test's declaration of a run, read from its marker
plan.py          the runs of a session, made from the declarations of the selected tests
scheduler.py     submits them, a bounded number at a time, and hands them to their tests
progress.py      what is told of them meanwhile
plan_text.py     the plan as text, for --kf-plan
plugin.py        pytest's hooks for all of these
```
"""
