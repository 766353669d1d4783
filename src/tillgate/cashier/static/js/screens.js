/**
 * Draws the cashier's screens from values: each function returns the elements of one screen and decides nothing. What a
 * press does is handed in.
 */

import { el, icon } from "./dom.js";
import { isLess, showMoney } from "./money.js";
import { chosenPayer, payerList } from "./payers.js";
import { outcomeOf } from "./outcomes.js";

/** @typedef {import("./money.js").Money} Money */
/** @typedef {import("./host.js").Result} Result */
/** @typedef {import("./speech.js").Speech<typeof import("../locales/en.js").en>} Speech */
/** @typedef {{id: string, name: string, balance: Money | null}} Payer */
/**
 * @typedef {object} Order What `GET /cashier/{token}` answers.
 * @property {string} title
 * @property {Money} orderAmount
 * @property {Money} payAmount
 * @property {string} payee
 * @property {string} merchantTransId
 * @property {number} secondsLeft
 * @property {"SIGN_IN" | "CONFIRM" | "PROCESSING" | "DONE"} state
 * @property {Payer | null} payer
 * @property {"wallet" | "page"} form
 * @property {{id: string, name: string, about: string}[]} payers
 * @property {Result | null} result
 */

/**
 * Who is paid, for what, how much.
 * @param {Speech} speech
 * @param {Order} order
 */
export function orderSummary(speech, order) {
  const charged = order.payAmount.currency !== order.orderAmount.currency || order.payAmount.value !== order.orderAmount.value;
  const amount = showMoney(order.orderAmount, speech.locale);
  return el(
    "section",
    { class: "summary" },
    el("p", { class: "payee", id: "payee" }, el("span", { class: "quiet" }, speech.say("order.to")), " ", el("strong", {}, order.payee)),
    el("h1", { class: amount.length > 11 ? "amount long" : "amount", id: "amount", tabindex: "-1" }, amount),
    charged ? el("p", { class: "quiet" }, speech.say("order.charged", { amount: showMoney(order.payAmount, speech.locale) })) : null,
    el("p", { class: "goods" }, order.title),
    el("p", { class: "left" }, icon("clock"), el("span", { id: "left" })),
  );
}

/**
 * @param {Speech} speech
 * @param {Order} order
 */
export function accountCard(speech, order) {
  const payer = order.payer;
  if (!payer) return null;
  const short = payer.balance !== null && isLess(payer.balance, order.payAmount);
  return el(
    "section",
    { class: short ? "account short" : "account", id: "account" },
    el("span", { class: "avatar", "aria-hidden": "true" }, payer.name.slice(0, 1).toUpperCase()),
    el("div", { class: "account-name" }, el("span", { class: "quiet" }, speech.say("payer.from")), el("strong", {}, payer.name)),
    payer.balance
      ? el("div", { class: "balance" }, el("span", { class: "quiet" }, speech.say("payer.balance")), el("span", {}, showMoney(payer.balance, speech.locale)))
      : null,
    short ? el("p", { class: "warning" }, speech.say("payer.short")) : null,
  );
}

/**
 * Whose wallet, where the sandbox names its payers.
 * @param {Speech} speech
 * @param {Order} order
 * @param {(payer: string) => void} onChoose
 */
export function payerChoice(speech, order, onChoose) {
  const label = speech.say("signin.choose");
  return el(
    "section",
    { class: "choices" },
    el("h2", {}, label),
    payerList(order.payers, { language: speech.language, label, onChoose }),
    el("p", { class: "hint" }, speech.say("signin.hint")),
  );
}

/**
 * The account that signs in: the chosen one, or a field where nobody is named.
 * @param {Speech} speech
 * @param {Order} order
 * @param {{payer: string, onType: (payer: string) => void, onChange: () => void}} account
 */
export function signInAccount(speech, order, { payer, onType, onChange }) {
  const chosen = order.payers.find((each) => each.id === payer);
  if (chosen) return chosenPayer(chosen, { change: speech.say("signin.change"), onChange });
  const typed = (/** @type {Event} */ event) => onType(/** @type {HTMLInputElement} */ (event.target).value.trim());
  const field = el("input", { type: "text", name: "payer", value: payer, autocomplete: "username", autocapitalize: "none", spellcheck: "false", oninput: typed });
  return el("label", { class: "field" }, speech.say("signin.account"), field);
}

/**
 * @param {string} heading
 * @param {string} [more]
 */
export function busyScreen(heading, more) {
  return el(
    "section",
    { class: "screen busy" },
    el("div", { class: "spinner", "aria-hidden": "true" }),
    el("h1", { tabindex: "-1" }, heading),
    more ? el("p", { class: "quiet" }, more) : null,
  );
}

/**
 * @param {{heading: string, body: string, next: string, buttons: {words: string, press: () => void, quiet?: boolean}[]}} trouble
 */
export function troubleScreen({ heading, body, next, buttons }) {
  return el(
    "section",
    { class: "screen done tone-unknown" },
    el("div", { class: "badge" }, icon("alert")),
    el("h1", { tabindex: "-1" }, heading),
    el("p", {}, body),
    el("p", { class: "next" }, next),
    el("div", { class: "actions" }, ...buttons.map(({ words, press, quiet }) => el("button", { class: quiet ? "button quiet-button" : "button primary", type: "button", onclick: press }, words))),
  );
}

/** @type {Record<import("./outcomes.js").Tone, keyof typeof import("./dom.js").ICONS>} */
const BADGES = { good: "check", bad: "cross", unknown: "question", quiet: "clock" };

/**
 * The end, whichever it is: what happened, whether money moved, what to do next.
 * @param {Speech} speech
 * @param {Order} order
 * @param {{result: Result, timeIsUp: boolean, finish: (() => void) | null}} end
 */
export function doneScreen(speech, order, { result, timeIsUp, finish }) {
  const { kind, tone } = outcomeOf(result, timeIsUp);
  const amount = showMoney(order.orderAmount, speech.locale);
  const words = { amount, payee: order.payee };
  const onward = result.returnUrl && /^https?:\/\//.test(result.returnUrl) ? result.returnUrl : null;
  let leave = null;
  if (finish) leave = el("button", { class: "button primary", type: "button", onclick: finish }, speech.say(kind === "paid" ? "done.finish" : "done.back"));
  else if (onward) leave = el("a", { class: "button primary", href: onward }, speech.say("done.back"));
  return el(
    "section",
    { class: `screen done tone-${tone}`, "data-kind": kind },
    el("div", { class: "badge" }, icon(kind === "cancelled" ? "cross" : BADGES[tone])),
    el("h1", { tabindex: "-1" }, speech.say(`done.${kind}.heading`)),
    el("p", { class: kind === "paid" ? "amount" : "amount small" }, amount),
    el("p", {}, speech.say(`done.${kind}.body`, words)),
    kind === "paid" && !finish ? null : el("p", { class: "next" }, speech.say(`done.${kind}.next`, words)),
    el(
      "details",
      { class: "details" },
      el("summary", {}, speech.say("done.details")),
      el(
        "dl",
        {},
        el("dt", {}, speech.say("order.number")),
        el("dd", {}, order.merchantTransId),
        el("dt", {}, speech.say("done.code")),
        el("dd", { "data-code": result.resultCode }, result.resultCode),
        el("dt", {}, speech.say("done.memo")),
        el("dd", { lang: "en" }, result.memo),
      ),
    ),
    leave ? el("div", { class: "actions" }, leave) : null,
  );
}
