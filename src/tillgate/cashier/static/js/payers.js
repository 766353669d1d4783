/**
 * The sandbox's payers, one sentence each, in the page's language. A payer this page has no words for is described by
 * the server's own sentence.
 */

import { el } from "./dom.js";

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
