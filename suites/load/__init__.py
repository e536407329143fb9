"""What a cluster does with many runs at once: `pytest suites/load --kf-load=20`.

It stops by itself when the cluster suffers. All tests look at one load.
"""
