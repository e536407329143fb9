"""The two languages of Argo's expressions.

`evaluation` is expr-lang, of `{{=...}}`, `depends`, `valueFrom.expression` and `retryStrategy`;
`when` is govaluate, of `when` alone. Neither has an implementation in Python that is kept: CEL's
differ in closures, operators and words, and what evaluates Python is neither. So expr's grammar is
one for lark, and govaluate's, whose complaints a Workflow shows, is read by hand.
"""
