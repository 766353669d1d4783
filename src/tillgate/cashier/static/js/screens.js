/**
 * Draws the cashier's screens from values: each function returns the elements of one screen and decides nothing. What a
 * press does is handed in.
 */

import { el, icon } from "./dom.js";
import { isLess, showMoney } from "./money.js";
import { aboutPayer } from "./payers.js";
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
  return el(
    "section",
    { class: "summary" },
    el("p", { class: "payee", id: "payee" }, el("span", { class: "quiet" }, speech.say("order.to")), " ", el("strong", {}, order.payee)),
    el("h1", { class: "amount", id: "amount", tabindex: "-1" }, showMoney(order.orderAmount, speech.locale)),
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
 * Whose wallet: a list where the sandbox names its payers, else a field.
 * @param {Speech} speech
 * @param {Order} order
 * @param {string} chosen
 * @param {(payer: string) => void} onChoose
 */
export function payerChoice(speech, order, chosen, onChoose) {
  const changed = (/** @type {Event} */ event) => onChoose(/** @type {HTMLInputElement} */ (event.target).value);
  if (!order.payers.length) {
    return el(
      "label",
      { class: "field" },
      speech.say("signin.account"),
      el("input", { type: "text", name: "payer", value: chosen, autocomplete: "username", autocapitalize: "none", spellcheck: "false", oninput: changed }),
    );
  }
  const options = order.payers.map((payer) =>
    el(
      "label",
      { class: "choice" },
      el("input", { type: "radio", name: "payer", value: payer.id, checked: payer.id === chosen, onchange: changed }),
      el("span", { class: "avatar", "aria-hidden": "true" }, payer.name.slice(0, 1).toUpperCase()),
      el("span", { class: "choice-words" }, el("strong", {}, payer.name), aboutPayer(payer, speech.language)),
    ),
  );
  return el(
    "fieldset",
    { class: "choices" },
    el("legend", {}, speech.say("signin.choose")),
    el("div", { class: "choice-list" }, ...options),
    el("p", { class: "hint" }, speech.say("signin.hint")),
  );
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
    el("div", { class: "badge" }, icon(BADGES[tone])),
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
