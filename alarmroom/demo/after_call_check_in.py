"""The Supervisor's After-Call Check-in: a guide, a log to fill in and a briefing agenda."""

from reportlab.platypus import Paragraph

from alarmroom.demo.paper import BODY, fields, grid, page, pull, section, space, ticks
from alarmroom.demo.paper import build as build_paper

MOMENTS = [
    [
        "<b>Ten minutes</b><br/>at the console",
        "“That was a hard one. I’m taking your position for ten minutes.”",
        (
            "Relief first, talk second. Walk with them to a door, "
            "water, air. Stay if they want you to."
        ),
    ],
    [
        "<b>Before they go home</b><br/>same shift",
        "“I heard it. You did the work. Here is what I know about how it ended.”",
        "Give the outcome if they want it. Offer a peer by name. Ask who is at home tonight.",
    ],
    [
        "<b>Three days</b>",
        "“How have you slept since Tuesday?”",
        (
            "In person or by telephone, never by e-mail. Listen "
            "for sleep, temper, replaying, avoiding."
        ),
    ],
    [
        "<b>Three weeks</b>",
        "“I’m still thinking about that call. Are you?”",
        (
            "What has not eased by now deserves a clinician. Make "
            "the call together, with them in the room."
        ),
    ],
]


def build() -> bytes:
    """Return the PDF."""
    opening = [
        space(4),
        Paragraph(
            "For shift leads and supervisors. It does not replace your stress management policy, "
            "your employee assistance program or a clinician, and it is never part of a review of "
            "how the call was handled. It is about the person, and about the next ten minutes.",
            BODY,
        ),
        pull("You do not need the right words. You need to walk over."),
    ]
    pages = [
        *page(
            "The guide",
            "Four moments. Put the last two in your calendar before the first is over, because you "
            "will not remember and they will not ask.",
            grid(["When", "You might say", "What you do"], MOMENTS, [20, 38, 42]),
            section(
                "Calls that start a check-in by themselves",
                ticks(
                    [
                        "A child badly hurt or dead",
                        "A caller who died on the line",
                        "A suicide, threatened or completed",
                        "A responder hurt, or a mayday",
                        "Somebody the dispatcher knows",
                        "Violence heard as it happened",
                        "A long open line with no ending",
                        "Anything the shift lead thinks of",
                    ],
                    columns=2,
                ),
            ),
            section(
                "Words",
                grid(
                    ["Leave out", "Because", "Say instead"],
                    [
                        [
                            "“Are you okay?”",
                            "It has only one answer.",
                            "“I’m here. No need to talk.”",
                        ],
                        [
                            "“At least …”",
                            "It argues with what they feel.",
                            "“That was a terrible thing to hear.”",
                        ],
                        [
                            "“In my day …”",
                            "It makes the call about you.",
                            "Nothing. Pour the coffee.",
                        ],
                        [
                            "“You should have …”",
                            "That is a review. Not now, and not you.",
                            "“We can listen to it together, later, if you want.”",
                        ],
                        [
                            "“Take all the time you need.”",
                            "It hands them a decision.",
                            "“Ten minutes. I’ve got your channel.”",
                        ],
                    ],
                    [27, 33, 40],
                ),
            ),
        ),
        *page(
            "The log",
            "Copy this page. It is private to you: write what you did and what you "
            "promised; never what was said. Keep it "
            "apart from personnel files, and ask counsel how long to keep it at all.",
            *[
                section(
                    f"Check-in {n}",
                    fields(
                        [
                            [
                                (f"who_{n}", "Initials", 2),
                                (f"date_{n}", "Date and time of the call", 3),
                                (f"relief_{n}", "Relieved for (minutes)", 2),
                                (f"peer_{n}", "Peer offered", 2),
                            ],
                            [
                                (f"home_{n}", "Before going home: done", 3),
                                (f"days_{n}", "Three days: date, done", 3),
                                (f"weeks_{n}", "Three weeks: date, done", 3),
                            ],
                        ],
                        height=17,
                    ),
                    fields([[(f"promise_{n}", "What I promised, and by when", 1)]], height=46),
                )
                for n in range(1, 4)
            ],
        ),
        *page(
            "Brief your shift in twenty minutes",
            "Do this once with every shift before you need it, and again whenever somebody new has "
            "joined. Cover the phones, put the chairs in a circle, start on time.",
            grid(
                ["Minutes", "What", "How"],
                [
                    [
                        "0–3",
                        "Why we are doing this",
                        "In your own words. One call of your own, two sentences, no details.",
                    ],
                    [
                        "3–7",
                        "What is ordinary afterward",
                        (
                            "Poor sleep, replaying, a short temper, numbness, "
                            "laughing. It usually eases. It is not weakness."
                        ),
                    ],
                    [
                        "7–11",
                        "What will happen here",
                        (
                            "Walk through the four moments. Read the trigger "
                            "list aloud. Say that it is automatic."
                        ),
                    ],
                    [
                        "11–14",
                        "What is private",
                        (
                            "What goes in the log, who sees it, and the "
                            "limit: immediate danger to life."
                        ),
                    ],
                    [
                        "14–18",
                        "Who is there",
                        "Introduce each peer supporter in person. Give out the numbers below.",
                    ],
                    [
                        "18–20",
                        "A question to take home",
                        "“Whom would you want to walk over to you?” Cards, folded, into a box.",
                    ],
                ],
                [11, 29, 60],
            ),
            section(
                "Numbers for the wall",
                fields(
                    [
                        [
                            ("peer_a", "Peer supporter, days", 1),
                            ("peer_b", "Peer supporter, nights", 1),
                        ],
                        [
                            ("eap", "Employee assistance program", 1),
                            ("clinician", "Clinician who knows dispatch", 1),
                        ],
                        [
                            ("chaplain", "Chaplain", 1),
                            ("relief", "Who covers a console at 3 a.m.", 1),
                        ],
                    ],
                    height=19,
                ),
                Paragraph(
                    "In the United States, the 988 Suicide and Crisis "
                    "Lifeline takes calls and texts at "
                    "any hour: dial <b>988</b>.",
                    BODY,
                ),
            ),
            section(
                "Afterward, for you",
                ticks(
                    [
                        "Read the cards. Train those people, if they are willing.",
                        "Set a reminder to do this again in six months.",
                        "Name the person who checks on you, and tell them that they do.",
                    ]
                ),
            ),
        ),
    ]
    return build_paper(
        title="The After-Call Check-in",
        subtitle=(
            "A supervisor’s guide to the first ten minutes, three days and three weeks "
            "after a hard call, with a private log and a briefing agenda"
        ),
        motif="open-door",
        opening=opening,
        pages=pages,
    )
