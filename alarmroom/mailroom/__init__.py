"""The mail server of a development machine, and the pages that show what it got.

Nothing here runs in production: the pages are only routed with DEBUG on, and the server
is started by `manage.py develop` alone.
"""
