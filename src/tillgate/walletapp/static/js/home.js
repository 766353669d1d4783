/** The wallet's home screen: whose wallet, how much is in it, what can be opened. It decides nothing. */

import { el, icon } from "/static/cashier/js/dom.js";
import { showMoney } from "/static/cashier/js/money.js";

/**
 * @param {import("./webview.js").Speech} speech
 * @param {import("./signin.js").Payer} payer
 * @param {{last: {resultCode: string, memo: string} | null, onShop: () => void, onSeed: () => void, onHistory: () => void, onAllowed: () => void, onSignOut: () => void}} wallet
 */
export function homeScreen(speech, payer, { last, onShop, onSeed, onHistory, onAllowed, onSignOut }) {
  const amount = payer.balance
    ? el("p", { class: "wealth" }, showMoney(payer.balance, speech.locale))
    : el("p", { class: "wealth small" }, speech.say("home.outside"));
  return el(
    "section",
    { class: "home" },
    el("h2", { tabindex: "-1" }, speech.say("home.hello", { name: payer.name })),
    el("div", { class: "purse" }, el("p", {}, speech.say("home.balance")), amount, el("p", { class: "purse-id" }, payer.id)),
    el(
      "div",
      { class: "own" },
      own("receipt", speech.say("home.payments"), { name: "history", press: onHistory }),
      own("repeat", speech.say("home.allowed"), { name: "allowed", press: onAllowed }),
    ),
    el("h3", {}, speech.say("home.open")),
    tile("dress", speech.say("home.shop"), speech.say("home.shop.about"), onShop),
    tile("code", speech.say("home.seed"), speech.say("home.seed.about"), onSeed),
    last
      ? el("p", { class: "last" }, el("span", { class: "quiet" }, speech.say("home.last")), el("code", { lang: "en", "data-code": last.resultCode }, `${last.resultCode} · ${last.memo}`))
      : null,
    el("button", { class: "button quiet-button", type: "button", onclick: onSignOut }, icon("exit"), speech.say("home.signout")),
  );
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
