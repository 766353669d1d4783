"""Every verb, by the command it decides: the engine's one registry.

A command without a verb here cannot be executed. What must hold: one verb a kind of command, and
verbs keep nothing between commands.
"""

from collections.abc import Mapping
from typing import Any

from tillgate.engine.commands import (
    AcceptPin,
    AnswerAttempt,
    ApplyToken,
    AskRefund,
    BindBrowser,
    BindPayer,
    Cancel,
    CancelAgreement,
    CancelCall,
    ClaimAttempt,
    ClaimNotification,
    Command,
    Confirm,
    Debit,
    DecideReview,
    Expire,
    LimitAgreement,
    LockOut,
    OpenCall,
    PrepareAgreement,
    RecordSend,
    ReleaseNotification,
    ResendNotification,
    ReservePinTry,
    SignAgreement,
)
from tillgate.engine.decide.agreements import (
    CancelAgreementVerb,
    LimitAgreementVerb,
    PrepareAgreementVerb,
    SignAgreementVerb,
)
from tillgate.engine.decide.answer_attempt import AnswerAttemptVerb, ClaimAttemptVerb
from tillgate.engine.decide.bind import BindBrowserVerb, BindPayerVerb
from tillgate.engine.decide.confirm import CancelCallVerb, ConfirmVerb, LockOutVerb
from tillgate.engine.decide.debit import DebitVerb
from tillgate.engine.decide.end_order import CancelVerb, ExpireVerb
from tillgate.engine.decide.guard import Guarded
from tillgate.engine.decide.notify import (
    ClaimNotificationVerb,
    RecordSendVerb,
    ReleaseNotificationVerb,
    ResendNotificationVerb,
)
from tillgate.engine.decide.open_call import OpenCallVerb
from tillgate.engine.decide.operate import OPERATOR_VERBS
from tillgate.engine.decide.pin import (
    AcceptPinVerb,
    EndSessionsVerb,
    RejectPinVerb,
    ReleasePinTryVerb,
    ReservePinTryVerb,
)
from tillgate.engine.decide.refund import AskRefundVerb
from tillgate.engine.decide.review import DecideReviewVerb
from tillgate.engine.decide.tokens import ApplyTokenVerb
from tillgate.engine.payer_commands import EndSessions, RejectPin, ReleasePinTry
from tillgate.engine.verb import Verb

VERBS: Mapping[type[Command], Verb[Any]] = {
    OpenCall: OpenCallVerb(),
    BindBrowser: BindBrowserVerb(),
    BindPayer: BindPayerVerb(),
    ReservePinTry: ReservePinTryVerb(),
    AcceptPin: AcceptPinVerb(),
    RejectPin: RejectPinVerb(),
    ReleasePinTry: ReleasePinTryVerb(),
    EndSessions: EndSessionsVerb(),
    Confirm: ConfirmVerb(),
    LockOut: LockOutVerb(),
    CancelCall: CancelCallVerb(),
    AnswerAttempt: AnswerAttemptVerb(),
    ClaimAttempt: ClaimAttemptVerb(),
    Cancel: Guarded(CancelVerb()),
    AskRefund: Guarded(AskRefundVerb()),
    PrepareAgreement: Guarded(PrepareAgreementVerb()),
    SignAgreement: SignAgreementVerb(),
    ApplyToken: Guarded(ApplyTokenVerb()),
    CancelAgreement: Guarded(CancelAgreementVerb()),
    LimitAgreement: LimitAgreementVerb(),
    Debit: Guarded(DebitVerb()),
    DecideReview: DecideReviewVerb(),
    Expire: ExpireVerb(),
    ClaimNotification: ClaimNotificationVerb(),
    RecordSend: RecordSendVerb(),
    ReleaseNotification: ReleaseNotificationVerb(),
    ResendNotification: ResendNotificationVerb(),
    **OPERATOR_VERBS,
}
