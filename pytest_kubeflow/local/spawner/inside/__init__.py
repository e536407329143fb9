"""What runs in the spawner's own processes: the guard, PID 1 of the cluster, a container's start.

Started as `python -I -S` with this folder's parent on `sys.path`, so nothing here may import
anything but the standard library and its own siblings: start-up takes milliseconds, and the
processes that fork stay small and single-threaded.
"""
