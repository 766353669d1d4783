/**
 * The signing page: who asks to collect payments without a PIN, what that allows, the limits a person sets, and the PIN.
 * It stands in the wallet's web view, where the merchant's page has led, or alone in a browser, where one signs in first.
 * It knows no rule of agreements; the server decides. What must hold: a lost answer is never shown as a refusal, and a
 * repeat is safe; the way back is the address the server gives, and nothing else.
 */

import { el, icon } from "/static/cashier/js/dom.js";
import { Countdown } from "/static/cashier/js/countdown.js";
import { NetworkLost, askDoor } from "/static/cashier/js/doors.js";
import { showMoney } from "/static/cashier/js/money.js";
import { PinPad } from "/static/cashier/js/pad.js";
import { chosenPayer, payerList } from "/static/cashier/js/payers.js";
import { busyScreen, troubleScreen } from "/static/cashier/js/screens.js";
import { Speech } from "/static/cashier/js/speech.js";
import { en } from "../locales/en.js";
import { zhHans } from "../locales/zh-hans.js";
import { zhHant } from "../locales/zh-hant.js";
import { Limits, limitWords, minorUnits } from "./limits.js";

const SIGNED_SHOWN_MS = 1800;

/** @typedef {import("./signin.js").Payer} Payer */
/**
 * @typedef {object} Asked What the page's door answers.
 * @property {string} payee
 * @property {string} merchantAgreementId
 * @property {string} currency
 * @property {number} exponent
 * @property {number} secondsLeft
 * @property {"SIGN" | "SIGN_IN" | "SIGNED" | "OVER"} state
 * @property {Payer | null} payer
 * @property {{id: string, name: string, about: string}[]} payers
 * @property {string} [redirectUrl]
 */

/** @param {string} id */
const byId = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

class Signing {
  constructor() {
    this.door = location.pathname.replace(/\/$/, "");
    this.speech = new Speech({ en, "zh-Hant": zhHant, "zh-Hans": zhHans });
    this.main = byId("agreement");
    this.problem = byId("problem");
    /** @type {Asked | null} */
    this.asked = null;
    this.payer = "";
    /** @type {import("./limits.js").Chosen | null} */
    this.chosen = null;
    /** @type {Limits | null} */
    this.limits = null;
    /** @type {PinPad | null} */
    this.padShown = null;
    /** @type {(() => string) | null} */
    this.complaint = null;
    /** @type {() => void} */
    this.redraw = () => this.showBusy("agree.loading");
    this.countdown = new Countdown({ show: () => {}, speak: () => {}, end: () => this.timeRanOut() });
  }

  start() {
    this.speech.fillMenu(/** @type {HTMLSelectElement} */ (byId("language")), "page.language");
    this.speech.onChange(() => this.translate());
    document.body.dataset.mode = window.parent === window ? "bare" : "framed";
    this.redraw();
    return this.load();
  }

  say = /** @type {Speech<typeof en>["say"]} */ ((key, values) => this.speech.say(key, values));

  /* ---- asking the server ---- */

  async load() {
    try {
      const { status, body } = await askDoor(`${this.door}.json`);
      if (status === 200 && body) return this.show(body);
      if (status >= 500 || status === 429) return this.showLost(() => this.load());
      return this.showOver(false);
    } catch (reason) {
      return this.lost(reason, () => this.load());
    }
  }

  /** @param {string} pin */
  async signIn(pin) {
    this.showBusy("signin.busy");
    try {
      const { status, body } = await askDoor("/wallet/session", { method: "POST", body: { payer: this.payer, pin } });
      if (status === 200) return await this.load();
      if (status >= 500 || status === 429) return this.showLost(() => this.signIn(pin));
      this.showSignIn();
      return this.complain(() => this.wrongPin(body?.triesLeft ?? 0, "signin.locked"));
    } catch (reason) {
      return this.lost(reason, () => this.signIn(pin));
    }
  }

