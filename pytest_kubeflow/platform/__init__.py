"""Platform health: what of a Kubeflow is broken, and what mends it.

`snapshot` reads each kind of object once and remembers what it was not allowed to see; `checks` are
functions of a snapshot that give findings; `catalogue` has the faults that they look for, each with
its code; `health` puts that together, and `diagnosis` finds the fault behind a failed test.
"""
