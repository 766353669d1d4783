"""What commands say of themselves: examples spelt as the system spells, and no promise too many."""

from tillgate.acquiring.notification import Notification
from tillgate.cli.client import add
from tillgate.cli.notification import resend
from tillgate.engine.decide.parts import order_keys


def test_the_example_of_resend_names_a_notification_as_show_does() -> None:
    *_, merchant, notification = (resend.__doc__ or "").split()
    keys = order_keys(merchant, "A-1001")
    named = [key.parts[1] for key in keys if key.record is Notification]
    assert notification in named


def test_client_add_promises_no_change_that_it_refuses() -> None:
    assert "keeps what it has" in (add.__doc__ or "")
