/**
 * The wallet's web view: a stack of pages under a title bar, and the wallet's side of the bridge. A page is another
 * site: what it says is only taken from its own window, at the origin and in the session it said hello with, and every
 * answer goes back to exactly that origin. It knows nothing of payments but that one may be open.
 */

import { el, icon } from "/static/cashier/js/dom.js";
import { showMoney } from "/static/cashier/js/money.js";
import { pause } from "/static/cashier/js/doors.js";
import { Payment } from "./payment.js";

/** As tight as a shop works with: scripts, its own storage, forms, and the alerts of the document's sample page. */
const SANDBOX = "allow-scripts allow-same-origin allow-forms allow-modals";
const CALLBACK_WAIT_MS = 15_000; // How long a page is waited for, unseen, that has to hear how its payment ended,
const CALLBACK_TIME_MS = 400; // what it gets for its own work before it is closed,
const ANSWER_TIME_MS = 60; // and what it gets to hear the answer to the call that closes it.
const TOAST_MS = 2200;

/** @typedef {import("/static/cashier/js/speech.js").Speech<typeof import("../locales/en.js").en>} Speech */
/** @typedef {{currency: string, value: string, exponent?: number}} Money */
/** @typedef {{frame: HTMLIFrameElement, url: string, session: string, origin: string, title: string, subtitle: string, own: boolean}} Page `own` is a page of the wallet itself, where a merchant's has led. */

export class WebView {
  /**
   * @param {Speech} speech
   * @param {{onClosed: () => void, onPaid: (result: {resultCode: string, memo: string}) => void, onSignedOut: () => void, announce: (text: string) => void}} wallet
   */
  constructor(speech, wallet) {
    this.speech = speech;
    this.wallet = wallet;
    /** @type {Page[]} */
    this.pages = [];
    /** @type {{payment: Payment, page: Page, session: string} | null} */
    this.open = null;
    /** @type {Map<string, () => void>} By the nonce of a payment: told that its page has heard how it ended. */
    this.hearings = new Map();
    /** @type {Promise<void>} Settled when the page has heard how the latest payment ended. */
    this.isHeard = Promise.resolve();
    this.title = el("h2", { tabindex: "-1" });
    this.subtitle = el("span", { class: "quiet" });
    this.seal = el("span", { class: "seal", hidden: true }, icon("lock")); // No merchant's page can put it there.
    this.balance = el("span", { class: "balance-chip" });
    this.chip = el("div", {}, this.balance);
    this.back = el("button", { class: "round", type: "button", onclick: () => this.pop() }, icon("back"));
    this.cross = el("button", { class: "round", type: "button", onclick: () => this.close() }, icon("close"));
    this.frames = el("div", { class: "frames" });
    this.sheet = el("div", { class: "sheet", role: "dialog", "aria-modal": "false", hidden: true });
    this.note = el("p", { class: "toast", role: "status", hidden: true });
    const words = el("div", { class: "titles" }, this.title, this.subtitle);
    this.element = el(
      "section",
      { class: "view" },
      el("header", { class: "titlebar" }, this.back, this.cross, this.seal, words, this.chip),
      this.frames,
      this.sheet,
      this.note,
    );
    this.hear = (/** @type {MessageEvent} */ event) => this.heard(event);
    addEventListener("message", this.hear);
  }

  /* ---- pages ---- */

  /** @param {string} url */
  push(url) {
    const frame = /** @type {HTMLIFrameElement} */ (el("iframe", { src: url, sandbox: SANDBOX, referrerpolicy: "no-referrer" }));
    /** @type {Page} */
    const page = { frame, url, session: "", origin: "", title: "", subtitle: "", own: false };
    this.pages.push(page);
    frame.addEventListener("load", () => this.landed(page));
    this.frames.append(frame);
    this.show();
  }

  /** Back to the page below; from the last one, the view closes. */
  async pop() {
    if (this.pages.length < 2) return this.close();
    const page = /** @type {Page} */ (this.pages.pop());
    this.show();
    await this.farewell(page);
  }

