"""The look of the demo's printed resources: US Letter, a quiet page, boxes to tick and fields.

This module needs reportlab, which only the demo does; import it where it is used.
"""

import io
from collections.abc import Sequence
from typing import Any

from reportlab.lib.colors import Color, HexColor, white
from reportlab.lib.enums import TA_LEFT
from reportlab.lib.pagesizes import LETTER
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import inch
from reportlab.lib.utils import ImageReader
from reportlab.platypus import (
    BaseDocTemplate,
    Flowable,
    Frame,
    KeepTogether,
    NextPageTemplate,
    PageBreak,
    PageTemplate,
    Paragraph,
    Spacer,
    Table,
)

from alarmroom.demo.covers import draw

WIDTH, HEIGHT = LETTER
MARGIN = 0.85 * inch
TEXT_WIDTH = WIDTH - 2 * MARGIN

NIGHT = HexColor("#0b1430")
INK = HexColor("#182033")
GREY = HexColor("#5b6478")
RULE = HexColor("#c9d0de")
TINT = HexColor("#f1f4fa")
RED = HexColor("#c8322b")


def _style(name: str, size: float, lead: float, **options: Any) -> ParagraphStyle:
    options = {"fontName": "Helvetica", "textColor": INK, "alignment": TA_LEFT, **options}
    return ParagraphStyle(name, fontSize=size, leading=lead, **options)


BODY = _style("body", 10.6, 15.4, spaceAfter=6)
SMALL = _style("small", 8.8, 11.8)
CELL = _style("cell", 9.8, 13.4)
HEAD = _style("head", 8.6, 11, fontName="Helvetica-Bold", textColor=white)
H1 = _style("h1", 21, 25, fontName="Times-Bold", textColor=NIGHT, spaceAfter=5)
H2 = _style("h2", 12, 15, fontName="Helvetica-Bold", textColor=RED, spaceBefore=13, spaceAfter=5)
LEAD = _style("lead", 11.4, 16, textColor=GREY, spaceAfter=8)
ITEM = _style("item", 10.5, 14.8)
QUOTE = _style("quote", 13.5, 18, fontName="Times-Italic", textColor=NIGHT, leftIndent=14)


class TickBox(Flowable):
    """An empty square to tick."""

    def __init__(self, size: float = 9) -> None:
        super().__init__()
        self.width = self.height = size

    def draw(self) -> None:
        self.canv.setStrokeColor(GREY)
        self.canv.setLineWidth(0.9)
        self.canv.roundRect(0, 0, self.width, self.height, 1.6)


class Field(Flowable):
    """A field to type into on a screen, or to write into on paper."""

    def __init__(self, name: str, label: str, width: float, height: float) -> None:
        super().__init__()
        self.name, self.label, self.width, self.height = name, label, width, height

    def draw(self) -> None:
        self.canv.acroForm.textfield(
            name=self.name,
            tooltip=self.label,
            relative=True,
            width=self.width,
            height=self.height,
            fontSize=9,
            borderWidth=0,
            borderColor=None,
            fillColor=TINT,
            textColor=INK,
            fieldFlags="multiline" if self.height > 24 else "",
        )


def ticks(items: Sequence[str], columns: int = 1) -> Table:
    """A checklist, in one or more columns, read downward."""
    per = -(-len(items) // columns)
    cells: list[list[Any]] = []
    for row in range(per):
        line: list[Any] = []
        for column in range(columns):
            index = column * per + row
            known = index < len(items)
            line += [TickBox(), Paragraph(items[index], ITEM)] if known else ["", ""]
        cells.append(line)
    width = TEXT_WIDTH / columns
    style = [
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LEFTPADDING", (0, 0), (-1, -1), 0),
        ("TOPPADDING", (0, 0), (-1, -1), 2),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 2.5),
        *(("TOPPADDING", (2 * n, 0), (2 * n, -1), 4.5) for n in range(columns)),
    ]
    return Table(cells, colWidths=[17, width - 17] * columns, style=style)


def grid(
    head: Sequence[str],
    rows: Sequence[Sequence[Any]],
    widths: Sequence[float],
) -> Table:
    """A ruled table; text becomes paragraphs, `widths` are shares of the page's width."""
    cells = [[Paragraph(text, HEAD) for text in head]]
    cells += [[Paragraph(c, CELL) if isinstance(c, str) else c for c in row] for row in rows]
    total = sum(widths)
    style = [
        ("BACKGROUND", (0, 0), (-1, 0), NIGHT),
        ("VALIGN", (0, 0), (-1, 0), "MIDDLE"),
        ("VALIGN", (0, 1), (-1, -1), "TOP"),
        ("LINEBELOW", (0, 1), (-1, -1), 0.6, RULE),
        ("ROWBACKGROUNDS", (0, 1), (-1, -1), [white, TINT]),
        ("LEFTPADDING", (0, 0), (-1, -1), 7),
        ("RIGHTPADDING", (0, 0), (-1, -1), 7),
        ("TOPPADDING", (0, 0), (-1, -1), 5),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 5.5),
    ]
    columns = [TEXT_WIDTH * w / total for w in widths]
    return Table(cells, colWidths=columns, style=style, repeatRows=1)


