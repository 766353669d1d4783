/**
 * The cashier page: asks the server what the order is and what became of it, shows the screen for that, and hands the
 * final answer to whoever opened it. It knows no rule of payments; the server decides. What must hold: a final answer is
 * told once and at once; a lost answer is never shown as a failure, it is asked for again with the same words.
 */

import { Countdown } from "./countdown.js";
import { el } from "./dom.js";
import { NetworkLost, askDoor, pause } from "./doors.js";
import { Host } from "./host.js";
import { PinPad } from "./pad.js";
import { outcomeOf } from "./outcomes.js";
import { accountCard, busyScreen, doneScreen, orderSummary, payerChoice, signInAccount, troubleScreen } from "./screens.js";
import { showMoney } from "./money.js";
import { Speech } from "./speech.js";
import { en } from "../locales/en.js";
import { zhHans } from "../locales/zh-hans.js";
import { zhHant } from "../locales/zh-hant.js";

const POLL_EVERY_MS = 1500;
const SLOW_MS = 3000;
const LONG_WAIT_MS = 15_000;
const SUCCESS_SHOWN_MS = 2600;

/** @typedef {import("./screens.js").Order} Order */
/** @typedef {import("./host.js").Result} Result */

/** @template {HTMLElement} [T=HTMLElement] @param {string} id @returns {T} */
const byId = (id) => /** @type {T} */ (document.getElementById(id));

class Cashier {
  constructor() {
    this.door = location.pathname.replace(/\/$/, "");
    this.speech = new Speech({ en, "zh-Hant": zhHant, "zh-Hans": zhHans });
    this.host = new Host();
    this.main = byId("cashier");
    this.problem = byId("problem");
    /** @type {Order | null} */
    this.order = null;
    /** @type {Result | null} */
    this.result = null;
    this.payer = "";
    this.timeIsUp = false;
    this.told = false;
    this.mayLeave = false;
    /** @type {PinPad | null} */
    this.padShown = null;
    /** @type {(() => string) | null} What is wrong with what was typed, in the present language. */
    this.complaint = null;
    /** @type {() => void} Draws the present screen again, for instance in another language. */
    this.redraw = () => this.showBusy("page.loading");
    this.countdown = new Countdown({
      show: (text, seconds) => this.showLeft(text, seconds),
      speak: (seconds) => this.announce(this.speech.say(seconds === 60 ? "order.left60" : "order.left10")),
      end: () => this.timeRanOut(),
    });
  }

  start() {
    this.speech.fillMenu(/** @type {HTMLSelectElement} */ (byId("language")), "page.language");
    this.speech.onChange(() => {
      this.dress();
      this.translate();
    });
    byId("close").addEventListener("click", () => this.leave());
    document.body.dataset.mode = this.host.mode;
    this.dress();
    this.redraw();
    return this.load();
  }

  /** The words that stand outside the screens. */
  dress() {
    document.title = this.speech.say("page.title");
    byId("close").setAttribute("aria-label", this.speech.say("page.close"));
  }

  /* ---- asking the server ---- */

  async load() {
    try {
      const { status, body } = await askDoor(this.door);
      if (status === 200 && body) return this.show(body);
      if (status >= 500 || status === 429) return this.showLost(() => this.load(), "lost.load");
      return this.showGone();
    } catch (reason) {
      return this.lost(reason, () => this.load(), "lost.load");
    }
  }

  /** @param {string} pin */
  async signIn(pin) {
    this.showBusy("signin.busy");
    try {
      const { status, body } = await askDoor(`${this.door}/sign-in`, { method: "POST", body: { payer: this.payer, pin } });
      if (status === 200) return await this.load();
      if (status >= 500 || status === 429) return this.showLost(() => this.signIn(pin));
      this.showSignIn();
      return this.complain(() => (body?.triesLeft > 0 ? this.wrongPin(body.triesLeft) : this.speech.say("signin.refused")));
    } catch (reason) {
      return this.lost(reason, () => this.signIn(pin));
    }
  }

  /**
   * Confirms; asked again after a lost answer it repeats the same question, which the server takes for the same payment.
   * @param {string} pin
   */
  async confirm(pin) {
    this.host.tell("confirming");
    this.showBusy("busy.paying");
    const slow = window.setTimeout(() => this.showBusy("busy.waiting"), SLOW_MS);
    try {
      const { status, body } = await askDoor(`${this.door}/confirm`, { method: "POST", body: { pin } });
      if (body?.resultCode) return this.finish(body);
      if (body?.resultCode === null) {
        this.host.tell("open");
        this.showConfirm();
        return this.complain(() => (body.triesLeft > 0 ? this.wrongPin(body.triesLeft) : body.memo));
      }
      if (status === 401 || status === 202) return await this.load();
      if (status >= 400 && status < 500 && status !== 429) return this.showGone();
      return this.showLost(() => this.confirm(pin));
    } catch (reason) {
      return this.lost(reason, () => this.confirm(pin));
    } finally {
      window.clearTimeout(slow);
    }
  }

