/**
 * The wallet's home screen: whose wallet, how much is in it, what can be opened. It decides nothing. What must hold: news
 * are shown in the screen that stands, so that a press that has begun, and the focus, stay where they are.
 */

import { el, icon } from "/static/cashier/js/dom.js";
import { showMoney } from "/static/cashier/js/money.js";

/** @typedef {import("./signin.js").Payer} Payer */
/** @typedef {{resultCode: string, memo: string} | null} Last How the latest payment ended. */

export class Home {
  /**
   * @param {import("./webview.js").Speech} speech
   * @param {Payer} payer
   * @param {{last: Last, onShop: () => void, onSeed: () => void, onHistory: () => void, onAllowed: () => void, onSignOut: () => void}} wallet
   */
  constructor(speech, payer, { last, onShop, onSeed, onHistory, onAllowed, onSignOut }) {
    this.speech = speech;
    this.amount = el("p", {});
    this.last = el("p", { class: "last" });
    this.element = el(
      "section",
      { class: "home" },
      el("h2", { tabindex: "-1" }, speech.say("home.hello", { name: payer.name })),
      el("div", { class: "purse" }, el("p", {}, speech.say("home.balance")), this.amount, el("p", { class: "purse-id" }, payer.id)),
      el(
        "div",
        { class: "own" },
        own("receipt", speech.say("home.payments"), { name: "history", press: onHistory }),
        own("repeat", speech.say("home.allowed"), { name: "allowed", press: onAllowed }),
      ),
      el("h3", {}, speech.say("home.open")),
      tile("dress", speech.say("home.shop"), speech.say("home.shop.about"), onShop),
      tile("code", speech.say("home.seed"), speech.say("home.seed.about"), onSeed),
      this.last,
      el("button", { class: "button quiet-button", type: "button", onclick: onSignOut }, icon("exit"), speech.say("home.signout")),
    );
    this.show(payer, last);
  }

  /** What may have changed while the screen stands. @param {Payer} payer @param {Last} last */
  show({ balance }, last) {
    this.amount.className = balance ? "wealth" : "wealth small";
    this.amount.textContent = balance ? showMoney(balance, this.speech.locale) : this.speech.say("home.outside");
    this.last.hidden = last === null;
    if (!last) return;
    const code = el("code", { lang: "en", "data-code": last.resultCode }, `${last.resultCode} · ${last.memo}`);
    this.last.replaceChildren(el("span", { class: "quiet" }, this.speech.say("home.last")), code);
  }
}

/**
 * @param {"dress" | "code"} picture
 * @param {string} name
 * @param {string} about
 * @param {() => void} press
 */
function tile(picture, name, about, press) {
  const words = el("span", { class: "choice-words" }, el("strong", {}, name), el("span", { class: "quiet" }, about));
  return el("button", { class: "tile", type: "button", onclick: press }, el("span", { class: "tile-icon" }, icon(picture)), words);
}

/**
 * What is the payer's own business.
 * @param {"receipt" | "repeat"} picture
 * @param {string} words
 * @param {{name: string, press: () => void}} action
 */
function own(picture, words, { name, press }) {
  return el("button", { class: "own-tile", type: "button", "data-own": name, onclick: press }, el("span", { class: "tile-icon" }, icon(picture)), el("span", {}, words));
}