def fields(rows: Sequence[Sequence[tuple[str, str, float]]], height: float = 20) -> Table:
    """Labelled fields: each row is a list of (name, label, share of the width)."""
    blocks = []
    for row in rows:
        total = sum(share for *_, share in row)
        widths = [TEXT_WIDTH * share / total for *_, share in row]
        cells = [
            [Paragraph(label, SMALL) for _, label, _ in row],
            [
                # A gap between fields; the last one ends where the text does.
                Field(name, label, width - (8 if n < len(row) - 1 else 0), height)
                for n, ((name, label, _), width) in enumerate(zip(row, widths, strict=True))
            ],
        ]
        style = [
            ("LEFTPADDING", (0, 0), (-1, -1), 0),
            ("RIGHTPADDING", (0, 0), (-1, -1), 0),
            ("TOPPADDING", (0, 0), (-1, -1), 1.5),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 1.5),
        ]
        blocks.append([Table(cells, colWidths=widths, style=style)])
    padding = [
        ("LEFTPADDING", (0, 0), (-1, -1), 0),
        ("RIGHTPADDING", (0, 0), (-1, -1), 0),
        ("TOPPADDING", (0, 0), (-1, -1), 0),
    ]
    return Table(blocks, colWidths=[TEXT_WIDTH], style=padding)


def section(title: str, *parts: Flowable) -> KeepTogether:
    """A heading with what belongs to it, on one page."""
    return KeepTogether([Paragraph(title, H2), *parts])


def page(title: str, lead: str, *parts: Flowable) -> list[Flowable]:
    """A new page that opens with a title and a sentence or two."""
    return [PageBreak(), Paragraph(title, H1), Paragraph(lead, LEAD), *parts]


def space(points: float) -> Spacer:
    return Spacer(1, points)


def pull(text: str) -> Table:
    """A sentence that stands out, behind a red rule."""
    style = [("LINEBEFORE", (0, 0), (0, -1), 2.4, RED), ("LEFTPADDING", (0, 0), (-1, -1), 0)]
    return Table([[Paragraph(text, QUOTE)]], colWidths=[TEXT_WIDTH], style=style)


def build(
    *, title: str, subtitle: str, motif: str, opening: Sequence[Flowable], pages: list[Flowable]
) -> bytes:
    """Set a document: a title page with a picture, then its pages. The bytes never vary."""
    picture = ImageReader(io.BytesIO(draw(motif, motif)))
    out = io.BytesIO()
    tall = WIDTH * 9 / 16

    def front(canvas: Any, document: Any) -> None:
        canvas.saveState()
        canvas.setFillColor(NIGHT)
        canvas.rect(0, HEIGHT - tall - 190, WIDTH, tall + 190, stroke=0, fill=1)
        canvas.drawImage(picture, 0, HEIGHT - tall, WIDTH, tall)
        canvas.setFillColor(RED)
        canvas.rect(MARGIN, HEIGHT - tall - 44, 46, 4, stroke=0, fill=1)
        canvas.setFillColor(white)
        canvas.setFont("Times-Bold", 33)
        canvas.drawString(MARGIN, HEIGHT - tall - 90, title)
        block = Paragraph(subtitle, _style("sub", 13, 18.5, textColor=Color(0.8, 0.85, 0.95)))
        _, high = block.wrap(TEXT_WIDTH, 100)
        block.drawOn(canvas, MARGIN, HEIGHT - tall - 108 - high)
        canvas.restoreState()
        foot(canvas, document)

    def foot(canvas: Any, document: Any) -> None:
        canvas.saveState()
        canvas.setStrokeColor(RULE)
        canvas.setLineWidth(0.6)
        canvas.line(MARGIN, 46, WIDTH - MARGIN, 46)
        canvas.setFont("Helvetica", 8.2)
        canvas.setFillColor(GREY)
        canvas.drawString(MARGIN, 32, f"The Alarm Room  ·  {title}")
        canvas.drawRightString(WIDTH - MARGIN, 32, f"{canvas.getPageNumber()}")
        canvas.restoreState()

    def inner(canvas: Any, document: Any) -> None:
        canvas.saveState()
        canvas.setFillColor(NIGHT)
        canvas.rect(0, HEIGHT - 16, WIDTH, 16, stroke=0, fill=1)
        canvas.setFillColor(RED)
        canvas.rect(MARGIN, HEIGHT - 20, 46, 4, stroke=0, fill=1)
        canvas.restoreState()
        foot(canvas, document)

    low = 56
    first = Frame(MARGIN, low, TEXT_WIDTH, HEIGHT - tall - 210 - low, leftPadding=0, rightPadding=0)
    later = Frame(MARGIN, low, TEXT_WIDTH, HEIGHT - 44 - low, leftPadding=0, rightPadding=0)
    document = BaseDocTemplate(
        out,
        pagesize=LETTER,
        invariant=1,
        title=title,
        author="The Alarm Room",
        subject=subtitle,
        lang="en-US",
        pageTemplates=[
            PageTemplate("front", [first], onPage=front),
            PageTemplate("inner", [later], onPage=inner),
        ],
    )
    document.build([NextPageTemplate("inner"), *opening, *pages])
    return out.getvalue()
