"""What ends a task."""


class ComponentError(Exception):
    """The component, or what is around it, failed; the message goes into log and report."""
