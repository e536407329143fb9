"""The face of pip in a container's environment; `install.py` beside it does the work."""

__version__ = "25.0"