  async cancel() {
    this.showBusy("busy.cancelling");
    try {
      const { body } = await askDoor(`${this.door}/cancel`, { method: "POST", body: {} });
      if (body?.resultCode) return this.finish(body);
      return this.showLost(() => this.cancel());
    } catch (reason) {
      return this.lost(reason, () => this.cancel());
    }
  }

  /**
   * An issuer has been asked and has not answered: look again until it has.
   * @returns {Promise<void>}
   */
  async follow() {
    this.host.tell("confirming");
    const began = performance.now();
    this.showBusy("busy.waiting");
    while (!this.result) {
      await pause(POLL_EVERY_MS);
      if (performance.now() - began > LONG_WAIT_MS && !this.mayLeave) this.waitedLong();
      const answer = await askDoor(this.door).catch(() => null);
      const order = /** @type {Order | null} */ (answer?.status === 200 ? answer.body : null);
      if (order && order.state !== "PROCESSING") return this.show(order);
    }
  }

  /** From now on the person may go; whoever opened the page asks the server what became of the payment. */
  waitedLong() {
    this.mayLeave = true;
    this.showBusy("busy.waiting", "busy.long");
  }

  async timeRanOut() {
    this.timeIsUp = true;
    await pause(400); // The server's clock decides; ours may be a blink ahead.
    if (this.result || document.body.dataset.busy) return;
    const answer = await askDoor(this.door).catch(() => null);
    const order = /** @type {Order | null} */ (answer?.status === 200 ? answer.body : null);
    if (this.result || document.body.dataset.busy) return;
    if (order && (order.secondsLeft > 0 || order.state === "DONE" || order.state === "PROCESSING")) {
      this.timeIsUp = order.secondsLeft <= 0;
      this.show(order);
    } else {
      this.finish({ resultCode: "4000", memo: "ORDER_IS_CLOSED: The order was not paid in time." });
    }
  }

  /* ---- showing ---- */

  /** @param {Order} order @returns {void | Promise<void>} */
  show(order) {
    this.order = order;
    this.host.tell("open");
    if (order.state === "DONE" && order.result) return this.finish(order.result);
    if (order.state === "PROCESSING") return this.follow();
    if (this.host.severed) return this.showGone();
    if (order.state === "SIGN_IN") this.showSignIn();
    else this.showConfirm();
    this.countdown.set(order.secondsLeft);
  }

  showSignIn() {
    this.draw(() => {
      const order = /** @type {Order} */ (this.order);
      const choose = (/** @type {string} */ payer) => {
        this.payer = payer;
        this.showSignIn();
      };
      if (order.payers.length > 0 && !this.payer) {
        this.main.replaceChildren(orderSummary(this.speech, order), payerChoice(this.speech, order, choose), this.cancelButton());
        this.countdown.repeat();
        return () => byId("amount").focus({ preventScroll: true });
      }
      const account = signInAccount(this.speech, order, { payer: this.payer, onType: (payer) => (this.payer = payer), onChange: () => choose("") });
      const pad = this.pad(this.speech.say("signin.submit"), (pin) => this.signIn(pin));
      this.main.replaceChildren(orderSummary(this.speech, order), el("h2", { class: "signin-title" }, this.speech.say("signin.heading")), account, pad.element, this.cancelButton());
      this.countdown.repeat();
      return () => (order.payers.length ? pad.focus() : this.main.querySelector("input")?.focus());
    });
  }

  showConfirm() {
    this.draw(() => {
      const order = /** @type {Order} */ (this.order);
      const amount = showMoney(order.payAmount, this.speech.locale);
      const pad = this.pad(this.speech.say("pay.submit", { amount }), (pin) => this.confirm(pin));
      const account = accountCard(this.speech, order);
      this.main.replaceChildren(...[orderSummary(this.speech, order), account, pad.element, this.cancelButton()].filter((part) => part !== null));
      this.countdown.repeat();
      return () => pad.focus();
    });
  }

