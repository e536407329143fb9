"""The MLOps loop: trained, registered, served, retrained, gated, replaced, rolled back, traced."""
