/**
 * The shop's page, as any merchant would write it: ask the own server for a signed order, hand the order string to the
 * wallet's bridge, and tell the customer what came back. The callback is a hint; the shop's server believes only the
 * signed notification and the signed redirect.
 */

import { say, translatePage } from "./words.js";

/** @template {HTMLElement} [T=HTMLElement] @param {string} id @returns {T} */
const byId = (id) => /** @type {T} */ (document.getElementById(id));

/** @type {Record<string, string>} */
const MEANINGS = {
  9000: "Thank you! Your payment went through.",
  8000: "Your payment is still being processed. Please wait, and do not pay again.",
  4000: "The payment did not go through. Nothing was charged.",
  5000: "This order was paid before. You have not been charged again.",
  6001: "You cancelled the payment. Nothing was charged.",
  6002: "The payment gateway cannot be reached. Look at your order before you pay again.",
  6005: "The payment could not be started.",
  7001: "The wallet was closed, so the payment stopped.",
};

translatePage();

document.addEventListener("AlipayJSBridgeReady", () => {
  AlipayJSBridge.call("setTitle", { title: byId("title").textContent ?? "", subtitle: byId("shop-name").textContent ?? "" });
});

byId("order").addEventListener("submit", async (event) => {
  event.preventDefault();
  const amount = byId("amt");
  const value = /** @type {HTMLInputElement} */ (amount).value.trim();
  if (!/^\d{1,9}(\.\d{1,3})?$/.test(value) || Number(value) === 0) {
    show(say("amount.wrong", "Please enter an amount, for example 10.00."));
    amount.focus();
    return;
  }
  if (byId("buy").getAttribute("aria-disabled") === "true") return;
  busy(true);
  const orderStr = await order(value).catch(() => null);
  if (orderStr === null) {
    busy(false);
    show(say("failed", "The shop's server did not answer, so no order was made. Please try again."));
    return;
  }
  AlipayJSBridge.call("tradePay", { orderStr, version: "2.0.0" }, (result) => {
    busy(false);
    const code = result.resultCode ?? "6005";
    show(say(code, MEANINGS[code] ?? "The payment ended."), result);
  });
});

/**
 * The shop's own server signs the order; the page never sees a key.
 * @param {string} amount In major units, as typed.
 * @returns {Promise<string>}
 */
async function order(amount) {
  const response = await fetch("/sbs-api/debug/bsu/wap/pay", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ mid: byId("order").dataset.merchant, amount }),
  });
  if (!response.ok) throw new Error(`The shop's server answered ${response.status}.`);
  return (await response.json()).order_string;
}

/**
 * @param {string} sentence
 * @param {{resultCode?: string, memo?: string}} [result]
 */
function show(sentence, result) {
  const place = byId("answer");
  place.classList.toggle("good", result?.resultCode === "9000");
  const words = document.createElement("strong");
  words.textContent = sentence;
  place.replaceChildren(words);
  if (result) place.append(codeOf(result));
  place.scrollIntoView({ block: "nearest" });
}

/** @param {{resultCode?: string, memo?: string}} result */
function codeOf(result) {
  const code = document.createElement("code");
  code.lang = "en";
  code.textContent = `${result.resultCode} · ${result.memo}`;
  return code;
}

/** @param {boolean} waiting */
function busy(waiting) {
  const button = byId("buy");
  button.setAttribute("aria-disabled", String(waiting));
  button.textContent = waiting ? say("busy", "Preparing your order…") : say("buy", "Buy now");
  if (waiting) byId("answer").replaceChildren();
}
