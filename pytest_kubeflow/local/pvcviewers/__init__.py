"""PVCViewers: a file browser in front of a claim, as the volumes web app opens one."""
