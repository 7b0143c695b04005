"""Compares and merges texts, for history, recovery and two people who edit at once.

Functions over clean HTML and plain values, without models. On clean HTML they add nothing but
`<ins>` and `<del>`, so what they return is as safe as what they were given. They never fail on
HTML that is broken. Their work grows with the length of the texts, up to a limit, beyond which
the rest is shown as replaced (sequences.Effort).

- blocks.py: a body as its paragraphs, headings, lists and so on
- sequences.py: what two sequences have in common, and where two people's changes meet
- pairs.py: which paragraph became which
- words.py: one block with the words that changed marked
- compare.py: two bodies, block by block
- merge.py: three bodies; values.py: three values, sets or lists of rows
"""
