"""Where inputs of tasks come from, and what runs hand from task to task."""
