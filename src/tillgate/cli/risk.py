"""`tillgate risk list | show | decide | rules`: what risk saw, and what waits for a person.

It reads the rows of orders and judgements; a decision is an engine command with the operator's
name. What must hold: a payment is decided once, and who released one that was not paid after all is
told so by the exit code.
"""

from typing import Annotated, Any

import msgspec
import typer

from tillgate.cli.surface import (
    AsJson,
    Data,
    Exit,
    Operator,
    UsageError,
    command,
    instant,
    print_facts,
    print_json,
    print_rows,
    say,
)

app = typer.Typer(add_completion=False, no_args_is_help=True)

Order = Annotated[str, typer.Argument(help="The merchantTransId, or the acquirementId.")]
Merchant = Annotated[
    str, typer.Option("--merchant", help="The merchantId, when several have such an order.")
]
DECIDED = "risk decide"
"""Under which name a decision stands in the operators' log."""


@app.callback()
def _group() -> None:
    """See what risk held back, and decide it.

    Example: tillgate risk list
    """


@app.command("list")
@command
def list_(*, data: Data = "", as_json: AsJson = False) -> None:
    """List the payments that wait for a decision, the oldest first.

    Example: tillgate risk list --data /var/lib/tillgate
    """
    from tillgate.cli.operate import read, settings_of

    rows = read(settings_of(data), _waiting)
    if as_json:
        print_json(rows)
        return
    names = ("since", "merchant", "order", "payer", "amount", "score", "rules")
    lines = [[_cell(row[name]) for name in names] for row in rows]
    print_rows("Payments that wait for a decision", names, lines)


@app.command()
@command
def show(
    order: Order, *, merchant: Merchant = "", data: Data = "", as_json: AsJson = False
) -> None:
    """Show what riskInfo said of an order, how each try was judged, and who decided it.

    Example: tillgate risk show A-1001 --data /var/lib/tillgate --json
    """
    from tillgate.cli.operate import read, settings_of

    found = read(settings_of(data), lambda reader: _read(reader, order, merchant))
    if as_json:
        print_json(found)
        return
    told = ("merchant", "order", "acquirement", "amount", "state", "review")
    said = {f"signal {name}": _cell(text) for name, text in (found["signals"] or {}).items()}
    print_facts("Order", {**{name: found[name] or "" for name in told}, **said})
    names = ("no", "at", "payer", "outcome", "score", "rule", "sentence")
    print_rows("Judgements", names, [line for row in found["decisions"] for line in _lines(row)])
    acts = [[act["at"], act["operator"], act["did"], act["attempt"]] for act in found["decided"]]
    if acts:
        print_rows("Decided", ("at", "operator", "did", "attempt"), acts)


@app.command()
@command
def decide(
    order: Order,
    *,
    release: Annotated[
        bool | None, typer.Option("--release/--refuse", help="Let it be paid, or not.")
    ] = None,
    merchant: Merchant = "",
    data: Data = "",
    operator: Operator = "",
    as_json: AsJson = False,
) -> None:
    """Release or refuse a payment that risk held back.

    Exit 0 when it went as you said; 1 when a released one was declined, as for want of money.

    Example: tillgate risk decide A-1001 --release --operator olga
    """
    from tillgate.cli.operate import execute, read, settings_of
    from tillgate.engine.commands import DecideReview

    if release is None:
        raise UsageError("Say what to do: --release or --refuse")
    settings = settings_of(data)
    attempt = read(settings, lambda reader: _held(reader, order, merchant))
    members = {name: getattr(attempt, name) for name in attempt.key_fields}
    execute(DecideReview, settings, operator=operator, **members, release=release)
    after = read(settings, lambda reader: reader.get(type(attempt), *members.values()))
    is_undone = release and bool(after.declined_code)
    told = {
        "merchant": after.merchant_id,
        "order": after.merchant_trans_id,
        "attempt": after.attempt_no,
        "decision": "release" if release else "refuse",
        "state": after.state,
        "declined": after.declined_code if is_undone else "",
    }
    if as_json:
        print_json(told)
    else:
        say(_sentence(told))
    if is_undone:
        raise typer.Exit(Exit.REFUSED)


