/**
 * Where this payer allowed automatic payments: the limits, what was collected today, a way to change and to stop. It
 * decides nothing, not even whether limits need the PIN; what it shows after a change is what the server answered.
 */

import { el } from "/static/cashier/js/dom.js";
import { isLess, showMoney } from "/static/cashier/js/money.js";
import { Limits, limitWords, majorUnits } from "./limits.js";
import { askOwn, initial, listScreen, notLoaded, nothing, shownDate, waiting } from "./listing.js";
import { Proof } from "./proof.js";

/** @typedef {import("./listing.js").Speech} Speech */
/** @typedef {import("./listing.js").Wallet} Wallet */
/** @typedef {import("/static/cashier/js/money.js").Money} Money */
/** @typedef {{merchantId: string, payee: string, merchantAgreementId: string, signedAt: string, cancelledAt: string | null, cancelledBy: string | null, state: string, currency: string, singleMax: Money | null, dailyMax: Money | null, spentToday: Money}} Agreement */
/** @typedef {{at: Agreement, what: "edit" | "pin" | "stop"}} Doing */

export class Allowed {
  /** @param {Speech} speech @param {Wallet} wallet */
  constructor(speech, wallet) {
    this.speech = speech;
    this.wallet = wallet;
    /** @type {Agreement[]} */
    this.agreements = [];
    /** @type {"loading" | "shown" | "lost"} */
    this.state = "loading";
    /** @type {Doing | null} */
    this.doing = null;
    /** @type {Limits | null} */
    this.limits = null;
    /** @type {import("./limits.js").Chosen} The limits that a PIN is asked for. */
    this.chosen = {};
    /** @type {number | null} */
    this.triesLeft = null;
    /** @type {Proof | null} */
    this.proof = null;
    this.failed = false;
    this.busy = false;
    this.element = el("div", { class: "list-holder" });
    this.draw();
    this.load();
  }

  async load() {
    const found = await askOwn(this.wallet, "/wallet/agreements");
    this.state = found ? "shown" : "lost";
    if (found) this.agreements = found.agreements;
    this.draw();
  }

  /** Everything again, in the present language; limits that are being changed, and a PIN, stay as they stand. */
  draw() {
    const { speech, proof: before } = this;
    const focused = before?.pad != null && document.activeElement === before.pad.field;
    this.proof = null;
    const { element, place } = listScreen(speech, { heading: speech.say("allowed.heading"), kind: "allowed", onBack: this.wallet.onBack });
    const active = this.agreements.filter((each) => each.state === "ACTIVE");
    const ended = this.agreements.filter((each) => each.state !== "ACTIVE");
    if (this.state === "loading") place.append(waiting(speech.say("allowed.loading")));
    else if (this.state === "lost") place.append(notLoaded(speech, () => this.load()));
    else if (!active.length) place.append(nothing("repeat", speech.say("allowed.empty.heading"), speech.say("allowed.empty")));
    else place.append(...this.lead(), ...active.map((each) => this.card(each)));
    if (ended.length) place.append(this.past(ended));
    this.element.replaceChildren(element);
    const proof = /** @type {Proof | null} */ (this.proof);
    if (before && proof) proof.hold(before);
    if (focused) proof?.focus();
  }

  /** What the cards are; the PIN pad needs the room. */
  lead() {
    return this.doing?.what === "pin" ? [] : [el("p", { class: "list-lead quiet" }, this.speech.say("allowed.lead"))];
  }

  /** @param {Agreement} agreement */
  card(agreement) {
    const doing = this.doing?.at === agreement ? this.doing.what : null;
    const body = { edit: () => this.editor(agreement), pin: () => this.asker(agreement), stop: () => this.question(agreement), none: () => this.standing(agreement) }[doing ?? "none"]();
    return el(
      "article",
      { class: "allowed", "data-agreement": agreement.merchantAgreementId },
      el("header", { class: doing === "pin" ? "visually-hidden" : "allowed-head" }, initial(agreement.payee), el("div", { class: "payment-words" }, el("h3", {}, agreement.payee), el("span", { class: "quiet" }, this.speech.say("allowed.since", { date: shownDate(this.speech, agreement.signedAt) })))),
      ...body,
    );
  }

