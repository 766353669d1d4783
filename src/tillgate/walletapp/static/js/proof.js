/**
 * The PIN for limits that let more through: what they would be, the pad, and what the server said of the last PIN. It
 * knows no rule of limits and keeps no PIN; the server asked for one. What must hold: a complaint says what is left.
 */

import { el } from "/static/cashier/js/dom.js";
import { showMoney } from "/static/cashier/js/money.js";
import { PinPad } from "/static/cashier/js/pad.js";
import { minorUnits } from "./limits.js";

/** @typedef {import("./webview.js").Speech} Speech */
/** @typedef {import("./limits.js").Chosen} Chosen */
/** @typedef {{payee: string, currency: string, exponent: number, chosen: Chosen}} Wanted What the limits would be. */
/** @typedef {{onPin: (pin: string) => void, onChange: () => void, onKeep: () => void, announce: (text: string) => void}} Ways */

export class Proof {
  /**
   * @param {Speech} speech
   * @param {Wanted} wanted
   * @param {Ways} ways
   * @param {{triesLeft: number | null, failed: boolean}} last What came of the PIN before; null when none was wrong.
   */
  constructor(speech, wanted, ways, { triesLeft, failed }) {
    this.speech = speech;
    /** @type {PinPad | null} A locked account has none. */
    this.pad = triesLeft === 0 ? null : this.newPad(ways);
    const problem = el("div", { class: "problem", role: "alert" }, failed ? speech.say("allowed.failed") : this.complaint(triesLeft));
    if (this.pad && triesLeft !== null) this.pad.field.setAttribute("aria-invalid", "true");
    this.pad?.element.querySelector(".pin-box")?.before(problem);
    this.element = el(
      "div",
      { class: "allowed-form proof", role: "group", "aria-labelledby": "proof-heading" },
      el("h4", { tabindex: "-1", id: "proof-heading" }, speech.say("allowed.pin.heading", { payee: wanted.payee })),
      ...(this.pad ? [...this.question(wanted, triesLeft === null && !failed), this.pad.element] : [problem]),
      el("div", { class: "proof-ways" }, ...this.ways(ways)),
    );
  }

  /** What the PIN is for. @param {Wanted} wanted @param {boolean} first Whether nothing was complained of yet. */
  question(wanted, first) {
    const { singleMax, dailyMax } = wanted.chosen;
    const limits = el("dl", { class: "allowed-facts", id: "proof-limits" }, ...this.row("single", singleMax, wanted), ...this.row("daily", dailyMax, wanted));
    return first ? [limits, el("p", { class: "quiet", id: "proof-why" }, this.speech.say("allowed.pin.body"))] : [limits];
  }

  /** @param {Ways} ways */
  newPad({ onPin, announce }) {
    const say = this.speech.say.bind(this.speech);
    const words = {
      label: say("pin.label"),
      keys: say("pin.keys"),
      erase: say("pin.erase"),
      submit: say("allowed.save"),
      progress: (/** @type {number} */ entered) => say("pin.progress", { entered }),
    };
    return new PinPad(words, { describedBy: "proof-heading proof-limits proof-why", onPin, announce });
  }

  /** The ways without a PIN. @param {Ways} ways */
  ways({ onChange, onKeep }) {
    const button = (/** @type {string} */ name, /** @type {string} */ words, /** @type {() => void} */ press) =>
      el("button", { class: "button quiet-button", type: "button", "data-do": name, onclick: press }, words);
    if (!this.pad) return [button("keep", this.speech.say("page.back"), onKeep)];
    return [button("change", this.speech.say("allowed.edit"), onChange), button("keep", this.speech.say("allowed.keep"), onKeep)];
  }

  /** @param {"single" | "daily"} which @param {string | undefined} major @param {Wanted} wanted */
  row(which, major, { currency, exponent }) {
    const { speech } = this;
    const minor = major === undefined ? null : minorUnits(major, exponent);
    const amount = minor === null ? "" : showMoney({ currency, value: String(minor), exponent }, speech.locale);
    return [el("dt", {}, speech.say(`limit.${which}.short`)), el("dd", {}, amount ? speech.say("limit.upto", { amount }) : speech.say("limit.none"))];
  }

  /** @param {number | null} left */
  complaint(left) {
    if (left === null) return "";
    if (left <= 0) return this.speech.say("allowed.pin.locked");
    return left === 1 ? this.speech.say("pin.wrong.one") : this.speech.say("pin.wrong.other", { left });
  }

  /** The same step in another language: what was typed and the focus stay. @param {Proof} before */
  hold({ pad }) {
    if (!pad || !this.pad) return;
    this.pad.hold(pad.field.value);
    pad.clear();
  }

  /** Where a person goes on; all of it comes into sight. */
  focus() {
    this.element.scrollIntoView({ block: "nearest" });
    if (this.pad) this.pad.focus();
    else /** @type {HTMLElement | null} */ (this.element.querySelector("h4"))?.focus();
  }
}
