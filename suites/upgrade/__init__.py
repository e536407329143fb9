"""What is on a cluster survives its upgrade.

`pytest --kf-upgrade=before` leaves things that hold something known, and `--kf-upgrade=after`
looks at each of them. Before it is left, each is seen to work: what was broken then is no fault of
the upgrade.
"""
