"""The signing page: who asks to debit without a PIN, the payer's yes with a PIN, the payer's no.

What must hold: a PIN try is reserved by a commit before the PIN is checked, in the payer's turn; a
repeat of what this payer signed costs no try and leads to the same address; nobody else ever learns
that address; a no changes nothing, so it needs no session.
"""

import asyncio
from typing import Any, NamedTuple

from tillgate.acquiring.agreement import Agreement
from tillgate.acquiring.merchant import Merchant, check_active
from tillgate.acquiring.payer import Payer
from tillgate.acquiring.states import AgreementState
from tillgate.edge.answers import Answer, wrong_pin
from tillgate.edge.asgi import Incoming
from tillgate.edge.desk import Desk
from tillgate.edge.secrets import digest
from tillgate.edge.sessions import prove_pin, try_given_back
from tillgate.edge.shown import money_json, payer_json, payers_json
from tillgate.edge.story import StepKind
from tillgate.edge.tokens import auth_code
from tillgate.edge.who import visitor
from tillgate.engine.commands import SignAgreement
from tillgate.engine.decide.agreements import Agreed
from tillgate.engine.queries import agreement_of_token
from tillgate.kernel.clock import SECOND_MS
from tillgate.kernel.errors import Broken, Refused
from tillgate.kernel.ids import PayerId
from tillgate.kernel.money import Money, currency
from tillgate.kernel.results import Result
from tillgate.protocol import tradepay
from tillgate.protocol.auth_redirect import AuthResult, AuthReturn, build_auth_redirect
from tillgate.walletapp.bodies import Limits, Sign, read_limits

NOBODY = Answer(401, {"memo": "Nobody is signed in."})


class Page(NamedTuple):
    """A signing page, and whose session looks at it."""

    token: str
    agreement: Agreement
    payer_id: PayerId | None

    @property
    def is_signed(self) -> bool:
        """Tell whether this very payer's permission stands."""
        return self.agreement.is_active and self.agreement.payer_id == self.payer_id

    def leads_back(self, desk: Desk) -> bool:
        """Tell whether this payer agreed and the code of that still lives."""
        return self.is_signed and desk.clock.now_ms() < (self.agreement.code_ends_at_ms or 0)


async def open_page(desk: Desk, incoming: Incoming, token: str) -> Page:
    """Return the page behind a token.

    Raises:
        Refused: TARGET_NOT_FOUND when there is none.
    """
    agreement = await agreement_of_token(desk.reader, digest(token))
    if agreement is None:
        raise Refused(Result.TARGET_NOT_FOUND, "This page does not exist; start again at the shop.")
    who = await visitor(desk, incoming)
    return Page(token, agreement, who.payer_id)


