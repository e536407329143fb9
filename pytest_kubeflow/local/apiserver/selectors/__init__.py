"""Which objects of a collection a request chooses."""
