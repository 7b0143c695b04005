"""The First Ninety Days: a trainee's plan and the trainer's daily observation sheet."""

from reportlab.platypus import Paragraph

from alarmroom.demo.paper import BODY, TickBox, fields, grid, page, pull, section, space, ticks
from alarmroom.demo.paper import build as build_paper

PHASES = [
    [
        "<b>Listen</b><br/>Weeks 1–2",
        "Learns the room: people, phones, maps, the words we use. Sits beside every position.",
        "Can explain what happens to a call from ring to clear, and who touches it.",
        "Introduces, narrates, protects from being used as spare hands.",
    ],
    [
        "<b>Answer</b><br/>Weeks 3–6",
        "Takes calls with the trainer on the line, first non-emergency, then 911.",
        "Address, callback number and chief complaint verified on every call, unprompted.",
        "Waits three seconds longer than is comfortable. One correction a call.",
    ],
    [
        "<b>Carry</b><br/>Weeks 7–10",
        "Works the position with the trainer plugged in and silent. Radio begins.",
        "A full shift in which the trainer stepped in for nobody’s safety.",
        "Writes more, says less. Chooses calls to review together.",
    ],
    [
        "<b>Own</b><br/>Weeks 11–13",
        "Works alone at one position; the trainer is in the room, not in the chair.",
        "The ninety-day review, with evidence and without surprises.",
        "Hands over, rests, and writes a recommendation in their own words.",
    ],
]
WEEKS = [
    (
        "<b>1</b>  Tour, introductions, confidentiality and "
        "expectations signed. Sits with three positions."
    ),
    "<b>2</b>  Geography: draws the district from memory. Ride-along with police, fire or EMS.",
    (
        "<b>3</b>  First non-emergency calls with the trainer on "
        "the line. Address read-back, every time."
    ),
    (
        "<b>4</b>  First 911 calls. Protocol cards within reach; "
        "leaves them only on the trainer’s word."
    ),
    "<b>5</b>  Silent, abandoned and text calls, drilled with recordings before they come live.",
    "<b>6</b>  <b>Thirty-day review</b> held and written. Second ride-along, a different service.",
    "<b>7</b>  Opens and closes a shift. Reads back the status of every open incident at handover.",
    (
        "<b>8</b>  First radio, on a quiet channel: units, status, "
        "times. Plain language as the center uses it."
    ),
    (
        "<b>9</b>  A night shift, whatever the later assignment. "
        "A talk about sleep before it, not after."
    ),
    (
        "<b>10</b>  <b>Sixty-day review.</b> A pursuit, a working fire "
        "and a cardiac arrest, all on tape or tabletop."
    ),
    "<b>11</b>  Works alone at one position, trainer in the room. Meets a peer supporter by name.",
    "<b>12</b>  Listens to two of their own calls with quality assurance, and speaks first.",
    (
        "<b>13</b>  <b>Ninety-day review.</b> Next position, next "
        "trainer and next date, all in writing."
    ),
]
BEHAVIORS = [
    "Verifies location and callback number before anything else",
    "Follows the protocol as written; can say why when leaving it",
    "Listens: does not ask what has just been said",
    "Voice: calm, plain, in charge of the call",
    "CAD entry: timely, factual, readable by a stranger",
    "Radio: brief, complete, acknowledged",
    "Geography and units: knows where things are and who is free",
    "Works with the room: hands over, asks, warns",
    "Takes correction, and shows it on the next call",
]


