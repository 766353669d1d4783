"""The first tables: clients and merchants, payers, orders and what is asked and owed, the books.

Written from `storage.schema` as it stood then; it never changes. What must hold: nothing is there
yet, so there is nothing to carry over.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from tillgate.storage.migrations.making import protect

revision = "0001"
down_revision = None

APPEND_ONLY = {
    "entries": "An entry is never changed; a mistake is answered by an entry.",
    "postings": "A posting is never changed; a mistake is answered by an entry.",
    "operator_actions": "What an operator did is never changed.",
}


def upgrade() -> None:
    """Make the tables."""
    _acquirements()
    _attempts()
    _balances()
    _calls()
    _clients()
    _client_keys()
    _entries()
    _facts()
    _merchants()
    _notifications()
    _notification_sends()
    _operations()
    _operator_actions()
    _payers()
    _postings()
    _protect()


def _acquirements() -> None:
    op.create_table(
        "acquirements",
        *_texts(
            "merchant_id",
            "merchant_trans_id",
            "acquirement_id",
            "client_id",
            "version",
            "state",
            "product_code",
        ),
        *_numbers("amount_minor", "refunded_minor"),
        *_texts(
            "title",
            "detail",
            "seller_id",
            "seller_name",
            "settle_contract_id",
            "extend_info",
            "notify_url",
            "return_url",
        ),
        *_numbers("created_at_ms", "expires_at_ms"),
        *_numbers("paid_at_ms", "closed_at_ms", nullable=True),
        *_texts("close_reason", "payer_id", "issuer", nullable=True),
        *_numbers("paid_attempt", "attempt_count", "attempt_open"),
        *_flags("cancel_requested"),
        *_texts("amount_currency", "refunded_currency"),
        sa.PrimaryKeyConstraint("merchant_id", "merchant_trans_id", name="acquirements_key"),
        sa.CheckConstraint(
            "refunded_minor >= 0 AND refunded_minor <= amount_minor",
            name="acquirement_gives_back_no_more_than_it_took",
        ),
        sa.CheckConstraint(
            "refunded_currency = amount_currency", name="acquirement_gives_back_what_it_took"
        ),
        sa.CheckConstraint(
            "amount_minor > 0 OR (amount_minor = 0 AND state = 'TRADE_CLOSED')",
            name="acquirement_has_a_price",
        ),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index(
        "acquirements_alone_in_acquirement_id",
        "acquirements",
        ["merchant_id", "acquirement_id"],
        unique=True,
    )
    op.create_index(
        "acquirements_by_acquirement_id", "acquirements", ["acquirement_id"], unique=False
    )
    op.create_index(
        "acquirements_by_state_and_expires_at_ms",
        "acquirements",
        ["state", "expires_at_ms"],
        unique=False,
    )


def _attempts() -> None:
    op.create_table(
        "attempts",
        *_texts("merchant_id", "merchant_trans_id"),
        *_numbers("attempt_no"),
        *_texts("kind", "purpose", "state", "issuer", "payer_id"),
        *_numbers("amount_minor"),
        *_texts("call_id"),
        *_numbers("asked_at_ms", "next_ask_at_ms", "asks"),
        *_numbers("answered_at_ms", nullable=True),
        *_texts("declined_code"),
        *_numbers("late_approved_at_ms", "contradicted_at_ms", nullable=True),
        *_texts("amount_currency"),
        sa.PrimaryKeyConstraint(
            "merchant_id", "merchant_trans_id", "attempt_no", name="attempts_key"
        ),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index(
        "attempts_alone_in_merchant_trans_id",
        "attempts",
        ["merchant_id", "merchant_trans_id"],
        unique=True,
        sqlite_where=sa.text(
            "kind IN ('DEBIT') AND state IN ('ASKED', 'REVIEW', 'UNKNOWN', 'APPROVED')"
        ),
        postgresql_where=sa.text(
            "kind IN ('DEBIT') AND state IN ('ASKED', 'REVIEW', 'UNKNOWN', 'APPROVED')"
        ),
    )
    op.create_index(
        "attempts_by_state_and_next_ask_at_ms",
        "attempts",
        ["state", "next_ask_at_ms"],
        unique=False,
    )


def _balances() -> None:
    op.create_table(
        "balances",
        *_texts("account", "currency"),
        *_numbers("money_minor"),
        *_texts("money_currency"),
        sa.PrimaryKeyConstraint("account", "currency", name="balances_key"),
        sa.CheckConstraint("money_minor >= 0", name="balance_has_a_floor"),
        sa.CheckConstraint("money_currency = currency", name="balance_holds_its_currency"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )


def _calls() -> None:
    op.create_table(
        "calls",
        *_texts("merchant_id", "merchant_trans_id", "call_id", "token_hash", "currency", "form"),
        *_numbers("created_at_ms"),
        *_texts("payer_id", nullable=True),
        *_texts("browser_hash", "result_code", "result_memo"),
        sa.PrimaryKeyConstraint("merchant_id", "merchant_trans_id", "call_id", name="calls_key"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index("calls_by_token_hash", "calls", ["token_hash"], unique=False)


def _clients() -> None:
    op.create_table(
        "clients",
        *_texts("client_id", "name", "profile", "merchant_ids", "functions"),
        *_flags("active"),
        sa.PrimaryKeyConstraint("client_id", name="clients_key"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )


def _client_keys() -> None:
    op.create_table(
        "client_keys",
        *_texts("client_id", "fingerprint", "public_pem"),
        *_numbers("valid_from_ms"),
        *_numbers("valid_until_ms", nullable=True),
        sa.PrimaryKeyConstraint("client_id", "fingerprint", name="client_keys_key"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )


def _entries() -> None:
    op.create_table(
        "entries",
        *_texts("book", "entry_id", "kind", "reference"),
        *_numbers("at_ms", "legs"),
        sa.PrimaryKeyConstraint("book", "entry_id", name="entries_key"),
        sa.CheckConstraint("legs > 0", name="entry_has_legs"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index(
        "entries_alone_in_kind_and_reference", "entries", ["book", "kind", "reference"], unique=True
    )


def _facts() -> None:
    op.create_table(
        "facts",
        *_texts("name", "value"),
        sa.PrimaryKeyConstraint("name", name="facts_key"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )


def _merchants() -> None:
    op.create_table(
        "merchants",
        *_texts("merchant_id", "name", "notify_url", "hosts", "origins", "contracts", "currencies"),
        *_flags("active"),
        sa.PrimaryKeyConstraint("merchant_id", name="merchants_key"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )


def _notifications() -> None:
    op.create_table(
        "notifications",
        *_texts(
            "merchant_id",
            "notification_id",
            "merchant_trans_id",
            "acquirement_id",
            "client_id",
            "version",
            "url",
            "result",
            "pay_status",
        ),
        *_numbers("amount_minor"),
        *_numbers("paid_at_ms", nullable=True),
        *_texts("extend_info", "state"),
        *_numbers("created_at_ms", "due_at_ms", "sends", "lease_until_ms"),
        *_numbers("ended_at_ms", nullable=True),
        *_texts("amount_currency"),
        sa.PrimaryKeyConstraint("merchant_id", "notification_id", name="notifications_key"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index(
        "notifications_alone_in_merchant_trans_id_and_pay_status",
        "notifications",
        ["merchant_id", "merchant_trans_id", "pay_status"],
        unique=True,
    )
    op.create_index(
        "notifications_by_state_and_due_at_ms",
        "notifications",
        ["state", "due_at_ms"],
        unique=False,
    )


def _notification_sends() -> None:
    op.create_table(
        "notification_sends",
        *_texts("merchant_id", "notification_id"),
        *_numbers("send_no", "sent_at_ms", "elapsed_ms"),
        *_bytes("request"),
        *_numbers("status", nullable=True),
        *_bytes("response"),
        *_texts("verdict", "sentence"),
        sa.PrimaryKeyConstraint(
            "merchant_id", "notification_id", "send_no", name="notification_sends_key"
        ),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )


def _operations() -> None:
    op.create_table(
        "operations",
        *_texts("operation_id", "command"),
        *_bytes("outcome"),
        *_numbers("at_ms"),
        sa.PrimaryKeyConstraint("operation_id", name="operations_key"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )


def _operator_actions() -> None:
    op.create_table(
        "operator_actions",
        *_texts("operation_id"),
        *_numbers("at_ms"),
        *_texts("operator", "action", "subject", "detail"),
        sa.PrimaryKeyConstraint("operation_id", name="operator_actions_key"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )


def _payers() -> None:
    op.create_table(
        "payers",
        *_texts("payer_id", "name", "issuer", "pin_hash"),
        *_numbers("created_at_ms", "pin_tries_used"),
        *_texts("about"),
        sa.PrimaryKeyConstraint("payer_id", name="payers_key"),
        sa.CheckConstraint("pin_tries_used >= 0", name="payer_tries_are_counted_up"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )


def _postings() -> None:
    op.create_table(
        "postings",
        *_texts("book", "entry_id"),
        *_numbers("leg_no"),
        *_texts("source", "destination"),
        *_numbers("money_minor"),
        *_texts("money_currency"),
        sa.PrimaryKeyConstraint("book", "entry_id", "leg_no", name="postings_key"),
        sa.CheckConstraint("source <> destination", name="posting_goes_somewhere"),
        sa.CheckConstraint("money_minor > 0", name="posting_moves_money"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )


def _protect() -> None:
    """Let the database refuse to change or delete what is written once."""
    for table, sentence in APPEND_ONLY.items():
        protect(table, sentence)


def _texts(*names: str, nullable: bool = False) -> list[sa.Column[Any]]:
    plain = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    return [sa.Column(name, plain, nullable=nullable) for name in names]


def _numbers(*names: str, nullable: bool = False) -> list[sa.Column[Any]]:
    whole = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    return [sa.Column(name, whole, nullable=nullable) for name in names]


def _flags(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Integer(), nullable=False) for name in names]


def _bytes(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.LargeBinary(), nullable=False) for name in names]
