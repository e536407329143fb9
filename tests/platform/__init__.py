"""Platform health, as a library: snapshots, checks, the catalogue."""
