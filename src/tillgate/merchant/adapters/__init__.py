"""Views for web frameworks: each takes the gateway's notifications as it should be taken.

`answer` decides what is answered; `starlette` (FastAPI too), `flask` and `django` fetch the raw
bytes and carry the answer back. What must hold: importing this package, or `tillgate`, loads no
framework; only the module named after one does.
"""
