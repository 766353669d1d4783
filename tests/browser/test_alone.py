"""The bridge on a page with no wallet around it: each of the seed's eight codes, for its reason."""

import json

from playwright.sync_api import Route

from tests.browser.acting import (
    Stage,
    call,
    codes_kept,
    finish,
    heard,
    leave,
    sign_in_and_pay,
    type_pin,
    until,
)


def on_result_page(stage: Stage) -> None:
    stage.page.wait_for_url("**/shop/result**")
    assert stage.page.get_attribute("main", "data-verified") == "yes"


def test_a_buyer_pays_in_a_window_and_the_shop_believes_the_signed_way_back(stage: Stage) -> None:
    stage.open_shop()
    with stage.page.expect_popup() as opening:
        stage.page.click("#buy")
    sign_in_and_pay(opening.value)
    on_result_page(stage)
    until(lambda: stage.page.evaluate("1") == 1 and opening.value.is_closed(), "it is still open")


def test_the_callback_of_a_payment_is_9000(stage: Stage) -> None:
    stage.open_shop()
    window = stage.window_of(stage.order())
    sign_in_and_pay(window)
    on_result_page(stage)
    assert codes_kept(stage.page.main_frame) == ["9000"]


def test_an_issuer_that_does_not_answer_is_8000_and_leads_back_to_the_shop(stage: Stage) -> None:
    stage.open_shop()
    window = stage.window_of(stage.order())
    sign_in_and_pay(window, "unknown-then-paid")
    window.wait_for_selector("[data-kind=unknown]")
    finish(window)
    on_result_page(stage)


def test_too_little_money_is_4000_and_says_what_to_do(stage: Stage) -> None:
    stage.open_shop()
    window = stage.window_of(stage.order("99.00"))
    sign_in_and_pay(window, "poor")
    window.wait_for_selector("[data-kind=balance]")
    finish(window)
    result = heard(stage.page.main_frame)
    assert result["resultCode"] == "4000"
    assert result["memo"].startswith("USER_BALANCE_NOT_ENOUGH")


def test_another_call_on_a_paid_order_is_5000(stage: Stage) -> None:
    stage.open_shop()
    order = stage.order()
    sign_in_and_pay(stage.window_of(order))
    on_result_page(stage)
    stage.open_shop()
    call(stage.page.main_frame, "tradePay", {"orderStr": order, "version": "2.0.0"})
    assert heard(stage.page.main_frame)["resultCode"] == "5000"


def test_a_buyer_who_cancels_is_6001(stage: Stage) -> None:
    stage.open_shop()
    window = stage.window_of(stage.order())
    leave(window, ".cancel")
    assert heard(stage.page.main_frame)["resultCode"] == "6001"


def test_a_gateway_out_of_reach_is_6002_after_tries_with_one_call_id(stage: Stage) -> None:
    stage.open_shop()
    asked: list[str] = []

    def cut(route: Route) -> None:
        asked.append(json.loads(route.request.post_data or "")["callId"])
        route.abort()

    stage.page.route("**/cashier/trade-pay", cut)
    call(stage.page.main_frame, "tradePay", {"orderStr": stage.order()})
    assert heard(stage.page.main_frame)["resultCode"] == "6002"
    assert len(asked) == 4
    assert len(set(asked)) == 1


def test_an_order_that_is_no_string_is_6005(stage: Stage) -> None:
    stage.open_shop()
    call(stage.page.main_frame, "tradePay", {"orderStr": {"request": {}}})
    result = heard(stage.page.main_frame)
    assert (result["resultCode"], result["error"]) == ("6005", 2)


def test_another_version_is_6005(stage: Stage) -> None:
    stage.open_shop()
    call(stage.page.main_frame, "tradePay", {"orderStr": stage.order(), "version": "1.0.0"})
    assert heard(stage.page.main_frame)["resultCode"] == "6005"


def test_closing_the_cashiers_window_is_7001(stage: Stage) -> None:
    stage.open_shop()
    window = stage.window_of(stage.order())
    window.wait_for_selector(".cancel")
    window.close()
    assert heard(stage.page.main_frame)["resultCode"] == "7001"