  /** @param {Agreement} agreement */
  standing(agreement) {
    const { speech } = this;
    const limit = (/** @type {Money | null} */ money) => (money ? speech.say("limit.upto", { amount: showMoney(money, speech.locale) }) : speech.say("limit.none"));
    const spent = showMoney(agreement.spentToday, speech.locale);
    return [
      el(
        "dl",
        { class: "allowed-facts" },
        el("dt", {}, speech.say("limit.single.short")),
        el("dd", {}, limit(agreement.singleMax)),
        el("dt", {}, speech.say("limit.daily.short")),
        el("dd", {}, limit(agreement.dailyMax)),
        el("dt", {}, speech.say("allowed.today")),
        el("dd", { "data-spent": agreement.spentToday.value }, spent),
      ),
      meter(agreement),
      el(
        "div",
        { class: "allowed-actions" },
        el("button", { class: "button soft", type: "button", "data-do": "edit", onclick: () => this.begin({ at: agreement, what: "edit" }) }, speech.say("allowed.edit")),
        el("button", { class: "button soft danger", type: "button", "data-do": "stop", onclick: () => this.begin({ at: agreement, what: "stop" }) }, speech.say("allowed.stop")),
      ),
    ];
  }

  /** @param {Agreement} agreement */
  editor(agreement) {
    const { speech } = this;
    const before = this.limits;
    const [single, daily] = [majorUnits(agreement.singleMax), majorUnits(agreement.dailyMax)];
    const chosen = { ...(single === undefined ? {} : { singleMax: single }), ...(daily === undefined ? {} : { dailyMax: daily }) };
    this.limits = new Limits(limitWords(speech), { currency: agreement.currency, exponent: agreement.spentToday.exponent ?? 2, locale: speech.locale, chosen });
    if (before) this.limits.hold(before);
    const form = el(
      "form",
      { class: "allowed-form", novalidate: true, onsubmit: (event) => this.save(event, agreement) },
      el("h4", { tabindex: "-1" }, speech.say("allowed.edit.heading", { payee: agreement.payee })),
      this.limits.element,
      this.fault(),
      el("button", { class: "button primary", type: "submit" }, speech.say("allowed.save")),
      el("button", { class: "button quiet-button", type: "button", onclick: () => this.end(agreement) }, speech.say("allowed.keep")),
    );
    return [form];
  }

  /** @param {Agreement} agreement */
  asker(agreement) {
    const wanted = { payee: agreement.payee, currency: agreement.currency, exponent: agreement.spentToday.exponent ?? 2, chosen: this.chosen };
    const ways = {
      onPin: (/** @type {string} */ pin) => this.prove(agreement, pin),
      onChange: () => this.reconsider(agreement),
      onKeep: () => this.end(agreement),
      announce: this.wallet.announce,
    };
    this.proof = new Proof(this.speech, wanted, ways, this);
    return [this.proof.element];
  }

  /** @param {Agreement} agreement */
  question(agreement) {
    const { speech } = this;
    return [
      el(
        "div",
        { class: "allowed-form", role: "group", "aria-labelledby": "stop-heading" },
        el("h4", { tabindex: "-1", id: "stop-heading" }, speech.say("allowed.stop.heading", { payee: agreement.payee })),
        el("p", { class: "quiet" }, speech.say("allowed.stop.body", { payee: agreement.payee })),
        this.fault(),
        el("button", { class: "button primary danger", type: "button", "data-do": "stop-now", onclick: () => this.stop(agreement) }, speech.say("allowed.stop.yes")),
        el("button", { class: "button quiet-button", type: "button", onclick: () => this.end(agreement) }, speech.say("allowed.stop.no")),
      ),
    ];
  }

  fault() {
    return this.failed ? el("p", { class: "limit-problem", role: "alert" }, this.speech.say("allowed.failed")) : null;
  }

  /** @param {Agreement[]} ended */
  past(ended) {
    const { speech } = this;
    const items = ended.map((each) => {
      const date = shownDate(speech, each.cancelledAt);
      const words = speech.say(each.cancelledBy === "merchant" ? "allowed.ended.merchant" : "allowed.ended.payer", { date });
      return el("li", { class: "past" }, initial(each.payee), el("span", { class: "payment-words" }, el("strong", {}, each.payee), el("span", { class: "quiet" }, words)));
    });
    return el("section", { class: "ended" }, el("h3", {}, speech.say("allowed.ended")), el("ul", {}, ...items));
  }

