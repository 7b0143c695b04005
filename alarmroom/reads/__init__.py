"""Reads of articles and web editions, counted without cookie, script or address.

`note()` in noting.py keeps a request in memory; a thread of the process hashes and stores what was
noted every few seconds (alarmroom/buffer.py). summing.py makes figures of what is over and deletes
the rest, figures.py answers the desk. docs/decisions/counting-reads.md says what is known of whom.
"""