async def look(desk: Desk, page: Page) -> Answer:
    """Show who asks, for how long still, and what this visitor can do about it."""
    agreement = page.agreement
    merchant = await _merchant(desk, agreement)
    state = _state(desk, page)
    left_ms = max(0, agreement.expires_at_ms - desk.clock.now_ms())
    shown: dict[str, Any] = {
        "payee": merchant.name,
        "merchantId": agreement.merchant_id,
        "merchantAgreementId": agreement.merchant_agreement_id,
        "currency": agreement.currency,
        "exponent": currency(agreement.currency).exponent,
        "secondsLeft": -(-left_ms // SECOND_MS),
        "state": state,
        "payer": await _payer(desk, page),
        "payers": [],
    }
    if state == "SIGN_IN" and desk.settings.is_sandbox:
        shown["payers"] = await payers_json(desk)
    if state == "SIGNED":
        shown["redirectUrl"] = _way_back(desk, agreement, AuthResult.SUCCESS)
    return Answer(200, shown)


async def sign(desk: Desk, page: Page, raw: bytes) -> Answer:
    """Check the PIN and agree; what was begun goes on when the page stops waiting."""
    said = tradepay.read_door(Sign, raw)
    limits = read_limits(said, page.agreement.currency)
    if page.payer_id is None:
        return NOBODY
    going_on = asyncio.ensure_future(_sign(desk, page, page.payer_id, said=said, limits=limits))
    return await asyncio.shield(going_on)


async def decline(desk: Desk, page: Page, raw: bytes) -> Answer:
    """Lead back with a no; an agreement that this payer has signed leads back with its yes."""
    tradepay.read_door(tradepay.Nothing, raw or b"{}")
    if page.leads_back(desk):
        return _back(desk, page.agreement)
    if page.agreement.is_active:
        raise Refused(Result.AGREEMENT_STATUS_INVALID, "This page is over.")
    return Answer(200, {"redirectUrl": _way_back(desk, page.agreement, AuthResult.FAIL)})


async def _sign(desk: Desk, page: Page, payer_id: PayerId, *, said: Sign, limits: Limits) -> Answer:
    async with desk.turns.of(payer_id):
        now = await agreement_of_token(desk.reader, digest(page.token))
        page = page._replace(agreement=now or page.agreement)
        if page.leads_back(desk):
            return _back(desk, page.agreement)
        await _check_signable(desk, page)
        checked = await prove_pin(desk, payer_id, said.pin)
        if not isinstance(checked, Payer):
            return wrong_pin(checked)
        agreed = await try_given_back(desk, checked, _agreed(desk, page, checked, limits))
    _tell(desk, agreed)
    return _back(desk, agreed.agreement)


async def _check_signable(desk: Desk, page: Page) -> None:
    """Refuse what cannot be signed before a PIN try is spent on it."""
    check_active(await _merchant(desk, page.agreement), path="")
    if not _is_open(desk, page):
        sentence = "This page is over; start again at the shop."
        raise Refused(Result.AGREEMENT_STATUS_INVALID, sentence)


async def _agreed(desk: Desk, page: Page, payer: Payer, limits: Limits) -> Agreed:
    code = auth_code(desk, page.agreement.merchant_id, page.agreement.merchant_agreement_id)
    command = SignAgreement(
        operation_id=desk.operation(),
        token_hash=digest(page.token),
        payer_id=payer.payer_id,
        session_no=payer.session_no,
        code_hash=digest(code),
        single_max=limits.single_max,
        daily_max=limits.daily_max,
    )
    agreed: Agreed = await desk.engine.execute(command)
    return agreed


def _state(desk: Desk, page: Page) -> str:
    agreement = page.agreement
    if page.leads_back(desk):
        return "SIGNED"
    if agreement.is_active and page.payer_id is None:
        return "SIGN_IN"
    if not _is_open(desk, page):
        return "OVER"
    return "SIGN_IN" if page.payer_id is None else "SIGN"


def _is_open(desk: Desk, page: Page) -> bool:
    """Tell whether this visitor may agree here now; again, if the code of the first was missed."""
    is_theirs = page.is_signed or page.agreement.state is AgreementState.SIGNING
    return is_theirs and desk.clock.now_ms() < page.agreement.expires_at_ms


def _back(desk: Desk, agreement: Agreement) -> Answer:
    return Answer(200, {"redirectUrl": _way_back(desk, agreement, AuthResult.SUCCESS)})


def _way_back(desk: Desk, agreement: Agreement, result: AuthResult) -> str:
    """Return the merchant's address with the payer's answer (PROTOCOL 4.9, C11)."""
    code = None
    if result is AuthResult.SUCCESS:
        code = auth_code(desk, agreement.merchant_id, agreement.merchant_agreement_id)
    said = AuthReturn(
        state=agreement.state_text,
        auth_site=agreement.auth_site,
        merchant_agreement_id=agreement.merchant_agreement_id,
        auth_code=code,
        client_id=agreement.merchant_id,
        auth_result=result.value,
    )
    return build_auth_redirect(agreement.redirect_url, said)


async def _merchant(desk: Desk, agreement: Agreement) -> Merchant:
    merchant = await desk.directory.merchant(agreement.merchant_id)
    if merchant is None:
        message = f"{agreement.key} has no merchant"
        raise Broken(message)
    return merchant


async def _payer(desk: Desk, page: Page) -> dict[str, Any] | None:
    payer = None if page.payer_id is None else await desk.reader.get(Payer, page.payer_id)
    return None if payer is None else await payer_json(desk, payer, page.agreement.currency)


def _money(minor: int | None, code: str) -> dict[str, Any] | None:
    return None if minor is None else money_json(Money.of(minor, code))


def _tell(desk: Desk, agreed: Agreed) -> None:
    agreement = agreed.agreement
    desk.story.tell(
        StepKind.AGREEMENT,
        "The payer allowed automatic payments",
        "The merchant may debit without a PIN, within the payer's limits.",
        detail={
            "merchantAgreementId": agreement.merchant_agreement_id,
            "state": agreement.state,
            "singleMax": _money(agreed.single_max, agreement.currency),
            "dailyMax": _money(agreed.daily_max, agreement.currency),
        },
        verdict="ok",
    )
