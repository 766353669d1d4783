"""The examples of commands: what they name is spelt as the system spells it."""

from tillgate.acquiring.notification import Notification
from tillgate.cli.notification import resend
from tillgate.engine.decide.parts import order_keys


def test_the_example_of_resend_names_a_notification_as_show_does() -> None:
    *_, merchant, notification = (resend.__doc__ or "").split()
    keys = order_keys(merchant, "A-1001")
    named = [key.parts[1] for key in keys if key.record is Notification]
    assert notification in named
