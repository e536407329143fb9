"""Acceptance tests of Katib: experiments whose every number is checked."""
