"""A merchant's notify address that writes down every fact it is told, and how often.

It verifies with the SDK and takes payments and ends of agreements alike. What must hold: what is
not believed is a fault and is not acknowledged; the facts are kept as they were written, so that
two tellings of one thing can be compared.
"""

import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import final

from tests.support.notify_url import acknowledged, notify_url
from tillgate.merchant import UNCHECKED, Merchant, VerificationError
from tillgate.protocol.envelope import cut


@final
class Hearing:
    """What a merchant was told: of each subject every telling, without the message's own number."""

    def __init__(self, merchant: Merchant) -> None:
        """Believe what this merchant's SDK believes."""
        self._merchant = merchant
        self._lock = threading.Lock()
        self.url = ""
        self.facts: dict[str, Counter[str]] = {}
        self.faults: list[str] = []

    def take(self, raw: bytes) -> bytes | None:
        """Return the acknowledgement, or None when the message is not believed."""
        body = cut(raw).unverified["body"]
        try:
            if "merchantAgreementId" in body:
                ended = self._merchant.agreement_notification(raw)
                return self._heard(ended.agreement_id, body, self._merchant.acknowledge(ended))
            paid = self._merchant.notification(raw, expect=UNCHECKED)
        except VerificationError as error:
            with self._lock:
                self.faults.append(str(error))
            return None
        subject = f"{paid.merchant_trans_id} {body['payStatus']}"
        return self._heard(subject, body, self._merchant.acknowledge(paid))

    def _heard(self, subject: str, body: object, answer: bytes) -> bytes:
        with self._lock:
            told = self.facts.setdefault(subject, Counter())
            told[json.dumps(body, sort_keys=True)] += 1
        return answer


@contextmanager
def hearing(merchant: Merchant) -> Iterator[Hearing]:
    """Listen for as long as the block lasts."""
    heard = Hearing(merchant)
    with notify_url(lambda raw: acknowledged(heard.take(raw))) as heard.url:
        yield heard
