"""The thread that follows the runs of a session, and what keeps these from going on."""
