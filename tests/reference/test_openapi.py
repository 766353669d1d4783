"""`/openapi.json`: valid OpenAPI 3.1, complete, and its examples are what it says they are."""

import json
import re
from typing import Any

import openapi_spec_validator
import pytest
from openapi_schema_validator import OAS31Validator

from tillgate.bootstrap.doors import DESCRIBED as DOORS
from tillgate.gateway.reference import samples
from tillgate.gateway.reference.openapi import document
from tillgate.protocol.envelope import Kind, cut
from tillgate.protocol.function import Direction, Function
from tillgate.protocol.functions import ALL_FUNCTIONS, open_request
from tillgate.protocol.signature import verify

DOCUMENT = document("http://127.0.0.1:8080", DOORS)
JSON = "application/json"


def _operation(function: Function) -> dict[str, Any]:
    is_sent = function.direction is Direction.TO_MERCHANT
    named = DOCUMENT["webhooks"][function.name] if is_sent else DOCUMENT["paths"][function.path]
    operation: dict[str, Any] = named["post"]
    return operation


def _content(function: Function, kind: Kind) -> dict[str, Any]:
    operation = _operation(function)
    answers = operation["responses"]
    answer = answers.get("200") or answers["2XX"]
    told = operation["requestBody"] if kind is Kind.REQUEST else answer
    content: dict[str, Any] = told["content"][JSON]
    return content


def _validator(schema: dict[str, Any]) -> OAS31Validator:
    return OAS31Validator({**schema, "components": DOCUMENT["components"]})


def test_the_document_is_valid() -> None:
    openapi_spec_validator.validate(DOCUMENT)


def test_it_names_every_function_and_every_door_and_nothing_else() -> None:
    functions = {each.path for each in ALL_FUNCTIONS if each.direction is Direction.TO_GATEWAY}
    sent = {each.name for each in ALL_FUNCTIONS if each.direction is Direction.TO_MERCHANT}
    assert set(DOCUMENT["paths"]) == functions | {door.path for door in DOORS}
    assert set(DOCUMENT["webhooks"]) == sent
    for door in DOORS:
        assert door.method.lower() in DOCUMENT["paths"][door.path]


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("function", ALL_FUNCTIONS, ids=lambda each: each.name)
def test_each_example_keeps_its_schema_and_is_signed(function: Function, kind: Kind) -> None:
    content = _content(function, kind)
    (example,) = content["examples"].values()
    _validator(content["schema"]).validate(example["value"])
    raw = json.dumps(example["value"], separators=(",", ":"), ensure_ascii=False).encode()
    verified = verify(cut(raw, kind), [samples.key().public], samples.PROFILE)
    if kind is Kind.REQUEST:
        assert open_request(verified).function is function


@pytest.mark.parametrize("function", ALL_FUNCTIONS, ids=lambda each: each.name)
def test_a_request_without_what_is_required_breaks_the_schema(function: Function) -> None:
    content = _content(function, Kind.REQUEST)
    value = content["examples"]["signed"]["value"]
    validator = _validator(content["schema"])
    for part in ("head", "body"):
        for name, text in value["request"][part].items():
            changed = {**value["request"], part: {**value["request"][part], name: [text]}}
            is_free = name == "riskInfo"
            assert validator.is_valid({**value, "request": changed}) == is_free, name


def test_a_condition_of_two_members_is_in_the_schema() -> None:
    by_name = {each.name: each for each in ALL_FUNCTIONS}
    query = by_name["alipay.intl.acquiring.common.payQuery"]
    content = _content(query, Kind.REQUEST)
    value = content["examples"]["signed"]["value"]["request"]
    validator = _validator(content["schema"])
    for gone, is_valid in (
        ({"acquirementId"}, True),
        ({"merchantTransId"}, True),
        ({"acquirementId", "merchantTransId"}, False),
    ):
        body = {name: text for name, text in value["body"].items() if name not in gone}
        message = {"request": {**value, "body": body}, "signature": "x"}
        assert validator.is_valid(message) == is_valid, gone


def test_an_access_token_is_required_by_its_function_alone() -> None:
    for function in ALL_FUNCTIONS:
        content = _content(function, Kind.REQUEST)
        value = content["examples"]["signed"]["value"]["request"]
        head = {name: text for name, text in value["head"].items() if name != "accessToken"}
        message = {"request": {**value, "head": head}, "signature": "x"}
        is_debit = function.name.endswith("agreement.pay")
        assert _validator(content["schema"]).is_valid(message) != is_debit, function.name


def test_no_pattern_is_python_s_alone() -> None:
    text = json.dumps(DOCUMENT)
    assert r"\\Z" not in text
    patterns = re.findall(r'"pattern": "((?:[^"\\]|\\.)*)"', text)
    assert len(patterns) > 20
    assert all(json.loads(f'"{pattern}"').endswith("$") for pattern in patterns)
