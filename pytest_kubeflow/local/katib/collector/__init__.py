"""The metrics collectors: what runs beside the primary container of a trial's pod.

Their images are hosted: a container of one has no process, and its work is done in the process of
the node, which sees the pod's files and when its other containers end. A real one is a process in
the pod, which is why the pod shares its processes there.
"""
