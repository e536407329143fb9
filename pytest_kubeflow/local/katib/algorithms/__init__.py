"""The services of algorithms: suggestions at random, on a grid and by TPE, and median stopping.

In a real Katib each experiment has a process of its own, with a memory of what it has suggested.
Here one server answers for all pods of these images, and learns what it needs from each request.
"""
