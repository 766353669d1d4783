/**
 * The sandbox's payers, one sentence each, in the page's language. A payer this page has no words for is described by
 * the server's own sentence. Choosing is a list of buttons; the chosen one then stands above the PIN pad.
 */

import { el, icon } from "./dom.js";

/** @typedef {import("./speech.js").Language} Language */

/** @type {Record<Language, Record<string, string>>} */
const SENTENCES = {
  en: {
    rich: "Has more than enough money.",
    poor: "Has too little money for most orders.",
    locked: "The account is locked; nobody can sign in.",
    slow: "The issuer takes a few seconds to answer.",
    "unknown-then-paid": "The issuer does not answer at first; later it says yes.",
    "unknown-then-failed": "The issuer does not answer at first; later it says no.",
  },
  "zh-Hant": {
    rich: "餘額非常充足。",
    poor: "餘額很少，多數訂單都不夠付。",
    locked: "帳戶已鎖定，無法登入。",
    slow: "發卡機構需要數秒才回覆。",
    "unknown-then-paid": "發卡機構起初沒有回覆，其後批准。",
    "unknown-then-failed": "發卡機構起初沒有回覆，其後拒絕。",
  },
  "zh-Hans": {
    rich: "余额非常充足。",
    poor: "余额很少，多数订单都不够付。",
    locked: "账户已锁定，无法登录。",
    slow: "发卡机构需要数秒才答复。",
    "unknown-then-paid": "发卡机构起初没有答复，随后批准。",
    "unknown-then-failed": "发卡机构起初没有答复，随后拒绝。",
  },
};

/**
 * @param {{id: string, about: string}} payer
 * @param {Language} language
 */
export function aboutPayer(payer, language) {
  const known = SENTENCES[language][payer.id];
  return el("span", known ? { class: "quiet" } : { class: "quiet", lang: "en" }, known ?? payer.about);
}

/** @param {string} name */
const avatar = (name) => el("span", { class: "avatar", "aria-hidden": "true" }, name.slice(0, 1).toUpperCase());

/**
 * @param {readonly {id: string, name: string, about: string}[]} payers
 * @param {{language: Language, label: string, onChoose: (id: string) => void}} options
 */
export function payerList(payers, { language, label, onChoose }) {
  const items = payers.map((payer) => {
    const words = el("span", { class: "choice-words" }, el("strong", {}, payer.name), aboutPayer(payer, language));
    const press = () => onChoose(payer.id);
    return el("li", {}, el("button", { class: "choice", type: "button", "data-payer": payer.id, onclick: press }, avatar(payer.name), words, icon("forward")));
  });
  return el("ul", { class: "choice-list", "aria-label": label }, ...items);
}

/**
 * @param {{name: string}} payer
 * @param {{change: string, onChange: () => void}} options
 */
export function chosenPayer(payer, { change, onChange }) {
  const button = el("button", { class: "change", type: "button", onclick: onChange }, change);
  return el("div", { class: "chosen" }, avatar(payer.name), el("strong", {}, payer.name), button);
}
