"""The Weekly Alarm: its issues, and the ledger of their delivery."""

from newsletter.models.content import Content
from newsletter.models.delivery import Delivery
from newsletter.models.event import DeliveryEvent
from newsletter.models.issue import Issue, IssueQuerySet
from newsletter.models.items import IssueCorrection, IssuePost
from newsletter.models.limits import Gate, MailDomain, Mark, SendingLimit, WarmUp
from newsletter.models.link import Click, ClickHit, IssueLink
from newsletter.models.received import ReceivedMail
from newsletter.models.report import DomainFigures, Report
from newsletter.models.service import ServiceMessage

__all__ = [
    "Click",
    "ClickHit",
    "Content",
    "Delivery",
    "DeliveryEvent",
    "DomainFigures",
    "Gate",
    "Issue",
    "IssueCorrection",
    "IssueLink",
    "IssuePost",
    "IssueQuerySet",
    "MailDomain",
    "Mark",
    "ReceivedMail",
    "Report",
    "SendingLimit",
    "ServiceMessage",
    "WarmUp",
]