  /** @param {Doing} doing */
  begin(doing) {
    this.doing = doing;
    this.limits = null;
    this.failed = false;
    this.draw();
    /** @type {HTMLElement | null} */ (this.element.querySelector("h4"))?.focus();
  }

  /** Back to the card, with the focus where it came from. @param {Agreement} agreement */
  end(agreement) {
    const what = this.doing?.what === "stop" ? "stop" : "edit";
    this.doing = null;
    this.draw();
    const card = [...this.element.querySelectorAll("article")].find((each) => each.dataset.agreement === agreement.merchantAgreementId);
    const place = card?.querySelector(`[data-do=${what}]`) ?? this.element.querySelector("h2");
    /** @type {HTMLElement | null} */ (place)?.focus();
  }

  /** @param {Event} event @param {Agreement} agreement */
  async save(event, agreement) {
    event.preventDefault();
    const chosen = this.limits?.read();
    if (!chosen || this.busy) return;
    this.chosen = chosen;
    await this.change(agreement, "/wallet/agreements/limits", chosen, this.speech.say("allowed.saved"));
  }

  /** @param {Agreement} agreement @param {string} pin */
  async prove(agreement, pin) {
    if (this.busy) return;
    this.proof?.element.classList.add("sending");
    this.wallet.announce(this.speech.say("allowed.saving"));
    await this.change(agreement, "/wallet/agreements/limits", { ...this.chosen, pin }, this.speech.say("allowed.saved"));
  }

  /** The server wants the PIN, or wants it again. @param {Agreement} agreement @param {number | null} triesLeft */
  askPin(agreement, triesLeft) {
    this.doing = { at: agreement, what: "pin" };
    this.triesLeft = triesLeft;
    this.draw();
    this.proof?.focus();
  }

  /** Back from the PIN to the limits as they were chosen. @param {Agreement} agreement */
  reconsider(agreement) {
    this.doing = { at: agreement, what: "edit" };
    this.failed = false;
    this.draw();
    /** @type {HTMLElement | null} */ (this.element.querySelector("h4"))?.focus();
  }

  /** @param {Agreement} agreement */
  async stop(agreement) {
    await this.change(agreement, "/wallet/agreements/cancel", {}, this.speech.say("allowed.stopped", { payee: agreement.payee }));
  }

  /**
   * @param {Agreement} agreement
   * @param {string} path
   * @param {object} more
   * @param {string} done What is said when it worked.
   */
  async change(agreement, path, more, done) {
    if (this.busy) return;
    this.busy = true;
    const { merchantId, merchantAgreementId } = agreement;
    const answer = await askOwn(this.wallet, path, { method: "POST", body: { merchantId, merchantAgreementId, ...more } });
    this.busy = false;
    this.failed = !answer;
    const isHere = this.doing?.at === agreement; // Who has turned back meanwhile is not asked again.
    if (answer && !answer.agreement) return isHere && this.askPin(agreement, answer.triesLeft ?? null);
    if (!answer && isHere && this.doing?.what === "pin") return this.askPin(agreement, null);
    if (!answer) return this.draw();
    this.agreements = this.agreements.map((each) => (each === agreement ? answer.agreement : each));
    this.wallet.announce(done);
    this.end(answer.agreement);
  }
}

/** How much of the day's limit is used. @param {Agreement} agreement */
function meter({ dailyMax, spentToday }) {
  if (!dailyMax) return null;
  const share = isLess(spentToday, dailyMax) ? Number((BigInt(spentToday.value) * 100n) / BigInt(dailyMax.value)) : 100;
  const bar = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  bar.setAttribute("viewBox", "0 0 100 1");
  bar.setAttribute("preserveAspectRatio", "none");
  bar.setAttribute("class", share >= 90 ? "meter full" : "meter");
  bar.setAttribute("aria-hidden", "true"); // The words above say the same.
  const used = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  for (const [name, value] of [["width", String(share)], ["height", "1"]]) used.setAttribute(name ?? "", value ?? "");
  bar.append(used);
  return bar;
}
