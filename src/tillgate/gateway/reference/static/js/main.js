/**
 * The reference pages' script: words in the person's own language, and buttons that copy. The pages are complete without
 * it; the server has written them in the language that the browser asks for. It knows no function and no code.
 */

import { Speech } from "/static/cashier/js/speech.js";

/** @typedef {Record<string, string>} Words */

const COPIED_MS = 2_000;
const FILES = { en: "en", "zh-Hant": "zh-hant", "zh-Hans": "zh-hans" };

/** @param {string} file @returns {Promise<Words>} */
const load = async (file) => (await fetch(`/static/reference/locales/${file}.json`)).json();

/**
 * Shows a text; what stands between backticks is code.
 * @param {Element} place
 * @param {string} text
 */
function show(place, text) {
  const parts = text.split("`").map((part, index) => {
    if (index % 2 === 0) return part;
    const code = document.createElement("code");
    code.textContent = part;
    return code;
  });
  place.replaceChildren(...parts);
}

/** @param {Speech<Words>} speech */
function translate(speech) {
  for (const place of document.querySelectorAll("[data-say]")) {
    const { say = "" } = /** @type {HTMLElement} */ (place).dataset;
    show(place, speech.say(say));
    if (place.hasAttribute("lang")) place.setAttribute("lang", speech.locale);
  }
  for (const place of document.querySelectorAll("[data-say-label]")) {
    const { sayLabel = "" } = /** @type {HTMLElement} */ (place).dataset;
    place.setAttribute("aria-label", speech.say(sayLabel).replaceAll("`", ""));
  }
}

/**
 * @param {Speech<Words>} speech
 * @param {HTMLElement} button
 */
async function copy(speech, button) {
  const text = button.parentElement?.querySelector("pre")?.textContent ?? "";
  await navigator.clipboard.writeText(text.trimEnd());
  const status = document.getElementById("status");
  if (status) status.textContent = speech.say("page.copied");
  button.textContent = speech.say("page.copied");
  setTimeout(() => {
    button.textContent = speech.say("page.copy");
    if (status) status.textContent = "";
  }, COPIED_MS);
}

/** A link to something that is folded away unfolds it. */
function unfold() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  let found = /** @type {Element | null | undefined} */ (target);
  while (found) {
    if (found instanceof HTMLDetailsElement) found.open = true;
    found = found.parentElement;
  }
  target?.scrollIntoView();
}

async function start() {
  const [en, zhHant, zhHans] = await Promise.all([load(FILES.en), load(FILES["zh-Hant"]), load(FILES["zh-Hans"])]);
  const served = document.documentElement.lang;
  const speech = new Speech({ en, "zh-Hant": zhHant, "zh-Hans": zhHans });
  if (speech.locale !== served) translate(speech);
  speech.onChange(() => translate(speech));
  const menu = /** @type {HTMLSelectElement} */ (document.getElementById("language"));
  speech.fillMenu(menu, "page.language");
  menu.hidden = false;
  for (const button of document.querySelectorAll(".copy")) {
    const found = /** @type {HTMLElement} */ (button);
    found.hidden = false;
    found.addEventListener("click", () => void copy(speech, found));
  }
}

addEventListener("hashchange", unfold);
if (location.hash) unfold();
await start();
