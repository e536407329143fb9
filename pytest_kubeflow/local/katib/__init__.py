"""Katib: experiments that try parameters, their trials, and what these observe.

`experiments.py`, `suggestions.py` and `trials.py` are the controllers, each with what it makes and
says beside it; `webhook.py` fills in, refuses and wraps (`defaults.py`, `validation/`,
`injection.py`); `algorithms/` suggest; `collector/` is what runs beside a trial's container;
`dbmanager.py` keeps what it finds, `ui.py` shows it. `parts.py` puts all together. The parts meet
by gRPC, whose messages `messages.py` knows, as those of a real Katib do.
"""
