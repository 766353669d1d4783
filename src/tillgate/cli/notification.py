"""`tillgate notification show | resend`: what merchants were told, what they answered, once more.

It reads the outbox and its sends; only the worker sends. What must hold: a resend is an operator's
command in the log, and it changes nothing but when the next send is due.
"""

from typing import Annotated, Any

import typer

from tillgate.cli.surface import (
    AsJson,
    Data,
    Operator,
    command,
    instant,
    print_json,
    print_rows,
    say,
)

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
)


@app.callback()
def _group() -> None:
    """See what merchants were told, and tell it again.

    Example: tillgate notification show 2160400000002012
    """


@app.command()
@command
def show(
    merchant: Annotated[str, typer.Argument(help="The merchantId; all by default.")] = "",
    order: Annotated[str, typer.Argument(help="The merchantTransId; all by default.")] = "",
    *,
    data: Data = "",
    as_json: AsJson = False,
) -> None:
    """Show notifications, and each send of them with what came back.

    Example: tillgate notification show 2160400000002012 A-1001 --json
    """
    from tillgate.cli.operate import read, settings_of

    rows = read(settings_of(data), lambda reader: _read(reader, merchant, order))
    if as_json:
        print_json(rows)
        return
    names = ("merchant", "order", "notification", "state", "sends", "due", "last answer")
    print_rows("Notifications", names, [_line(row) for row in rows])


@app.command()
@command
def resend(
    merchant: Annotated[str, typer.Argument(help="The merchantId.")],
    notification: Annotated[str, typer.Argument(help="Its id, as `notification show` tells it.")],
    *,
    data: Data = "",
    operator: Operator = "",
    as_json: AsJson = False,
) -> None:
    """Send a notification once more, at once.

    Example: tillgate notification resend 2160400000002012 A-1001.paid
    """
    from tillgate.cli.operate import execute, settings_of
    from tillgate.engine.commands import ResendNotification

    outcome = execute(
        ResendNotification,
        settings_of(data),
        operator=operator,
        merchant_id=merchant,
        notification_id=notification,
    )
    due = instant(outcome["due_at_ms"])
    if as_json:
        print_json({"notification": notification, "state": outcome["state"], "due": due})
    else:
        say(f"Notification {notification} is due at {due}; a running server sends it.")


async def _read(reader: Any, merchant: str, order: str) -> list[dict[str, Any]]:  # noqa: ANN401  The engine's Reader.
    from tillgate.acquiring.notification import Notification, NotificationSend
    from tillgate.cli.operate import every

    wanted = {"merchant_id": merchant, "merchant_trans_id": order}
    given = {name: value for name, value in wanted.items() if value}
    rows = []
    for row in await every(reader, Notification, **given):
        key = {"merchant_id": row.merchant_id, "notification_id": row.notification_id}
        sends = await every(reader, NotificationSend, **key)
        rows.append(
            {
                "merchant": row.merchant_id,
                "order": row.merchant_trans_id,
                "notification": row.notification_id,
                "state": row.state,
                "payStatus": row.pay_status,
                "url": row.url,
                "due": instant(row.due_at_ms),
                "sends": [_send(send) for send in sends],
            }
        )
    return rows


def _send(send: Any) -> dict[str, Any]:  # noqa: ANN401  A NotificationSend; imported late.
    return {
        "no": send.send_no,
        "at": instant(send.sent_at_ms),
        "elapsedMs": send.elapsed_ms,
        "status": send.status,
        "verdict": send.verdict,
        "sentence": send.sentence,
        "request": send.request.decode(errors="replace"),
        "response": send.response.decode(errors="replace"),
    }


def _line(row: dict[str, Any]) -> list[object]:
    sends = row["sends"]
    answer = sends[-1]["verdict"] if sends else ""
    due = row["due"] if row["state"] == "PENDING" else ""
    names = ("merchant", "order", "notification", "state")
    return [*(row[name] for name in names), len(sends), due, answer]
