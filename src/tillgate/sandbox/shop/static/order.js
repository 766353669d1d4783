/**
 * What the shop can do about an order: give a part back, cancel the whole. Its server asks the gateway; afterwards the
 * page is loaded again, and what it shows is what the gateway then answers.
 */

import { enableButtons } from "./buttons.js";
import { post } from "./post.js";
import { say } from "./words.js";

const number = document.getElementById("order-card")?.dataset.number ?? "";

document.getElementById("refund")?.addEventListener("submit", (event) => {
  event.preventDefault();
  const field = /** @type {HTMLInputElement} */ (document.getElementById("refund-amount"));
  const amount = field.value.trim();
  if (!/^\d{1,9}(\.\d{1,3})?$/.test(amount) || Number(amount) === 0) {
    tell(say("amount.wrong", "Please enter an amount, for example 10.00."));
    field.focus();
    return;
  }
  // The number was made with the page: pressed twice, or sent twice, it is the same refund.
  const { refundId } = /** @type {HTMLElement} */ (event.currentTarget).dataset;
  act("refund", { refundId, amount });
});
document.getElementById("cancel-order")?.addEventListener("click", () => act("cancel", {}));
enableButtons();

let acting = false;

/** @param {"refund" | "cancel"} what @param {object} wish */
async function act(what, wish) {
  if (acting) return;
  acting = true;
  tell("");
  const { status, body } = await post(`/shop/orders/${number}/${what}`, wish).catch(() => ({ status: 0, body: {} }));
  acting = false;
  if (status === 200) return location.reload();
  const words = status === 409 || status === 400 ? say("refused", "That was refused.") : say("unknown", "The result is not known yet. Look at the order later.");
  tell(words, body.sentence ?? body.error ?? "");
}

/** @param {string} sentence @param {string} [more] */
function tell(sentence, more = "") {
  const place = document.getElementById("after-answer");
  const words = document.createElement("strong");
  words.textContent = sentence;
  const code = document.createElement("code");
  code.lang = "en";
  code.textContent = more;
  place?.replaceChildren(...(sentence ? [words] : []), ...(more ? [code] : []));
}