  /** Asked again after a lost answer, it repeats the same yes, which the server takes for the same. @param {string} pin */
  async sign(pin) {
    this.showBusy("agree.busy");
    try {
      const { status, body } = await askDoor(`${this.door}/sign`, { method: "POST", body: { pin, ...this.chosen } });
      if (typeof body?.redirectUrl === "string") return this.showSigned(body.redirectUrl);
      if (typeof body?.triesLeft === "number") return this.refusePin(body.triesLeft);
      if (status >= 500 || status === 429) return this.showLost(() => this.sign(pin));
      return await this.load();
    } catch (reason) {
      return this.lost(reason, () => this.sign(pin));
    }
  }

  async decline() {
    this.showBusy("agree.leaving");
    try {
      const { status, body } = await askDoor(`${this.door}/decline`, { method: "POST", body: {} });
      if (typeof body?.redirectUrl === "string") return this.leave(body.redirectUrl);
      if (status >= 500 || status === 429) return this.showLost(() => this.decline());
      return this.showOver(false);
    } catch (reason) {
      return this.lost(reason, () => this.decline());
    }
  }

  async timeRanOut() {
    if (!document.body.dataset.busy) await this.load();
  }

  /** @param {string} url */
  leave(url) {
    if (/^https?:\/\//.test(url)) location.assign(url);
  }

  /* ---- showing ---- */

  /** @param {Asked} asked */
  show(asked) {
    this.asked = asked;
    if (asked.state === "SIGNED" && asked.redirectUrl) return this.showSigned(asked.redirectUrl);
    if (asked.state === "OVER" || asked.state === "SIGNED") return this.showOver(true);
    this.countdown.set(asked.secondsLeft);
    if (asked.state === "SIGN_IN") this.showSignIn();
    else this.showTerms();
  }

  showSignIn() {
    this.draw(() => {
      const asked = /** @type {Asked} */ (this.asked);
      const choose = (/** @type {string} */ payer) => {
        this.payer = payer;
        this.showSignIn();
      };
      const heading = el("h2", { class: "signin-title" }, this.say("agree.signin"));
      const chosen = asked.payers.find((each) => each.id === this.payer);
      if (asked.payers.length > 0 && !chosen) {
        const list = payerList(asked.payers, { language: this.speech.language, label: this.say("signin.choose"), onChoose: choose });
        this.main.replaceChildren(this.head(), heading, list, el("p", { class: "hint" }, this.say("signin.hint")), this.declineButton());
        return () => this.main.querySelector("h1")?.focus();
      }
      const typed = (/** @type {Event} */ event) => (this.payer = /** @type {HTMLInputElement} */ (event.target).value.trim());
      const account = chosen
        ? chosenPayer(chosen, { change: this.say("signin.change"), onChange: () => choose("") })
        : el("label", { class: "field" }, this.say("signin.account"), el("input", { type: "text", name: "payer", value: this.payer, autocomplete: "username", autocapitalize: "none", spellcheck: "false", oninput: typed }));
      const pad = this.pad(this.say("signin.submit"), (pin) => this.signIn(pin));
      this.main.replaceChildren(this.head(), heading, account, pad.element, this.declineButton());
      return () => (chosen ? pad.focus() : this.main.querySelector("input")?.focus());
    });
  }

  /** What is asked and allowed, and the limits. */
  showTerms() {
    this.draw(() => {
      const asked = /** @type {Asked} */ (this.asked);
      const before = this.limits;
      this.limits = new Limits(limitWords(this.speech), { currency: asked.currency, exponent: asked.exponent, locale: this.speech.locale, chosen: this.chosen });
      if (before) this.limits.hold(before);
      const form = el(
        "form",
        { class: "terms", novalidate: true, onsubmit: (event) => this.termsAccepted(event) },
        el("ul", { class: "points" }, ...["pin", "limits", "stop"].map((each) => this.point(/** @type {"pin" | "limits" | "stop"} */ (each)))),
        el("h2", {}, this.say("agree.limits")),
        this.limits.element,
        this.account(),
        el("div", { class: "terms-actions" }, el("button", { class: "button primary", type: "submit" }, this.say("agree.continue")), this.declineButton()),
      );
      this.main.replaceChildren(this.head(), form);
      return () => this.main.querySelector("h1")?.focus();
    });
  }

  /** @param {Event} event */
  termsAccepted(event) {
    event.preventDefault();
    const chosen = this.limits?.read();
    if (!chosen) return;
    this.chosen = chosen;
    this.showPin();
  }

  showPin() {
    this.draw(() => {
      const asked = /** @type {Asked} */ (this.asked);
      const pad = this.pad(this.say("agree.submit"), (pin) => this.sign(pin));
      const back = el("button", { class: "change", type: "button", onclick: () => this.showTerms() }, this.say("agree.change"));
      const limits = el("dl", { id: "limits-chosen" }, ...this.limitRow("single", this.chosen?.singleMax), ...this.limitRow("daily", this.chosen?.dailyMax));
      const sum = el("section", { class: "account chosen-limits" }, limits, back);
      this.main.replaceChildren(this.head("agree.confirm"), sum, ...[this.account()].filter((part) => part !== null), pad.element, this.declineButton());
      this.main.dataset.payee = asked.payee;
      return () => pad.focus();
    });
  }

  /** @param {"single" | "daily"} which @param {string | undefined} major */
  limitRow(which, major) {
    const asked = /** @type {Asked} */ (this.asked);
    const value = major === undefined ? null : minorUnits(major, asked.exponent);
    const shown = value === null ? this.say("limit.none") : showMoney({ currency: asked.currency, value: String(value), exponent: asked.exponent }, this.speech.locale);
    return [el("dt", {}, this.say(`limit.${which}.short`)), el("dd", {}, shown)];
  }

  /** @param {"pin" | "limits" | "stop"} name */
  point(name) {
    const asked = /** @type {Asked} */ (this.asked);
    const drawing = /** @type {const} */ ({ pin: "repeat", limits: "shield", stop: "exit" })[name];
    return el("li", {}, icon(drawing), el("span", {}, this.say(`agree.point.${name}`, { payee: asked.payee })));
  }

  /** Who asks. @param {"agree.ask" | "agree.confirm"} [key] */
  head(key = "agree.ask") {
    const payee = this.asked?.payee ?? "";
    return el(
      "section",
      { class: "asker" },
      el("span", { class: "avatar", "aria-hidden": "true" }, payee.slice(0, 1).toUpperCase()),
      el("h1", { tabindex: "-1", id: "asked" }, this.say(key, { payee })),
    );
  }

  /** Whose money it is. */
  account() {
    const payer = this.asked?.payer;
    if (!payer) return null;
    const balance = payer.balance
      ? el("div", { class: "balance" }, el("span", { class: "quiet" }, this.say("home.balance")), el("span", {}, showMoney(payer.balance, this.speech.locale)))
      : null;
    return el(
      "section",
      { class: "account", id: "account" },
      el("span", { class: "avatar", "aria-hidden": "true" }, payer.name.slice(0, 1).toUpperCase()),
      el("div", { class: "account-name" }, el("span", { class: "quiet" }, this.say("agree.from")), el("strong", {}, payer.name)),
      balance,
    );
  }

  /** @param {string} submit @param {(pin: string) => void} onPin */
  pad(submit, onPin) {
    const words = {
      label: this.say("pin.label"),
      keys: this.say("pin.keys"),
      erase: this.say("pin.erase"),
      progress: (/** @type {number} */ entered) => this.say("pin.progress", { entered }),
      submit,
    };
    this.padShown = new PinPad(words, { describedBy: "asked", onPin, announce: (text) => this.announce(text) });
    return this.padShown;
  }

  declineButton() {
    return el("button", { class: "button quiet-button cancel", type: "button", onclick: () => this.decline() }, this.say("agree.decline"));
  }

  /** @param {string} url */
  showSigned(url) {
    this.countdown.stop();
    const payee = this.asked?.payee ?? "";
    this.draw(() => {
      document.body.dataset.done = "signed";
      this.main.replaceChildren(
        el(
          "section",
          { class: "screen done tone-good", "data-kind": "signed" },
          el("div", { class: "badge" }, icon("check")),
          el("h1", { tabindex: "-1" }, this.say("agree.signed.heading")),
          el("p", {}, this.say("agree.signed.body", { payee })),
          el("p", { class: "next" }, this.say("agree.signed.next")),
          el("div", { class: "actions" }, el("a", { class: "button primary", href: /^https?:\/\//.test(url) ? url : undefined }, this.say("agree.back", { payee }))),
        ),
      );
      return () => this.main.querySelector("h1")?.focus();
    });
    window.setTimeout(() => this.leave(url), SIGNED_SHOWN_MS);
  }

  /** @param {boolean} known Whether it is known who asked, so that there is a way back. */
  showOver(known) {
    this.countdown.stop();
    this.draw(() => {
      const words = { heading: this.say("agree.over.heading"), body: this.say("agree.over.body"), next: this.say("agree.over.next") };
      const buttons = known && this.asked ? [{ words: this.say("agree.back", { payee: this.asked.payee }), press: () => this.decline() }] : [];
      this.main.replaceChildren(troubleScreen({ ...words, buttons }));
      return () => this.main.querySelector("h1")?.focus();
    });
  }

  showLocked() {
    this.draw(() => {
      const words = { heading: this.say("agree.locked.heading"), body: this.say("agree.locked.body"), next: this.say("agree.locked.next") };
      const buttons = [{ words: this.say("agree.back", { payee: this.asked?.payee ?? "" }), press: () => this.decline() }];
      this.main.replaceChildren(troubleScreen({ ...words, buttons }));
      return () => this.main.querySelector("h1")?.focus();
    });
  }

  /** @param {keyof typeof en} heading */
  showBusy(heading) {
    this.draw(() => {
      document.body.dataset.busy = "yes";
      this.main.replaceChildren(busyScreen(this.say(heading)));
      this.announce(this.say(heading));
      return null;
    });
  }

  /** @param {() => void} again */
  showLost(again) {
    this.draw(() => {
      const buttons = [{ words: this.say("agree.lost.again"), press: again }];
      this.main.replaceChildren(troubleScreen({ heading: this.say("agree.lost.heading"), body: this.say("agree.lost.body"), next: this.say("agree.lost.next"), buttons }));
      return () => this.main.querySelector("h1")?.focus();
    });
  }

  /** Draws now, and again when the language changes; the focus moves only the first time. @param {() => (() => void) | null} paint */
  draw(paint) {
    delete document.body.dataset.busy;
    this.padShown = null;
    this.complaint = null;
    this.problem.textContent = "";
    document.body.append(this.problem); // It must outlive the screen it stood in.
    document.title = this.say("agree.title");
    this.redraw = () => void paint();
    paint()?.();
  }

  /** The same screen in another language: what was typed, the focus and a complaint stay. */
  translate() {
    const before = this.padShown?.field;
    const focused = before !== undefined && document.activeElement === before;
    document.title = this.say("agree.title");
    this.redraw();
    if (before) this.padShown?.hold(before.value);
    if (focused) this.padShown?.focus();
    if (this.complaint) this.showComplaint();
  }

  /* ---- speaking ---- */

  /** @param {number} left */
  refusePin(left) {
    if (left <= 0) return this.showLocked();
    this.showPin();
    return this.complain(() => this.wrongPin(left, "signin.locked"));
  }

  /** @param {number} left @param {"signin.locked"} locked */
  wrongPin(left, locked) {
    if (left <= 0) return this.say(locked);
    return left === 1 ? this.say("pin.wrong.one") : this.say("pin.wrong.other", { left });
  }

  /** @param {() => string} complaint */
  complain(complaint) {
    this.complaint = complaint;
    this.showComplaint();
    this.padShown?.focus();
  }

  showComplaint() {
    this.main.querySelector(".pin-box")?.before(this.problem);
    this.problem.textContent = this.complaint?.() ?? "";
    this.padShown?.field.setAttribute("aria-invalid", "true");
  }

  /** @param {string} text */
  announce(text) {
    byId("status").textContent = text;
  }

  /** @param {unknown} reason @param {() => void} again */
  lost(reason, again) {
    if (!(reason instanceof NetworkLost)) throw reason;
    this.showLost(again);
  }
}

await new Signing().start();
