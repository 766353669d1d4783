"""Calls: one `tradePay` of one page, the cashier opened for it, and the outcome it was told.

The bridge makes a callId once per call. The same callId gets its recorded outcome, so a retry after
a lost answer is no second payment; only another call on a paid order is a duplicate (11.4). What
must hold: a recorded outcome is final and never changes; "unknown" (8000) is never recorded.
"""

from enum import StrEnum, unique
from typing import ClassVar

import msgspec

from tillgate.kernel.ids import CallId, MerchantId, MerchantTransId, PayerId
from tillgate.kernel.record import Record
from tillgate.kernel.results import CallbackCode, Result


@unique
class Form(StrEnum):
    """How trade-pay was posted (PROTOCOL 11.4); SERVER is a debit that had no page at all."""

    WALLET = "WALLET"
    PAGE = "PAGE"
    SERVER = "SERVER"


class Call(Record, frozen=True, kw_only=True):
    """One tradePay call.

    Attributes:
        token_hash: SHA-256 of the cashier token, in hexadecimal; the token itself is not kept.
        currency: the order's, so that the payer's balance row can be named before it is locked.
        form: wallet or page form.
        payer_id: who pays: the session's payer in the wallet form; who signed in, in the page form.
        browser_hash: SHA-256 of the secret given to the browser that first opened the cashier.
        result_code: the final callback code, or "" while there is none.
        result_memo: the name of the result and a sentence.
    """

    key_fields: ClassVar[tuple[str, ...]] = ("merchant_id", "merchant_trans_id", "call_id")

    merchant_id: MerchantId
    merchant_trans_id: MerchantTransId
    call_id: CallId
    token_hash: str
    currency: str
    form: Form
    created_at_ms: int
    payer_id: PayerId | None = None
    browser_hash: str = ""
    result_code: str = ""
    result_memo: str = ""


class Final(msgspec.Struct, frozen=True, kw_only=True, tag="final"):
    """What a callback is told, and where the buyer goes then.

    Attributes:
        result_code: one of the seed's eight callback codes.
        memo: the name of the result and a sentence.
        return_url: the merchant's returnUrl, unsigned; "" when there is none or the code is neither
            9000 nor 8000 (U6).
    """

    result_code: str
    memo: str
    return_url: str = ""


def final(code: CallbackCode, *, result: Result | None = None, sentence: str = "") -> Final:
    """Return a callback's object; the memo names the result code when there is one."""
    name = result.name if result else code.name
    text = sentence or (result.sentence if result else code.sentence)
    return Final(result_code=code.code, memo=f"{name}: {text}")