  /** @param {string} submit @param {(pin: string) => void} onPin */
  pad(submit, onPin) {
    const words = {
      label: this.speech.say("pin.label"),
      keys: this.speech.say("pin.keys"),
      erase: this.speech.say("pin.erase"),
      progress: (/** @type {number} */ entered) => this.speech.say("pin.progress", { entered }),
      submit,
    };
    this.padShown = new PinPad(words, { describedBy: "payee amount", onPin, announce: (text) => this.announce(text) });
    return this.padShown;
  }

  cancelButton() {
    const press = () => this.cancel();
    return el("button", { class: "button quiet-button cancel", type: "button", onclick: press }, this.speech.say("pay.cancel"));
  }

  /** @param {keyof typeof en} heading @param {keyof typeof en} [more] */
  showBusy(heading, more) {
    this.draw(() => {
      document.body.dataset.busy = "yes";
      const screen = busyScreen(this.speech.say(heading), more && this.speech.say(more));
      this.main.replaceChildren(screen);
      this.announce(this.speech.say(heading));
      return null;
    });
  }

  /** @param {() => void} again @param {keyof typeof en} [body] */
  showLost(again, body = "lost.body") {
    const loading = body === "lost.load";
    this.draw(() => {
      const buttons = [{ words: this.speech.say("lost.again"), press: again }];
      const next = loading ? "" : this.speech.say("lost.next");
      this.main.replaceChildren(troubleScreen({ heading: this.speech.say("lost.heading"), body: this.speech.say(body), next, buttons }));
      return () => this.main.querySelector("h1")?.focus();
    });
  }

  showGone() {
    this.draw(() => {
      const words = { heading: this.speech.say("gone.heading"), body: this.speech.say("gone.body"), next: this.speech.say("gone.next") };
      const buttons = this.host.mode === "bare" ? [] : [{ words: this.speech.say("done.back"), press: () => this.host.close() }];
      this.main.replaceChildren(troubleScreen({ ...words, buttons }));
      return () => this.main.querySelector("h1")?.focus();
    });
  }

  /** @param {Result} result */
  finish(result) {
    this.result = result;
    this.countdown.stop();
    if (!this.told) this.host.tell("final", result);
    this.told = true;
    const { kind } = outcomeOf(result, this.timeIsUp);
    if (kind === "cancelled" && this.host.mode !== "bare") return this.host.close();
    if (kind === "paid" && this.host.mode !== "bare") window.setTimeout(() => this.host.close(), SUCCESS_SHOWN_MS);
    this.draw(() => {
      const order = this.order;
      if (!order) return null;
      const finish = this.host.mode === "bare" ? null : () => this.host.close();
      this.main.replaceChildren(doneScreen(this.speech, order, { result, timeIsUp: this.timeIsUp, finish }));
      document.body.dataset.done = kind;
      return () => this.main.querySelector("h1")?.focus();
    });
  }

  /**
   * Draws now, and again when the language changes; the focus moves only the first time.
   * @param {() => (() => void) | null} paint
   */
  draw(paint) {
    delete document.body.dataset.busy;
    this.padShown = null;
    this.complaint = null;
    this.problem.textContent = "";
    document.body.append(this.problem); // It must outlive the screen it stood in.
    this.redraw = () => void paint();
    paint()?.();
  }

  /** The same screen in another language: what was typed, the focus and a complaint stay. */
  translate() {
    const before = this.padShown?.field;
    const focused = before !== undefined && document.activeElement === before;
    this.redraw();
    if (before) this.padShown?.hold(before.value);
    if (focused) this.padShown?.focus();
    if (this.complaint) this.showComplaint();
  }

  /* ---- speaking ---- */

  /** @param {number} left */
  wrongPin(left) {
    return left === 1 ? this.speech.say("pin.wrong.one") : this.speech.say("pin.wrong.other", { left });
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

  /** @param {string} text @param {number} seconds */
  showLeft(text, seconds) {
    const place = document.getElementById("left");
    if (!place) return;
    place.textContent = this.speech.say("order.left", { time: text });
    place.parentElement?.classList.toggle("hurry", seconds <= 60);
  }

  /** @param {unknown} reason @param {() => void} again @param {keyof typeof en} [body] */
  lost(reason, again, body) {
    if (!(reason instanceof NetworkLost)) throw reason;
    this.showLost(again, body);
  }

  /** The cross in the corner: before the end it cancels, afterwards it closes. */
  leave() {
    if (this.result || this.mayLeave) this.host.close();
    else if (!document.body.dataset.busy) this.cancel();
  }
}

await new Cashier().start();
