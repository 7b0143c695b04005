"""The texts that every publication owes its readers, for editors to make their own.

A migration brings them, and not the demo: a site in production needs a privacy page on its
first day, and a later deploy must not bring back what an editor changed or removed.
"""

from email.utils import parseaddr

from django.conf import settings
from django.db import migrations

ABOUT = """<p>Somebody has the worst minute of their life, and somebody else answers. The Alarm Room is written for the second one: for 911 call-takers and dispatchers, and for the people who train, schedule and lead them.</p>
<h2>What we publish</h2>
<p>Articles on the craft and on the room around it: call-taking and radio, training, quality review, staffing, leadership, and staying well in a job that does not let go at the end of the shift. An article should be of use on the next shift, or it is not ready.</p>
<p>Once a week the best of it goes out by mail as <a href="/weekly-alarm/">The Weekly Alarm</a>. It is free, and so are the leadership resources that come with it.</p>
<h2>How we work</h2>
<ul>
<li><strong>We name our authors.</strong> Every article says who wrote it and what they do.</li>
<li><strong>We guard callers and colleagues.</strong> Calls are changed so that nobody in them can be recognized.</li>
<li><strong>We correct ourselves.</strong> An article that changed in substance shows the date. One that we no longer stand by is withdrawn, and its address says so.</li>
<li><strong>We are not your protocol.</strong> What stands here is experience and opinion. Where it differs from your center’s policies or your medical director’s orders, those win.</li>
</ul>
<p>Something missing, or wrong? <a href="/contact/">Write to us.</a></p>"""

CONTACT = """<p><strong>In an emergency, call 911.</strong> This is a publication, and nobody here can send help.</p>
<h2>Write to us</h2>
<p>Everything reaches us at <a href="mailto:{address}">{address}</a>. We read all of it.</p>
<ul>
<li><strong>A correction:</strong> tell us the article and what is wrong with it. This is the mail we answer first.</li>
<li><strong>A story:</strong> a few sentences are enough to begin with. Please leave out whatever could identify a caller, a patient or a colleague.</li>
<li><strong>The Weekly Alarm:</strong> every issue has a link at its foot that unsubscribes you at once. If it fails you, write to us and we do it by hand.</li>
<li><strong>Trouble with the site:</strong> tell us the page and the device. See also <a href="/accessibility/">Accessibility</a>.</li>
</ul>
<p>Our postal address stands at the foot of every page.</p>"""

PRIVACY = """<p>In short: we do not watch you read, subscribing costs you a mail address and nothing else, and nothing about you is sold.</p>
<h2>When you read</h2>
<p>The pages of this site set no cookies. They load nothing from other companies: no analytics, no advertising, no fonts, no players, no share buttons that watch you. There is nothing to consent to, so no banner asks you.</p>
<p>Our server’s log may hold the network address of your device, the page and the time, for as long as it takes to keep the service running and to fend off attacks. We do not join it with anything else.</p>
<h2>When you subscribe</h2>
<p>We store your mail address and the times at which you subscribed, confirmed and unsubscribed. We also keep a record of your consent: the words that stood beside the button, the page and the time. It holds no network address.</p>
<p>We use your address to send you The Weekly Alarm and the free resources, and for nothing else. We give it to nobody but the mail service that carries the issue.</p>
<p>Our mails hold no hidden pictures and no links that count. We know whether your mail server took an issue; we do not know whether you opened it.</p>
<h2>When you leave</h2>
<p>The link at the foot of each mail unsubscribes you at once. Ask us, and we delete your address from the list of subscribers as well. Two things stay: the record of your consent, which is our proof, and, if your mail server refused us or you asked never to be written to again, a note that keeps that promise.</p>
<h2>Your rights</h2>
<p>You may ask what we hold about you, have it corrected, and have it deleted. Write to <a href="mailto:{address}">{address}</a>, from the address in question where you can.</p>"""

ACCESSIBILITY = """<p>Dispatchers read this at three in the morning, between two calls, on whatever screen is near. It has to work for all of them.</p>
<h2>What we aim at</h2>
<p>We build the site to meet the Web Content Accessibility Guidelines 2.2 at level AA, and test every kind of page against them.</p>
<ul>
<li>Everything can be reached and used with a keyboard alone, and a visible frame shows where you are.</li>
<li>The pages can be enlarged to 200 percent and read on a narrow screen without scrolling sideways. Only wide tables scroll, each in its own box.</li>
<li>Light and dark follow your device, or your own choice. Nothing moves if your device asks for less motion.</li>
<li>Headings, lists, tables and landmarks are marked up as what they are, and pictures that say something have a text that says it, too.</li>
<li>Reading and subscribing need no script.</li>
</ul>
<h2>What we know is not good enough</h2>
<p>Authors describe their own pictures, and some describe them better than others. The free resources are PDFs, which screen readers handle less well than pages. Ask us for any of them as plain text.</p>
<h2>Tell us</h2>
<p>If something stands in your way, write to <a href="mailto:{address}">{address}</a>. Tell us the page and what you use to read it. We answer, and we mend it.</p>"""

PAGES = [
    (
        "about",
        "About",
        "Who The Alarm Room is for, what we publish, and what we promise about it.",
        ABOUT,
    ),
    ("contact", "Contact", "How to reach the editors of The Alarm Room.", CONTACT),
    (
        "privacy",
        "Privacy",
        "What we store about readers and subscribers, why, and how to have it deleted.",
        PRIVACY,
    ),
    (
        "accessibility",
        "Accessibility",
        "How The Alarm Room is made to be read by everybody, and where to report what is not.",
        ACCESSIBILITY,
    ),
]


def texts():
    _, address = parseaddr(settings.DEFAULT_FROM_EMAIL)
    for position, (slug, title, summary, body) in enumerate(PAGES, start=1):
        yield (
            slug,
            {
                "title": title,
                "summary": summary,
                "body": body.replace("{address}", address),
                "position": position,
            },
        )


def create(apps, schema_editor):
    pages = apps.get_model("posts", "Page").objects.using(schema_editor.connection.alias)
    for slug, fields in texts():
        pages.get_or_create(slug=slug, defaults=fields)


def remove_untouched(apps, schema_editor):
    pages = apps.get_model("posts", "Page").objects.using(schema_editor.connection.alias)
    for slug, fields in texts():
        pages.filter(slug=slug, **fields).delete()


class Migration(migrations.Migration):
    dependencies = [("posts", "0004_images")]

    operations = [migrations.RunPython(create, remove_untouched)]
