/**
 * What the wallet's own lists share: the screen with its way back, the words while it loads, when it is empty, when it
 * could not be loaded; and dates as people write them. It knows nothing of what is listed.
 */

import { el, icon } from "/static/cashier/js/dom.js";
import { askDoor } from "/static/cashier/js/doors.js";

/** @typedef {import("./webview.js").Speech} Speech */
/** @typedef {{onBack: () => void, onSignedOut: () => void, announce: (text: string) => void}} Wallet */

/**
 * @param {Speech} speech
 * @param {{heading: string, lead?: string, kind: string, onBack: () => void}} options
 */
export function listScreen(speech, { heading, lead, kind, onBack }) {
  const back = el("button", { class: "round", type: "button", "aria-label": speech.say("page.back"), onclick: onBack }, icon("back"));
  const place = el("div", { class: "list-place" });
  const element = el(
    "section",
    { class: "list-screen", "data-list": kind },
    el("header", { class: "list-head" }, back, el("h2", { tabindex: "-1" }, heading)),
    lead ? el("p", { class: "list-lead quiet" }, lead) : null,
    place,
  );
  return { element, place };
}

/** @param {string} words */
export const waiting = (words) => el("div", { class: "list-note" }, el("div", { class: "spinner", "aria-hidden": "true" }), el("p", { class: "quiet" }, words));

/**
 * @param {keyof typeof import("/static/cashier/js/dom.js").ICONS} picture
 * @param {string} heading
 * @param {string} words
 */
export const nothing = (picture, heading, words) =>
  el("div", { class: "list-note" }, el("span", { class: "tile-icon" }, icon(picture)), el("h3", {}, heading), el("p", { class: "quiet" }, words));

/** @param {Speech} speech @param {() => void} again */
export const notLoaded = (speech, again) =>
  el("div", { class: "list-note", role: "alert" }, el("p", {}, speech.say("page.lost")), el("button", { class: "button primary", type: "button", onclick: again }, speech.say("page.again")));

/**
 * Asks a door of the payer's own business; who is signed in no longer is led to the sign-in.
 * @param {Wallet} wallet
 * @param {string} path
 * @param {{method?: string, body?: object}} [question]
 * @returns {Promise<any>} The answer, or null when there was none to use.
 */
export async function askOwn(wallet, path, question) {
  const { status, body } = await askDoor(path, question).catch(() => ({ status: 0, body: null }));
  if (status === 401) wallet.onSignedOut();
  return status === 200 ? body : null;
}

/**
 * A day, with its time if wanted; the year only where it is not this one.
 * @param {Speech} speech
 * @param {string | null} at
 * @param {Intl.DateTimeFormatOptions} [more]
 */
export function shownDate(speech, at, more = {}) {
  const time = new Date(at ?? "");
  if (Number.isNaN(time.valueOf())) return at ?? "";
  /** @type {Intl.DateTimeFormatOptions} */
  const year = time.getFullYear() === new Date().getFullYear() ? {} : { year: "numeric" };
  return new Intl.DateTimeFormat(speech.locale, { month: "short", day: "numeric", ...year, ...more }).format(time);
}

/** @param {string} name */
export const initial = (name) => el("span", { class: "avatar", "aria-hidden": "true" }, name.slice(0, 1).toUpperCase());
