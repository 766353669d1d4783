"""Commands: what doors, workers and operators ask of the engine, as values.

Each carries an operation id: the same operation gets its recorded outcome, however often it is
sent. What must hold: a command is verified and parsed before it becomes one; it holds no raw bytes
to be trusted later.
"""

import msgspec

from tillgate.acquiring.acquirement import Terms
from tillgate.acquiring.agreement import AgreementTerms, GrantKind
from tillgate.acquiring.call import Form
from tillgate.acquiring.client import Client, ClientKey
from tillgate.acquiring.debt import Owed
from tillgate.acquiring.merchant import Merchant
from tillgate.acquiring.payer import PIN_TRIES_MAX
from tillgate.acquiring.replay import Mark
from tillgate.acquiring.risk.evidence import Evidence
from tillgate.acquiring.risk.signals import Signals
from tillgate.engine.issuer import Answer
from tillgate.kernel.ids import (
    AcquirementId,
    CallId,
    ClientId,
    MerchantAgreementId,
    MerchantId,
    MerchantRefundId,
    MerchantTransId,
    NotificationId,
    OperationId,
    PayerId,
)
from tillgate.kernel.money import Money


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """What every command carries."""

    operation_id: OperationId


class ServerCommand(Command, frozen=True, kw_only=True):
    """What a merchant's server asks; `mark` names its system request, None for an inner call."""

    mark: Mark | None = None


class OpenCall(Command, frozen=True, kw_only=True):
    """A page called tradePay with a verified order; a cashier token was made for it.

    Attributes:
        signals: what the order's riskInfo said; kept with a new order.
        agreement_id: the payer's agreement that may be debited without a PIN, or "" (U14).
        evidence: what is known for judging such a debit.
    """

    terms: Terms
    call_id: CallId
    form: Form
    token_hash: str
    payer_id: PayerId | None = None
    signals: Signals
    agreement_id: str = ""
    evidence: Evidence | None = None


class BindBrowser(Command, frozen=True, kw_only=True):
    """A browser opened a cashier; the first one keeps it."""

    token_hash: str
    browser_hash: str


class BindPayer(Command, frozen=True, kw_only=True):
    """A payer signed in at a cashier of the page form."""

    token_hash: str
    payer_id: PayerId


class ReservePinTry(Command, frozen=True, kw_only=True):
    """A PIN is about to be checked; the try counts, and whoever asks may use up `tries_max`."""

    payer_id: PayerId
    tries_max: int = PIN_TRIES_MAX


class AcceptPin(Command, frozen=True, kw_only=True):
    """The PIN was right, as of a number of sessions; the payer has all tries again."""

    payer_id: PayerId
    session_no: int = 0


class Confirm(Command, frozen=True, kw_only=True):
    """The payer confirmed with a PIN right at `session_no`; `evidence` was read just before."""

    token_hash: str
    payer_id: PayerId
    evidence: Evidence
    session_no: int = 0


class LockOut(Command, frozen=True, kw_only=True):
    """The payer's last PIN try at a cashier was wrong: the call ends."""

    token_hash: str
    payer_id: PayerId


class CancelCall(Command, frozen=True, kw_only=True):
    """The buyer cancelled at the cashier."""

    token_hash: str


class AnswerAttempt(Command, frozen=True, kw_only=True):
    """An issuer answered, or took too long (Unknown)."""

    merchant_id: MerchantId
    merchant_trans_id: MerchantTransId
    attempt_no: int
    answer: Answer


class ClaimAttempt(Command, frozen=True, kw_only=True):
    """A worker is about to ask an issuer again; `asks` fences it."""

    merchant_id: MerchantId
    merchant_trans_id: MerchantTransId
    attempt_no: int
    asks: int


class Cancel(ServerCommand, frozen=True, kw_only=True):
    """The merchant cancels an order, paid or not (U19).

    Attributes:
        owed: what the merchant is owed in the order's currency, if its debt has a limit.
    """

    client_id: ClientId
    merchant_id: MerchantId
    merchant_trans_id: MerchantTransId
    owed: Owed | None = None


class AskRefund(ServerCommand, frozen=True, kw_only=True):
    """The merchant gives a part or all of a payment back (U20).

    Attributes:
        owed: what the merchant is owed in this currency, if its debt has a limit.
    """

    client_id: ClientId
    merchant_id: MerchantId
    merchant_refund_id: MerchantRefundId
    acquirement_id: AcquirementId
    amount: Money
    reason: str = ""
    owed: Owed | None = None


class PrepareAgreement(ServerCommand, frozen=True, kw_only=True):
    """The merchant asks a payer to agree; a signing token was made for the page."""

    terms: AgreementTerms
    token_hash: str


class SignAgreement(Command, frozen=True, kw_only=True):
    """The payer agreed, with a PIN right at `session_no`; limits in minor units, None for none."""

    token_hash: str
    payer_id: PayerId
    code_hash: str
    session_no: int = 0
    single_max: int | None = None
    daily_max: int | None = None


class ApplyToken(ServerCommand, frozen=True, kw_only=True):
    """The merchant gives a code or a refresh token and gets the generation that follows.

    Attributes:
        given_hash: hash of what was given.
        access_hash, refresh_hash: hashes of the pair that follows from it.
        old_access_hash: hash of the access token of the generation before, "" for the first pair.
    """

    client_id: ClientId
    merchant_id: MerchantId
    kind: GrantKind
    given_hash: str
    access_hash: str
    refresh_hash: str
    old_access_hash: str = ""