  /** Closes the view. A payment that is open ends first, so that its page hears the result while it still exists. */
  async close() {
    const pages = this.pages.splice(0);
    this.element.hidden = true;
    this.wallet.onClosed();
    for (const page of pages) await this.farewell(page);
    removeEventListener("message", this.hear);
    this.element.remove();
  }

  /** @param {Page} page */
  async farewell(page) {
    page.frame.hidden = true;
    await pause(ANSWER_TIME_MS);
    if (this.open?.page === page) {
      const { ended, isHeard } = this;
      this.open.payment.stop();
      await ended;
      await Promise.race([isHeard, pause(CALLBACK_WAIT_MS)]);
      await pause(CALLBACK_TIME_MS);
    }
    page.frame.remove();
  }

  top() {
    return this.pages[this.pages.length - 1];
  }

  show() {
    const page = this.top();
    for (const each of this.pages) each.frame.hidden = each !== page;
    const title = page?.own ? this.speech.say("view.own") : page?.title || this.speech.say("view.loading");
    const subtitle = page?.own ? this.speech.say("view.own.about") : (page?.subtitle ?? "");
    this.title.textContent = title;
    this.subtitle.textContent = subtitle;
    this.subtitle.hidden = !subtitle;
    this.seal.hidden = !page?.own;
    this.chip.hidden = page?.own ?? false; // Such a page shows the balance itself.
    this.back.hidden = this.pages.length < 2;
    this.back.setAttribute("aria-label", this.speech.say("view.back"));
    this.cross.setAttribute("aria-label", this.speech.say("view.close"));
    page?.frame.setAttribute("title", this.speech.say("view.frame", { title: page.own || page.title ? title : new URL(page.url).host }));
    this.sheet.setAttribute("aria-label", this.speech.say("cashier.frame"));
  }

  /**
   * A page has loaded. One of the wallet's own is known by its address, which no other site's page lets be read; it
   * says no hello, since it needs no bridge.
   * @param {Page} page
   */
  landed(page) {
    const own = originOf(page.frame) === location.origin;
    if (!own && !page.own) return;
    if (own) {
      if (this.open?.page === page) this.open.payment.stop(); // The page that asked has gone.
      Object.assign(page, { origin: "", session: "", title: "", subtitle: "" });
    }
    page.own = own;
    this.show();
  }

  /** @param {Money | null} balance */
  showBalance(balance) {
    this.balance.hidden = balance === null;
    if (!balance) return;
    const amount = showMoney(balance, this.speech.locale);
    const spoken = el("span", { class: "visually-hidden" }, this.speech.say("view.balance", { amount }));
    this.balance.replaceChildren(el("span", { "aria-hidden": "true" }, amount), spoken);
  }

  /* ---- the wallet's side of the bridge ---- */

  /** @param {MessageEvent} event */
  heard(event) {
    const said = event.data;
    // A page that is being closed is none of ours any more; the nonce of its payment is known to it alone.
    if (said?.tillgate === "bridge" && said.type === "heard") this.hearings.get(String(said.nonce))?.();
    const page = this.pages.find((each) => each.frame.contentWindow === event.source);
    if (!page || said?.tillgate !== "bridge" || typeof said.session !== "string") return;
    if (said.type === "hello") this.welcome(page, event.origin, said.session);
    if (said.type !== "call" || said.session !== page.session || event.origin !== page.origin) return;
    this.called(page, String(said.nonce), String(said.name), said.params ?? {});
  }

  /** @param {Page} page @param {string} origin @param {string} session */
  welcome(page, origin, session) {
    if (page.session !== session) {
      if (this.open?.page === page) this.open.payment.stop(); // The page that asked has gone; nobody is left to tell.
      Object.assign(page, { origin, session, title: "", subtitle: "", own: false });
      this.show();
    }
    this.post(page, session, { type: "welcome", startupParams: { url: page.url } });
  }

  /** @param {Page} page @param {string} session @param {object} message */
  post(page, session, message) {
    if (page.session !== session) return;
    page.frame.contentWindow?.postMessage({ tillgate: "wallet", session, ...message }, page.origin);
  }

