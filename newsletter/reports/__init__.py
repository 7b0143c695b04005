"""What happened to an issue: its figures, without knowing who read it.

A worker counts the ledger at times (counting.py, stored by storing.py), the desk's pages show what
is stored (newsletter/admin/report_pages.py), an editor is told once, a day later (telling.py).

Another part of the newsletter that knows something about an issue adds a section to the page: a
function that gets the request and the issue, and returns a `Section` (a heading, a template and
what the template needs) or None. It is registered in a module that newsletter/admin imports:

    from newsletter.reports import sections

    @sections.section
    def clicks(request: HttpRequest, issue: Issue) -> sections.Section | None:
        return sections.Section("Clicks", "admin/newsletter/report/clicks.html", {"links": ...})

The template stands below a heading of the second level and gets the context as `section`. Bars and
columns are drawn by charts.py, so that they look, print and read aloud like the others.
"""
