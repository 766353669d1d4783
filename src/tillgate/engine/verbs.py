"""Every verb, by the command it decides: the engine's one registry.

A command without a verb here cannot be executed. What must hold: one verb a kind of command, and
verbs keep nothing between commands.
"""

from collections.abc import Mapping
from typing import Any

from tillgate.engine.commands import (
    AcceptPin,
    AnswerAttempt,
    BindBrowser,
    BindPayer,
    Cancel,
    CancelCall,
    ClaimAttempt,
    ClaimNotification,
    Command,
    Confirm,
    Expire,
    LockOut,
    OpenCall,
    RecordSend,
    ReleaseNotification,
    ResendNotification,
    ReservePinTry,
)
from tillgate.engine.decide.answer_attempt import AnswerAttemptVerb, ClaimAttemptVerb
from tillgate.engine.decide.bind import BindBrowserVerb, BindPayerVerb
from tillgate.engine.decide.confirm import CancelCallVerb, ConfirmVerb, LockOutVerb
from tillgate.engine.decide.end_order import CancelVerb, ExpireVerb
from tillgate.engine.decide.notify import (
    ClaimNotificationVerb,
    RecordSendVerb,
    ReleaseNotificationVerb,
    ResendNotificationVerb,
)
from tillgate.engine.decide.open_call import OpenCallVerb
from tillgate.engine.decide.operate import OPERATOR_VERBS
from tillgate.engine.decide.pin import AcceptPinVerb, ReservePinTryVerb
from tillgate.engine.verb import Verb

VERBS: Mapping[type[Command], Verb[Any]] = {
    OpenCall: OpenCallVerb(),
    BindBrowser: BindBrowserVerb(),
    BindPayer: BindPayerVerb(),
    ReservePinTry: ReservePinTryVerb(),
    AcceptPin: AcceptPinVerb(),
    Confirm: ConfirmVerb(),
    LockOut: LockOutVerb(),
    CancelCall: CancelCallVerb(),
    AnswerAttempt: AnswerAttemptVerb(),
    ClaimAttempt: ClaimAttemptVerb(),
    Cancel: CancelVerb(),
    Expire: ExpireVerb(),
    ClaimNotification: ClaimNotificationVerb(),
    RecordSend: RecordSendVerb(),
    ReleaseNotification: ReleaseNotificationVerb(),
    ResendNotification: ResendNotificationVerb(),
    **OPERATOR_VERBS,
}
