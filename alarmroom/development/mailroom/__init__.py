"""The mail server of a development machine, and the pages that show the mails it received.

Nothing here runs in production: the pages are only routed with DEBUG on, and only
`manage.py develop` starts the server.
"""
