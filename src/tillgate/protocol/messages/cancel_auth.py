"""`alipay.intl.oauth.auth.cancelByAuthInfo`: end an agreement from the merchant's side (4.12).

The payer may end it in the wallet as well; either way the merchant is told by notify.cancel. What
must hold: the answer is resultInfo alone, and a repeat succeeds.
"""

from typing import final

from tillgate.protocol.function import Direction, Function
from tillgate.protocol.members import Message
from tillgate.protocol.messages.authorisation import AuthMerchantId, MerchantAgreementId
from tillgate.protocol.messages.common import ResultOfRequest


@final
class CancelAuthBody(Message, frozen=True, kw_only=True):
    """Which agreement is to be ended."""

    auth_merchant_id: AuthMerchantId
    merchant_agreement_id: MerchantAgreementId


@final
class CancelAuthAnswer(Message, frozen=True, kw_only=True):
    """Whether it was ended."""

    result_info: ResultOfRequest


FUNCTION = Function(
    name="alipay.intl.oauth.auth.cancelByAuthInfo",
    title="Cancel an agreement",
    meaning="End an agreement; its tokens debit nothing any more.",
    section="4.12",
    direction=Direction.TO_GATEWAY,
    changes=True,
    request=CancelAuthBody,
    response=CancelAuthAnswer,
)
