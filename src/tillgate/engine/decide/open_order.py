"""A new order: made from its terms, with what its riskInfo said kept beside it.

Both ways to begin one come here: a page's call and a merchant's own debit. What must hold: it waits
from now on, whatever becomes of the call that began it.
"""

from tillgate.acquiring.acquirement import (
    Acquirement,
    Terms,
    new_acquirement_id,
    open_acquirement,
)
from tillgate.acquiring.risk.signals import Signals
from tillgate.engine.decide import judging
from tillgate.engine.verb import Moment
from tillgate.engine.working_set import Rows


def new_order(terms: Terms, rows: Rows, signals: Signals, moment: Moment) -> Acquirement:
    """Insert and return an order that waits for its buyer from now on."""
    order = open_acquirement(
        terms,
        acquirement_id=new_acquirement_id(moment.now_ms, moment.ids),
        now_ms=moment.now_ms,
        life_ms=moment.settings.order_life_ms,
    )
    rows.insert(order)
    judging.keep_signals(rows, order, signals)
    return order