@app.command()
@command
def rules(*, data: Data = "", as_json: AsJson = False) -> None:
    """Show every rule with its weight here, and from which score on what follows.

    Example: tillgate risk rules
    """
    from tillgate.acquiring.risk.rules import RULES
    from tillgate.bootstrap.risk import read_risk
    from tillgate.cli.operate import settings_of

    risk = read_risk(settings_of(data))
    own = dict(risk.weights)
    rows = [
        {
            "rule": rule.name,
            "weight": own.get(rule.name, rule.weight),
            "usual": rule.weight,
            "weak": rule.is_weak,
            "sentence": rule.sentence,
        }
        for rule in RULES
    ]
    scores = {
        "ask the PIN": risk.ask_pin_score,
        "review": risk.review_score,
        "reject": risk.reject_score,
    }
    if as_json:
        names_of = ("askPinScore", "reviewScore", "rejectScore")
        print_json({**dict(zip(names_of, scores.values(), strict=True)), "rules": rows})
        return
    names = ("rule", "weight", "usual", "sentence")
    lines = [[row[name] for name in names] for row in rows]
    print_rows("Rules; weak ones only lead to asking for the PIN", names, lines)
    said = ", ".join(f"{name} from {score} on" for name, score in scores.items())
    say(f"The weights of the rules that fire are added up: {said}.")


async def _waiting(reader: Any) -> list[dict[str, Any]]:  # noqa: ANN401  The engine's Reader.
    from tillgate.acquiring.attempt import Attempt
    from tillgate.acquiring.states import AttemptState
    from tillgate.cli.operate import every

    held = await every(reader, Attempt, state=AttemptState.REVIEW)
    rows = []
    for attempt in sorted(held, key=lambda each: int(each.asked_at_ms)):
        decisions = await _decisions(reader, attempt.merchant_id, attempt.merchant_trans_id)
        last = decisions[-1] if decisions else None
        rows.append(
            {
                "since": instant(attempt.asked_at_ms),
                "merchant": attempt.merchant_id,
                "order": attempt.merchant_trans_id,
                "attempt": attempt.attempt_no,
                "payer": attempt.payer_id,
                "amount": str(attempt.amount),
                "score": last.score if last else None,
                "rules": list(last.rules) if last else [],
            }
        )
    return rows


async def _decisions(reader: Any, merchant: str, order: str) -> list[Any]:  # noqa: ANN401  The engine's Reader.
    from tillgate.acquiring.risk.records import RiskDecision
    from tillgate.cli.operate import every

    return await every(reader, RiskDecision, merchant_id=merchant, merchant_trans_id=order)


async def _order(reader: Any, order: str, merchant: str) -> Any:  # noqa: ANN401  The engine's Reader; an Acquirement.
    """Return the one order of this number."""
    from tillgate.acquiring.acquirement import Acquirement
    from tillgate.engine.ports import Select
    from tillgate.kernel.errors import Refused
    from tillgate.kernel.results import Result

    whose = (("merchant_id", merchant),) if merchant else ()
    for field in ("merchant_trans_id", "acquirement_id"):
        query = Select(record=Acquirement, equals=((field, order), *whose), limit=2)
        found = await reader.select(query)
        if len(found) > 1:
            raise UsageError(f"Several merchants have an order {order}; name one: --merchant ID")
        if found:
            return found[0]
    step = "see what waits: tillgate risk list"
    raise Refused(Result.ORDER_NOT_EXIST, f"There is no order {order}; {step}")


