"""How often the links of an issue are followed, without knowing by whom.

The mail's side is in newsletter/mail/clicks.py. Here: where links lead (targets.py), the redirect
(redirecting.py), what was asked, kept in memory and stored in batches (noting.py), what of it was
people (judging.py), settled by the tick (settling.py), and what the desk shows (figures.py).
docs/decisions/counting-clicks.md has the reasons.
"""
