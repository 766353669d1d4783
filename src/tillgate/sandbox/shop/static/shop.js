/**
 * The shop's page, as any merchant would write it: ask the own server for a signed order, hand the order string to the
 * wallet's bridge, and tell the customer what came back. The callback is a hint; the shop's server believes only the
 * signed notification and the signed redirect.
 */

import { enableButtons } from "./buttons.js";
import { post } from "./post.js";
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

byId("order").addEventListener("submit", (event) => {
  event.preventDefault();
  buy(byId("buy"), "CASHIER_PAY", byId("answer"));
});
document.getElementById("without-pin")?.addEventListener("click", (event) => {
  // In the wallet an agreement is debited at once; where there is none, the cashier opens as ever.
  buy(/** @type {HTMLElement} */ (event.currentTarget), "AGREEMENT_OR_CASHIER_PAY", byId("club-answer"));
});

/**
 * @param {HTMLElement} button
 * @param {"CASHIER_PAY" | "AGREEMENT_OR_CASHIER_PAY"} productCode
 * @param {HTMLElement} place Where it is told how it ended.
 */
async function buy(button, productCode, place) {
  const amount = byId("amt");
  const value = /** @type {HTMLInputElement} */ (amount).value.trim();
  if (!/^\d{1,9}(\.\d{1,3})?$/.test(value) || Number(value) === 0) {
    show(byId("answer"), say("amount.wrong", "Please enter an amount, for example 10.00."));
    amount.focus();
    return;
  }
  if (button.getAttribute("aria-disabled") === "true") return;
  const done = busy(button, place);
  const orderStr = await order(value, productCode).catch(() => null);
  if (orderStr === null) {
    done();
    show(place, say("failed", "The shop's server did not answer, so no order was made. Please try again."));
    return;
  }
  AlipayJSBridge.call("tradePay", { orderStr, version: "2.0.0" }, (result) => {
    done();
    const code = result.resultCode ?? "6005";
    show(place, say(code, MEANINGS[code] ?? "The payment ended."), result);
  });
}

/**
 * The shop's own server signs the order; the page never sees a key.
 * @param {string} amount In major units, as typed.
 * @param {string} productCode
 * @returns {Promise<string>}
 */
async function order(amount, productCode) {
  const { status, body } = await post("/sbs-api/debug/bsu/wap/pay", { mid: byId("order").dataset.merchant, amount, productCode });
  if (status !== 200) throw new Error(`The shop's server answered ${status}.`);
  return body.order_string;
}

/* ---- automatic payments: the shop's server asks the gateway, the page only says what came of it ---- */

document.getElementById("allow")?.addEventListener("click", (event) =>
  ask(event, "/shop/agreement", (body) => location.assign(body.url)), // The wallet's page, in this very view.
);
document.getElementById("stop")?.addEventListener("click", (event) => ask(event, "/shop/agreement/stop", () => location.reload()));
document.getElementById("renew")?.addEventListener("click", (event) =>
  ask(event, "/shop/renew", (body) => {
    const place = byId("club-answer");
    show(place, say("club.renewed", "The style club is renewed for a month; your wallet has paid."), { resultCode: "9000" });
    place.append(orderLink(body.order));
  }),
);

enableButtons();

/**
 * @param {Event} event
 * @param {string} path
 * @param {(body: any) => void} done
 */
async function ask(event, path, done) {
  const button = /** @type {HTMLElement} */ (event.currentTarget);
  const place = byId("club-answer");
  if (button.getAttribute("aria-disabled") === "true") return;
  const free = busy(button, place);
  const { status, body } = await post(path, {}).catch(() => ({ status: 0, body: {} }));
  free();
  if (status === 200) return done(body);
  const words = body.outcome === "refused" ? say("refused", "That was refused.") : say("unknown", "The result is not known yet. Look at the order later.");
  show(place, status ? words : say("failed", "The shop's server did not answer. Please try again."), body.sentence ? { memo: body.sentence } : undefined);
  if (body.order) place.append(orderLink(body.order));
}

/** @param {string} path */
function orderLink(path) {
  const link = document.createElement("a");
  link.href = path;
  link.textContent = say("club.look", "Look at the order");
  return link;
}

/**
 * @param {HTMLElement} place
 * @param {string} sentence
 * @param {{resultCode?: string, memo?: string}} [result]
 */
function show(place, sentence, result) {
  place.classList.toggle("good", result?.resultCode === "9000");
  const words = document.createElement("strong");
  words.textContent = sentence;
  place.replaceChildren(words);
  if (result?.memo) place.append(codeOf(result));
  place.scrollIntoView({ block: "nearest" });
}

/** @param {{resultCode?: string, memo?: string}} result */
function codeOf(result) {
  const code = document.createElement("code");
  code.lang = "en";
  code.textContent = [result.resultCode, result.memo].filter(Boolean).join(" · ");
  return code;
}

/**
 * @param {HTMLElement} button
 * @param {HTMLElement} place
 * @returns {() => void} Sets the button free again.
 */
function busy(button, place) {
  const words = button.textContent;
  button.setAttribute("aria-disabled", "true");
  button.textContent = button.id === "buy" ? say("busy", "Preparing your order…") : say("club.busy", "One moment…");
  place.replaceChildren();
  return () => {
    button.setAttribute("aria-disabled", "false");
    button.textContent = words;
  };
}
