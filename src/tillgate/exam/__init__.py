"""The exam: it plays the acquirer against a merchant's notify URL and judges what comes back.

What must hold: it believes only what it saw: an answer's bytes, and what the merchant's own state
URL says of an order. What could not be seen is told as not judged, never as passed.
"""

from tillgate.exam.acks import Judge
from tillgate.exam.acquirer import Acquirer, Keys
from tillgate.exam.catalogue import names_of, rows
from tillgate.exam.errors import ExamRefused, NoOrder
from tillgate.exam.examiner import Examiner
from tillgate.exam.findings import Finding, Report, Verdict
from tillgate.exam.html import as_html
from tillgate.exam.junit import as_junit
from tillgate.exam.orders import Ordered, Supply, orders_of_files, orders_of_url, read_order
from tillgate.exam.states import PLACE_OF_AGREEMENT, RefundUrl, StateUrl
from tillgate.exam.wire import Door, Limits, trusting

__all__ = [
    "PLACE_OF_AGREEMENT",
    "Acquirer",
    "Door",
    "ExamRefused",
    "Examiner",
    "Finding",
    "Judge",
    "Keys",
    "Limits",
    "NoOrder",
    "Ordered",
    "RefundUrl",
    "Report",
    "StateUrl",
    "Supply",
    "Verdict",
    "as_html",
    "as_junit",
    "names_of",
    "orders_of_files",
    "orders_of_url",
    "read_order",
    "rows",
    "trusting",
]