def build() -> bytes:
    """Return the PDF."""
    opening = [
        space(4),
        Paragraph(
            "Copy it, put your center’s name on it, change what does not fit. It assumes a trainee "
            "with a dedicated trainer and your own state’s certification running alongside; where "
            "your policy, protocol or labor agreement says otherwise, they win.",
            BODY,
        ),
        pull("Nobody should learn at a review what somebody knew on a Tuesday."),
    ]
    scores = [[text, *(TickBox() for _ in range(6))] for text in BEHAVIORS]
    pages = [
        *page(
            "The plan on one page",
            "Four phases. A trainee moves on when the milestone is met and not when the calendar "
            "says so. The calendar’s only job is to make us ask.",
            grid(["Phase", "The trainee", "Milestone", "The trainer"], PHASES, [13, 29, 30, 28]),
            section(
                "Three rules for the trainer",
                ticks(
                    [
                        "Step in for danger, not for discomfort. Afterward, say which it was.",
                        "Write the sheet before going home, on the same day, and read it together.",
                        "One strength, one change, one thing to try on the very next call.",
                    ]
                ),
            ),
            section(
                "Three rights of the trainee",
                ticks(
                    [
                        "To know at any time where they stand, in writing.",
                        "To ask anything twice, and to be answered in the same voice.",
                        "To leave the console after a hard call, with somebody, for ten minutes.",
                    ]
                ),
            ),
            section(
                "Before day one",
                ticks(
                    [
                        "Trainer named and rested",
                        "Second trainer named for days off",
                        "Logins, headset, locker, parking",
                        "Thirteen weeks of shifts published",
                        "Ride-alongs booked",
                        "Three review dates in the calendar",
                    ],
                    columns=2,
                ),
            ),
        ),
        *page(
            "Week by week",
            "Tick when done, and write the date beside it. What is not ticked goes into the next "
            "week in front of everything else.",
            ticks(WEEKS),
            section(
                "The thirty-, sixty- and ninety-day reviews",
                Paragraph(
                    "Forty minutes, covered, with the trainee, the trainer and the supervisor. "
                    "The trainee speaks first. Bring the sheets and not your memory of them.",
                    BODY,
                ),
                grid(
                    ["Minutes", "Question", "What to write down"],
                    [
                        [
                            "0–10",
                            "What has become easier since we last sat here?",
                            "Two examples, with dates of calls",
                        ],
                        [
                            "10–20",
                            "Which calls do you still dread, and why those?",
                            "The next drill or ride-along",
                        ],
                        [
                            "20–30",
                            "The trainer: what I have seen, and what I need to see.",
                            "The milestone, met or not yet",
                        ],
                        [
                            "30–40",
                            "What should we do differently for you?",
                            "One promise by the center, with a name",
                        ],
                    ],
                    [10, 52, 38],
                ),
            ),
        ),
        *page(
            "Daily observation sheet",
            "One sheet a shift. Score what you saw today, against the standard for a dispatcher "
            "working alone. Leave blank what did not come up.",
            fields(
                [
                    [("trainee", "Trainee", 3), ("trainer", "Trainer", 3), ("date", "Date", 2)],
                    [
                        ("shift", "Shift and position", 3),
                        ("phase", "Phase and week", 3),
                        ("calls", "Calls handled", 2),
                    ],
                ],
                height=18,
            ),
            space(6),
            grid(
                ["Behavior", "1", "2", "3", "4", "5", "Not seen"], scores, [56, 6, 6, 6, 6, 6, 14]
            ),
            space(5),
            Paragraph(
                "1&nbsp;unsafe without help · 2&nbsp;needs prompting often · "
                "3&nbsp;sometimes prompted · 4&nbsp;meets the standard alone · "
                "5&nbsp;could show a colleague",
                BODY,
            ),
            fields(
                [
                    [
                        (
                            "strength",
                            "One strength today: the call, what was said or done, and its effect",
                            1,
                        )
                    ]
                ],
                height=42,
            ),
            fields(
                [[("change", "One change: the call, the behavior, and what to try instead", 1)]],
                height=42,
            ),
            fields([[("own_words", "The trainee, in their own words", 1)]], height=42),
            fields(
                [[("sign_trainee", "Read together: trainee", 1), ("sign_trainer", "Trainer", 1)]],
                height=20,
            ),
        ),
        *page(
            "Scoring fairly",
            "A number is only worth something when two trainers would have given the same one. "
            "Use this page to agree on what you mean, once a month, over one recorded call.",
            grid(
                ["Score", "What it looks like", "What you do next"],
                [
                    [
                        "<b>1</b>",
                        (
                            "You had to take over, or should have. A "
                            "caller or a responder was at risk."
                        ),
                        "Talk before the next call. Tell the supervisor today.",
                    ],
                    [
                        "<b>2</b>",
                        "The step happens, but only after you say so. The same prompt three times.",
                        "Drill the step away from the phones. One step, one day.",
                    ],
                    [
                        "<b>3</b>",
                        "Usually there. Slips when two things happen at once.",
                        "Add load on purpose, with you beside them.",
                    ],
                    [
                        "<b>4</b>",
                        "Done without you, on a call you did not choose.",
                        "Say so, precisely. Move your chair back.",
                    ],
                    [
                        "<b>5</b>",
                        "Done so well that you would play it at a briefing.",
                        "Ask leave, and play it.",
                    ],
                ],
                [9, 50, 41],
            ),
            section(
                "Before you write a low score",
                ticks(
                    [
                        "Did I teach this, or did I assume it?",
                        "Is it the standard that was missed, or my own way of doing it?",
                        "How many hours had they been on, and when was the break?",
                        "Can I name the call, the minute and the words?",
                        "Have I said it to them before they read it here?",
                    ]
                ),
            ),
            section(
                "When it is not working",
                Paragraph(
                    "Three sheets in a row with a 1 or a 2 in the "
                    "same place are a signal about the "
                    "plan at least as much as about the person. Change something that week: the "
                    "trainer, the shift, the drill, the phase. "
                    "Write down what you changed and look "
                    "again after five shifts. If the ending is a parting, it should be a sad "
                    "conversation and not a surprising one.",
                    BODY,
                ),
            ),
            space(6),
            pull("The point of a trainer is to stop being needed. Sign your name to that, too."),
        ),
    ]
    return build_paper(
        title="The First Ninety Days",
        subtitle=(
            "A week-by-week plan for a new dispatcher, and the trainer’s daily observation sheet"
        ),
        motif="ninety-days",
        opening=opening,
        pages=pages,
    )
