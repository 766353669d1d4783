"""What tests of whole commands share: a shell on a folder of their own, with and without books."""

from tests.support.shell import books, tillgate

__all__ = ["books", "tillgate"]
