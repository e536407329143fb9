"""JobSet: several Jobs that begin, end and fail as one."""