def test_a_window_closed_while_the_payment_is_under_way_does_not_hide_the_payment(
    stage: Stage,
) -> None:
    stage.open_shop()
    window = stage.window_of(stage.order())
    window.click("[data-payer=slow]")
    type_pin(window)
    window.wait_for_selector("#account")
    cashier = window.url.partition("#")[0]
    type_pin(window)

    def is_confirmed() -> bool:
        """Ask the gateway: what a closing window has only begun to send never arrives."""
        seen = stage.page.request.get(cashier, headers={"accept": "application/json"})
        return bool(seen.json()["state"] != "CONFIRM")

    until(is_confirmed, "nothing was confirmed")
    window.close()
    on_result_page(stage)


def test_a_lost_answer_is_asked_for_again_and_pays_once(stage: Stage) -> None:
    stage.open_shop()
    tries: list[int] = []

    def lose_first(route: Route) -> None:
        is_first = not tries
        tries.append(len(tries))
        answer = route.fetch()
        if is_first:
            route.abort()
        else:
            route.fulfill(response=answer)

    # Before the window opens: one that is just loading may slip past a route of its own.
    stage.page.context.route("**/confirm", lose_first)
    window = stage.window_of(stage.order())
    with window.expect_event("requestfailed", lambda lost: lost.url.endswith("/confirm")):
        sign_in_and_pay(window)
    window.wait_for_selector(".tone-unknown")
    assert tries == [0]
    leave(window)
    on_result_page(stage)
    assert len(tries) == 2


def test_a_blocked_window_is_opened_by_one_click_in_a_sheet(stage: Stage) -> None:
    stage.open_shop()
    stage.page.evaluate("() => { window.kept = window.open; window.open = () => null; }")
    call(stage.page.main_frame, "tradePay", {"orderStr": stage.order()})
    open_it = stage.page.locator("tillgate-sheet button.main")
    open_it.wait_for()
    stage.page.evaluate("() => { window.open = window.kept; }")
    with stage.page.expect_popup() as opening:
        open_it.click()
    leave(opening.value, ".cancel")
    assert heard(stage.page.main_frame)["resultCode"] == "6001"
    assert stage.page.locator("tillgate-sheet").count() == 0


def test_the_documents_page_pays_as_it_is_printed(stage: Stage) -> None:
    said = stage.dialogs()
    stage.open_shop("/shop/seed")
    with stage.page.expect_popup() as opening:
        stage.page.click("#pay")
    sign_in_and_pay(opening.value)
    on_result_page(stage)
    assert said[0] == "10.00"
    assert said[1].startswith('{"request":')
    assert said[2].startswith('callback result:{"resultCode":"9000"')


def test_a_page_that_listens_late_hears_that_the_bridge_is_ready(stage: Stage) -> None:
    stage.open_shop()
    listen = "document.addEventListener('AlipayJSBridgeReady', () => { window.late += 1; })"
    stage.page.evaluate(f"() => {{ window.late = 0; setTimeout(() => {listen}, 300); }}")
    until(lambda: stage.page.evaluate("window.late") == 1, "the late listener heard nothing")


def test_unknown_functions_answer_error_1_and_bad_parameters_error_2(stage: Stage) -> None:
    stage.open_shop()
    call(stage.page.main_frame, "fly", {})
    assert heard(stage.page.main_frame)["error"] == 1
    call(stage.page.main_frame, "setTitle", {})
    assert heard(stage.page.main_frame)["error"] == 2


def test_the_mini_programs_form_hears_fail_and_complete(stage: Stage) -> None:
    stage.open_shop()
    said = stage.page.evaluate(
        """() => new Promise((done) => {
          const said = [];
          const note = (name) => (result) => said.push([name, result.resultCode]);
          my.tradePay({orderStr: 1, success: note("success"), fail: note("fail"),
            complete: (result) => { note("complete")(result); done(said); }});
        })"""
    )
    assert said == [["fail", "6005"], ["complete", "6005"]]
