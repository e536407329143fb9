"""Checks of what people open: web apps, profiles, notebooks, workflows, models."""