async def _held(reader: Any, order: str, merchant: str) -> Any:  # noqa: ANN401  The engine's Reader; an Attempt.
    """Return the attempt of an order that waits for a decision."""
    from tillgate.acquiring.attempt import Attempt
    from tillgate.acquiring.states import AttemptState
    from tillgate.cli.operate import every
    from tillgate.kernel.errors import Refused
    from tillgate.kernel.results import Result

    row = await _order(reader, order, merchant)
    named = {"merchant_id": row.merchant_id, "merchant_trans_id": row.merchant_trans_id}
    held = await every(reader, Attempt, **named, state=AttemptState.REVIEW)
    if not held:
        sentence = f"Nothing of order {order} waits for a decision; see: tillgate risk show {order}"
        raise Refused(Result.ORDER_STATUS_INVALID, sentence)
    return held[0]


async def _read(reader: Any, order: str, merchant: str) -> dict[str, Any]:  # noqa: ANN401  The engine's Reader.
    from tillgate.acquiring.attempt import Attempt
    from tillgate.acquiring.risk.records import OrderRisk
    from tillgate.cli.operate import every

    row = await _order(reader, order, merchant)
    name = (row.merchant_id, row.merchant_trans_id)
    kept = await reader.get(OrderRisk, *name)
    tries = await every(reader, Attempt, merchant_id=name[0], merchant_trans_id=name[1])
    decided = [act for each in tries for act in await _acts(reader, each)]
    judged = await _decisions(reader, *name)
    return {
        "merchant": row.merchant_id,
        "order": row.merchant_trans_id,
        "acquirement": row.acquirement_id,
        "amount": str(row.amount),
        "state": row.state,
        "review": _review(tries, decided),
        "signals": msgspec.json.decode(kept.signals) if kept is not None else None,
        "decisions": [_judged(each) for each in judged],
        "decided": decided,
    }


async def _acts(reader: Any, attempt: Any) -> list[dict[str, Any]]:  # noqa: ANN401  The engine's Reader; an Attempt.
    """Return what operators decided of an attempt."""
    from tillgate.acquiring.operator import OperatorAction
    from tillgate.cli.operate import every

    acts = await every(reader, OperatorAction, action=DECIDED, subject=str(attempt.key))
    return [
        {
            "at": instant(act.at_ms),
            "operator": act.operator,
            "did": "release" if msgspec.json.decode(act.detail)["release"] else "refuse",
            "attempt": attempt.attempt_no,
        }
        for act in acts
    ]


def _review(tries: list[Any], decided: list[dict[str, Any]]) -> str:
    """Return where the review stands: waiting, release, refuse, or "" when there was none."""
    if any(each.state == "REVIEW" for each in tries):
        return "waiting"
    return str(decided[-1]["did"]) if decided else ""


def _judged(row: Any) -> dict[str, Any]:  # noqa: ANN401  A RiskDecision; imported late.
    from tillgate.acquiring.risk.rules import sentence_of

    return {
        "no": row.decision_no,
        "at": instant(row.at_ms),
        "payer": row.payer_id,
        "amount": str(row.amount),
        "outcome": row.outcome,
        "score": row.score,
        "agreement": row.is_agreement,
        "device": row.device,
        "signals": msgspec.json.decode(row.signals),
        "rules": [{"rule": name, "sentence": sentence_of(name)} for name in row.rules],
    }


def _lines(row: dict[str, Any]) -> list[list[object]]:
    """Return a judgement as lines of a table, one for each rule that fired."""
    fired = row["rules"] or [{"rule": "", "sentence": "No rule fired."}]
    head = [row[name] for name in ("no", "at", "payer", "outcome", "score")]
    return [[*head, each["rule"], each["sentence"]] for each in fired]


def _sentence(told: dict[str, Any]) -> str:
    subject = f"Order {told['order']}"
    if told["declined"]:
        return f"{subject} was released and then declined: {told['declined']}."
    if told["decision"] == "refuse":
        return f"{subject} is refused."
    if told["state"] == "ASKED":
        return f"{subject} is released; a running server asks its issuer."
    return f"{subject} is released and paid."


def _cell(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
