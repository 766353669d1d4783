"""Codes, notes and doors of the reference: complete, in order, and about members that exist."""

import re
from collections.abc import Iterator

import msgspec
import pytest

from tillgate.bootstrap.doors import DESCRIBED as DOORS
from tillgate.gateway.functions.table import HANDLERS
from tillgate.gateway.reference.codes import BEFORE_AN_ANSWER, SHARED, codes_of, own_codes
from tillgate.gateway.reference.notes import ON_REPEATING, on_repeating
from tillgate.gateway.reference.openapi import DOOR_STATUSES
from tillgate.gateway.reference.tables import rows
from tillgate.kernel.results import Result
from tillgate.protocol.function import Direction, Function
from tillgate.protocol.functions import ALL_FUNCTIONS
from tillgate.protocol.members import members_of

TO_OPERATORS = {Result.PROCESS_FAIL}
"""Told to operators' commands alone."""


@pytest.mark.parametrize("function", ALL_FUNCTIONS, ids=lambda each: each.name)
def test_codes_stand_in_the_order_in_which_a_request_is_judged(function: Function) -> None:
    codes = codes_of(function)
    assert [code.check for code in codes] == sorted(code.check for code in codes)
    assert len(set(codes)) == len(codes)


def test_every_code_of_the_table_can_be_given_by_some_function() -> None:
    given = {code for function in ALL_FUNCTIONS for code in codes_of(function)}
    assert set(Result) - given == TO_OPERATORS


def test_a_posted_function_shares_codes_and_adds_its_own() -> None:
    for function in ALL_FUNCTIONS:
        if function.direction is Direction.TO_GATEWAY:
            assert function.name in HANDLERS
            assert set(codes_of(function)) == SHARED | own_codes(function)
            assert not own_codes(function) & SHARED
            assert (Result.REPEATED_REQ_MSG_ID in codes_of(function)) == function.is_marked
    assert BEFORE_AN_ANSWER < SHARED


def test_each_function_has_a_note_on_repeating_about_its_own_members() -> None:
    assert {each.name for each in ALL_FUNCTIONS} == set(ON_REPEATING)
    for function in ALL_FUNCTIONS:
        known = {row.member.name for row in rows(function.request)}
        named = set(re.findall(r"`([^`]+)`", on_repeating(function)))
        assert named <= known, function.name


@pytest.mark.parametrize("function", ALL_FUNCTIONS, ids=lambda each: each.name)
def test_a_table_has_a_row_for_every_member_of_every_part(function: Function) -> None:
    for message in (function.request, function.response):
        if message is not None:
            assert [row.path for row in rows(message)] == list(_paths(message, ""))
            assert all(row.member.meaning for row in rows(message))


def _paths(message: type[msgspec.Struct], before: str) -> Iterator[str]:
    for member in members_of(message):
        here = f"{before}{member.name}"
        yield here
        inside = member.part or member.shape
        if inside is not None:
            yield from _paths(inside, f"{here}[]." if member.is_list else f"{here}.")


def test_doors_have_names_of_their_own_and_statuses_in_words() -> None:
    assert len({door.name for door in DOORS}) == len(DOORS)
    assert {status for door in DOORS for status in door.answers} <= set(DOOR_STATUSES)