  /** @param {Page} page @param {string} nonce @param {string} name @param {any} params */
  async called(page, nonce, name, params) {
    const session = page.session;
    if (name === "tradePay") this.post(page, session, { type: "accepted", nonce });
    const result = await this.answer(page, name, params, nonce).catch((reason) => ({
      resultCode: "6005",
      memo: "SYSTEM_ERROR: The wallet failed.",
      error: 3,
      errorMessage: String(reason),
    }));
    this.post(page, session, { type: "answer", nonce, result });
    if (name === "closeWebview" && !("error" in result)) await this.close();
    if (name === "popWindow" && !("error" in result)) await this.pop();
  }

  /** @param {Page} page @param {string} name @param {any} params @param {string} nonce @returns {Promise<object>} */
  async answer(page, name, params, nonce) {
    switch (name) {
      case "tradePay":
        return this.pay(page, params, nonce);
      case "setTitle":
        return this.setTitle(page, params);
      case "toast":
        return this.toast(params);
      case "pushWindow":
        return this.pushWindow(params);
      case "popWindow":
      case "closeWebview":
        return {}; // Done after the answer, while the page can still hear it.
      default:
        return { error: 1, errorMessage: `The function ${name} is not available.` };
    }
  }

  /** @param {Page} page @param {any} order @param {string} nonce */
  async pay(page, order, nonce) {
    if (this.open) return { resultCode: "6005", memo: "PARAM_ILLEGAL: A payment is already open in this wallet." };
    const sheet = { open: (/** @type {string} */ url) => this.openSheet(url), close: () => this.closeSheet() };
    const payment = new Payment(order, { pageOrigin: page.origin, sheet, onSignedOut: this.wallet.onSignedOut });
    this.open = { payment, page, session: page.session };
    this.hearings.clear();
    this.isHeard = new Promise((resolve) => this.hearings.set(nonce, resolve));
    const running = payment.run();
    this.ended = running.catch(() => null);
    try {
      const result = await running;
      this.wallet.onPaid(result);
      return result;
    } finally {
      this.open = null;
    }
  }

  /** @param {Page} page @param {any} params */
  setTitle(page, { title, subtitle }) {
    if (typeof title !== "string") return { error: 2, errorMessage: "setTitle needs a title." };
    page.title = title.slice(0, 80);
    page.subtitle = typeof subtitle === "string" ? subtitle.slice(0, 120) : "";
    this.show();
    return {};
  }

  /** @param {any} params */
  toast({ content, duration }) {
    if (typeof content !== "string") return { error: 2, errorMessage: "toast needs a content." };
    this.note.textContent = content.slice(0, 200);
    this.note.hidden = false;
    window.clearTimeout(this.noteTimer);
    this.noteTimer = window.setTimeout(() => (this.note.hidden = true), Math.min(Number(duration) || TOAST_MS, 10_000));
    return {};
  }

  /** @param {any} params */
  pushWindow({ url }) {
    if (typeof url !== "string" || !/^https?:\/\//.test(url)) return { error: 2, errorMessage: "pushWindow needs an http or https url." };
    this.push(url);
    return {};
  }

  /* ---- the cashier over the page ---- */

  /** @param {string} url */
  openSheet(url) {
    const frame = /** @type {HTMLIFrameElement} */ (el("iframe", { src: url, title: this.speech.say("cashier.frame"), class: "cashier" }));
    frame.addEventListener("load", () => frame.focus());
    this.sheet.replaceChildren(frame);
    this.sheet.hidden = false;
    this.frames.inert = true;
    return frame;
  }

  closeSheet() {
    this.sheet.replaceChildren();
    this.sheet.hidden = true;
    this.frames.inert = false;
    this.top()?.frame.focus();
  }
}

/** @param {HTMLIFrameElement} frame @returns {string} Of the page in it, or "" when that is another site's. */
function originOf(frame) {
  try {
    return frame.contentWindow?.location.origin ?? "";
  } catch {
    return "";
  }
}
