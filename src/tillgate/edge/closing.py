"""What has become of an order whose time is over: asked of the engine, which locks its row.

A row that was read without a lock may hide a payment that was decided in time and whose commit is
still on its way. What must hold: nobody is told that an order is closed before that is committed;
if it cannot be found out, the answer is not known.
"""

from tillgate.acquiring.acquirement import Acquirement
from tillgate.edge.desk import Desk
from tillgate.engine.commands import Expire
from tillgate.kernel.errors import Broken


async def settled(desk: Desk, order: Acquirement) -> Acquirement:
    """Return an order as it is; one whose time is over is closed first, or was paid after all.

    Raises:
        Refused: REQUEST_TRAFFIC_EXCEED_LIMIT, when too many wait.
        Unavailable: it could not be found out.
    """
    if not order.is_over(desk.clock.now_ms()):
        return order
    command = Expire(
        operation_id=desk.operation(),
        merchant_id=order.merchant_id,
        merchant_trans_id=order.merchant_trans_id,
    )
    await desk.engine.execute(command)
    now = await desk.reader.get(Acquirement, *order.key.parts)
    if now is None:
        message = f"{order.key} is gone"
        raise Broken(message)
    return now
