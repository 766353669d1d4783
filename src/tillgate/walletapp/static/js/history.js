/** The wallet's payments, the newest first, each with its refunds under it. It shows what the server tells. */

import { el, icon } from "/static/cashier/js/dom.js";
import { isLess, showMoney } from "/static/cashier/js/money.js";
import { askOwn, initial, listScreen, notLoaded, nothing, shownDate, waiting } from "./listing.js";

/** @typedef {import("./listing.js").Speech} Speech */
/** @typedef {import("./listing.js").Wallet} Wallet */
/** @typedef {import("/static/cashier/js/money.js").Money} Money */
/** @typedef {{refundAmount: Money, reason: string, state: "ASKED" | "DONE" | "FAILED", at: string}} Refund */
/** @typedef {{payee: string, title: string, orderAmount: Money, paidAt: string, merchantTransId: string, acquirementId: string, state: string, closeReason: string | null, automatic: boolean, refunded: Money, refunds: Refund[]}} Payment */

export class History {
  /** @param {Speech} speech @param {Wallet} wallet */
  constructor(speech, wallet) {
    this.speech = speech;
    this.wallet = wallet;
    /** @type {Payment[]} */
    this.payments = [];
    /** @type {string | null} */
    this.next = null;
    /** @type {"loading" | "shown" | "lost"} */
    this.state = "loading";
    this.element = el("div", { class: "list-holder" });
    this.draw();
    this.load();
  }

  async load() {
    const cursor = this.next ? `?cursor=${encodeURIComponent(this.next)}` : "";
    const shownBefore = this.payments.length;
    const found = await askOwn(this.wallet, `/wallet/history${cursor}`);
    this.state = found ? "shown" : "lost";
    if (found) {
      this.payments.push(...found.payments);
      this.next = found.next;
    }
    this.draw();
    if (shownBefore) /** @type {HTMLElement | null} */ (this.element.querySelectorAll("summary")[shownBefore])?.focus();
  }

  /** Everything again, in the present language. */
  draw() {
    const speech = this.speech;
    const { element, place } = listScreen(speech, { heading: speech.say("history.heading"), kind: "history", onBack: this.wallet.onBack });
    if (this.state === "loading") place.append(waiting(speech.say("history.loading")));
    else if (this.state === "lost") place.append(notLoaded(speech, () => this.again()));
    else if (!this.payments.length) place.append(nothing("receipt", speech.say("history.empty.heading"), speech.say("history.empty")));
    if (this.payments.length) place.prepend(el("ol", { class: "payments" }, ...this.payments.map((each) => paymentItem(speech, each))));
    if (this.state === "shown" && this.next) place.append(el("button", { class: "button", type: "button", onclick: () => this.load() }, speech.say("history.more")));
    this.element.replaceChildren(element);
  }

  again() {
    this.state = "loading";
    this.draw();
    this.load();
  }
}

/** @param {Speech} speech @param {Payment} payment */
function paymentItem(speech, payment) {
  const time = shownDate(speech, payment.paidAt, { hour: "numeric", minute: "2-digit" });
  const badges = badgesOf(payment).map((key) => el("span", { class: "tag", "data-tag": key }, speech.say(key)));
  const row = el(
    "summary",
    { class: "payment" },
    initial(payment.payee),
    el("span", { class: "payment-words" }, el("strong", {}, payment.payee), el("span", { class: "quiet" }, payment.title), el("span", { class: "quiet" }, time)),
    el("span", { class: "payment-side" }, el("span", { class: "payment-amount" }, showMoney({ ...payment.orderAmount, value: `-${payment.orderAmount.value}` }, speech.locale)), ...badges),
  );
  const facts = el(
    "dl",
    { class: "payment-facts" },
    el("dt", {}, speech.say("history.order")),
    el("dd", {}, payment.merchantTransId),
    el("dt", {}, speech.say("history.payment")),
    el("dd", {}, payment.acquirementId),
  );
  const lines = payment.refunds.map((each) => refundItem(speech, each));
  // A cancelled payment was given back whole, without a refund of its own.
  if (payment.closeReason === "CANCELLED") lines.push(backItem(speech, { words: speech.say("history.cancelled"), about: "", amount: payment.orderAmount, state: "DONE" }));
  const refunds = lines.length ? el("ul", { class: "refunds" }, ...lines) : null;
  return el("li", {}, el("details", {}, row, facts), refunds);
}

/** @param {Payment} payment @returns {("history.automatic" | "history.state.cancelled" | "history.state.refunded" | "history.state.part")[]} */
function badgesOf(payment) {
  /** @type {ReturnType<typeof badgesOf>} */
  const badges = payment.automatic ? ["history.automatic"] : [];
  if (payment.closeReason === "CANCELLED") badges.push("history.state.cancelled");
  else if (payment.closeReason === "REFUNDED") badges.push("history.state.refunded");
  else if (isLess({ ...payment.refunded, value: "0" }, payment.refunded)) badges.push("history.state.part");
  return badges;
}

/** @param {Speech} speech @param {Refund} refund */
function refundItem(speech, refund) {
  const key = /** @type {const} */ ({ ASKED: "history.refund.asked", DONE: "history.refund", FAILED: "history.refund.failed" })[refund.state];
  const about = [shownDate(speech, refund.at), refund.reason].filter(Boolean).join(" · ");
  return backItem(speech, { words: speech.say(key), about, amount: refund.refundAmount, state: refund.state });
}

/**
 * Money that came back, or may.
 * @param {Speech} speech
 * @param {{words: string, about: string, amount: Money, state: Refund["state"]}} line
 */
function backItem(speech, { words, about, amount, state }) {
  const shown = showMoney(amount, speech.locale);
  return el(
    "li",
    { class: "refund", "data-state": state },
    icon("return"),
    el("span", { class: "payment-words" }, el("span", {}, words), about ? el("span", { class: "quiet" }, about) : null),
    el("span", { class: "payment-amount" }, state === "DONE" ? `+${shown}` : shown),
  );
}