class CancelAgreement(ServerCommand, frozen=True, kw_only=True):
    """An agreement ends: asked by its merchant's client, or by its payer."""

    merchant_id: MerchantId
    merchant_agreement_id: MerchantAgreementId
    client_id: ClientId | None = None
    payer_id: PayerId | None = None


class LimitAgreement(Command, frozen=True, kw_only=True):
    """The payer sets the limits of an agreement, in minor units, None for none.

    No limit rises unless `pin_checked` says that the PIN was right just now.
    """

    merchant_id: MerchantId
    merchant_agreement_id: MerchantAgreementId
    payer_id: PayerId
    single_max: int | None = None
    daily_max: int | None = None
    pin_checked: bool = False


class Debit(ServerCommand, frozen=True, kw_only=True):
    """The merchant debits an agreement (PROTOCOL 4.2).

    Attributes:
        access_hash: hash of the access token.
        merchant_agreement_id, payer_id: what the token was resolved to; they never change.
    """

    terms: Terms
    access_hash: str
    merchant_agreement_id: MerchantAgreementId
    payer_id: PayerId
    signals: Signals
    evidence: Evidence


class Expire(Command, frozen=True, kw_only=True):
    """An order's time is over."""

    merchant_id: MerchantId
    merchant_trans_id: MerchantTransId


class ClaimNotification(Command, frozen=True, kw_only=True):
    """A worker is about to send; `sends` is what it saw, and fences it."""

    merchant_id: MerchantId
    notification_id: NotificationId
    sends: int


class ReleaseNotification(Command, frozen=True, kw_only=True):
    """A worker that claimed a send could not begin it: nothing went out under this number."""

    merchant_id: MerchantId
    notification_id: NotificationId
    send_no: int


class RecordSend(Command, frozen=True, kw_only=True):
    """A send ended: what went out, what came back, and the verdict on it."""

    merchant_id: MerchantId
    notification_id: NotificationId
    send_no: int
    sent_at_ms: int
    elapsed_ms: int
    request: bytes
    status: int | None
    response: bytes
    acknowledged: bool
    verdict: str
    sentence: str


class OperatorCommand(Command, frozen=True, kw_only=True):
    """What every command of an operator carries: a name for the append-only log."""

    operator: str


class ResendNotification(OperatorCommand, frozen=True, kw_only=True):
    """An operator asks for one more send."""

    merchant_id: MerchantId
    notification_id: NotificationId


class InitialiseDatabase(OperatorCommand, frozen=True, kw_only=True):
    """State the mode, the gateway key and the secret; the database may say otherwise."""

    mode: str
    gateway_fingerprint: str
    secret_fingerprint: str


class SwitchGatewayKey(OperatorCommand, frozen=True, kw_only=True):
    """The gateway's next key becomes its own; merchants may hold the one before for a while.

    Attributes:
        fingerprint, public_pem: the key that signs from the next start.
        previous_fingerprint, previous_pem: the key that the database belonged to until now.
    """

    fingerprint: str
    public_pem: str
    previous_fingerprint: str
    previous_pem: str


class AddClient(OperatorCommand, frozen=True, kw_only=True):
    """Register a client; the same client again is no change, another content is refused."""

    client: Client


class AddClientKey(OperatorCommand, frozen=True, kw_only=True):
    """Register a public key of a client; `key.valid_from_ms` 0 means from now on."""

    key: ClientKey


class RetireClientKey(OperatorCommand, frozen=True, kw_only=True):
    """End a key's validity `after_ms` from now."""

    client_id: ClientId
    fingerprint: str
    after_ms: int = 0


class SetMerchant(OperatorCommand, frozen=True, kw_only=True):
    """Register a merchant or set it whole; `is_new` refuses one that exists otherwise."""

    merchant: Merchant
    is_new: bool = False


class AddPayer(OperatorCommand, frozen=True, kw_only=True):
    """Register a payer; the PIN is already hashed."""

    payer_id: PayerId
    name: str
    issuer: str
    pin_hash: str
    pin_tries_used: int = 0
    about: str = ""


class TopUp(OperatorCommand, frozen=True, kw_only=True):
    """Book cash taken from a payer of the built-in wallet."""

    payer_id: PayerId
    money: Money


class LimitPayer(OperatorCommand, frozen=True, kw_only=True):
    """Set what a payer may pay at once and in a day; None lifts a limit, not given leaves it."""

    payer_id: PayerId
    currency: str
    single_max: int | msgspec.UnsetType | None = msgspec.UNSET
    daily_max: int | msgspec.UnsetType | None = msgspec.UNSET


class DecideReview(OperatorCommand, frozen=True, kw_only=True):
    """An operator releases or refuses a payment that risk held back."""

    merchant_id: MerchantId
    merchant_trans_id: MerchantTransId
    attempt_no: int
    release: bool


class UnlockPayer(OperatorCommand, frozen=True, kw_only=True):
    """Give a payer all PIN tries again."""

    payer_id: PayerId


class SetPin(OperatorCommand, frozen=True, kw_only=True):
    """Give a payer another PIN, already hashed, and all tries; every session ends."""

    payer_id: PayerId
    pin_hash: str


class SignOutPayer(OperatorCommand, frozen=True, kw_only=True):
    """End every session of a payer."""

    payer_id: PayerId


class ErasePayer(OperatorCommand, frozen=True, kw_only=True):
    """Erase the person behind a payer and end the agreements named; entries and amounts stay."""

    payer_id: PayerId
    agreements: tuple[tuple[MerchantId, MerchantAgreementId], ...] = ()
