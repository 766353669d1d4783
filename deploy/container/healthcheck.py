# ruff: noqa: INP001  It is copied into the container by itself.
"""Asks a gateway in this container whether it lives; exit 0 when it does.

It asks /healthz, not /readyz: a gateway whose database is away is not mended by a restart. What
must hold: it needs nothing but Python, and names a Host that the gateway answers for.
"""

import os
import sys
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException

WAIT_S_MAX = 4


def is_alive(port: int) -> bool:
    """Tell whether the gateway on this port of the container answers."""
    connection = HTTPConnection("127.0.0.1", port, timeout=WAIT_S_MAX)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == HTTPStatus.OK
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(0 if is_alive(int(os.environ.get("TILLGATE_PORT") or 8080)) else 1)
