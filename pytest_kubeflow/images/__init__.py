"""Which images the tests of a session pull, and who of them needs each."""
