"""What a report tells of each test beside its outcome: its runs, and what the cluster was.

Records are taken before the runs are removed, and are plain data that was redacted and bounded:
they may go into HTML, JUnit and to other processes as they are. Whatever cannot be read is said in
the record: reporting never fails a test, nor hides why one has failed.
"""
