"""Binding a cashier: to the browser that first opens it, and to the payer who signs in there.

What must hold: the first browser keeps the cashier, whoever else holds its address; a payer who is
bound is never exchanged for another (11.4).
"""

from collections.abc import Sequence
from typing import final

import msgspec

from tillgate.acquiring.call import Form
from tillgate.acquiring.payer import Payer, check_payer
from tillgate.engine.commands import BindBrowser, BindPayer
from tillgate.engine.decide import at_cashier
from tillgate.engine.ports import Lookup
from tillgate.engine.verb import Found, Moment
from tillgate.engine.working_set import Rows
from tillgate.kernel.errors import Refused
from tillgate.kernel.record import Key
from tillgate.kernel.results import Result


class Bound(msgspec.Struct, frozen=True, kw_only=True):
    """Whose the cashier is; `browser_hash` and `payer_id` are the ones that hold."""

    browser_hash: str
    payer_id: str


@final
class BindBrowserVerb:
    """Decides `BindBrowser`."""

    outcome = Bound

    def lookups(self, command: BindBrowser) -> Sequence[Lookup]:
        """Resolve the token."""
        return at_cashier.lookups(command.token_hash)

    def keys(self, command: BindBrowser, found: Found) -> Sequence[Key]:
        """Name the call."""
        return at_cashier.keys(found)

    def decide(self, command: BindBrowser, rows: Rows, found: Found, moment: Moment) -> Bound:
        """Bind the browser if none is bound yet, and say which one holds."""
        call = at_cashier.arrive(rows, found, moment).call
        if not call.browser_hash:
            call = call.replaced(browser_hash=command.browser_hash)
            rows.update(call)
        return Bound(browser_hash=call.browser_hash, payer_id=call.payer_id or "")


@final
class BindPayerVerb:
    """Decides `BindPayer`."""

    outcome = Bound

    def lookups(self, command: BindPayer) -> Sequence[Lookup]:
        """Resolve the token."""
        return at_cashier.lookups(command.token_hash)

    def keys(self, command: BindPayer, found: Found) -> Sequence[Key]:
        """Name the call and the payer."""
        return [*at_cashier.keys(found), Key(Payer, (command.payer_id,))]

    def decide(self, command: BindPayer, rows: Rows, found: Found, moment: Moment) -> Bound:
        """Bind the payer to a cashier of the page form; another payer is refused."""
        place = at_cashier.arrive(rows, found, moment)
        call = place.call
        check_payer(rows.get(Payer, command.payer_id))
        if call.payer_id is not None and call.payer_id != command.payer_id:
            sentence = "Somebody else has signed in at this cashier; start the payment again."
            raise Refused(Result.ACCESS_DENIED, sentence)
        if call.form is Form.PAGE and call.payer_id is None:
            call = call.replaced(payer_id=command.payer_id)
            rows.update(call)
        return Bound(browser_hash=call.browser_hash, payer_id=call.payer_id or "")
