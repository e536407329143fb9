"""Katib: experiments made, followed, compared with what their trials are known to do, removed."""
