/**
 * The PIN pad. One real password field stands behind the six dots, so typing, paste, Backspace and screen readers work
 * as they do everywhere; the buttons put digits into the same field. The PIN lives in the field's value only, never in
 * an attribute, and is gone once it is taken.
 */

import { el, icon } from "./dom.js";

export const PIN_LENGTH = 6;

/**
 * @typedef {object} PadWords
 * @property {string} label
 * @property {string} keys
 * @property {string} erase
 * @property {string} submit
 * @property {(entered: number) => string} progress
 */

export class PinPad {
  /**
   * @param {PadWords} words
   * @param {{describedBy?: string, onPin: (pin: string) => void, announce: (text: string) => void}} options
   */
  constructor(words, { describedBy, onPin, announce }) {
    this.words = words;
    this.onPin = onPin;
    this.announce = announce;
    this.field = /** @type {HTMLInputElement} */ (
      el("input", {
        class: "pin-field",
        id: "pin",
        type: "password",
        inputmode: "none",
        autocomplete: "off",
        pattern: "[0-9]*",
        "aria-describedby": describedBy,
        oninput: () => this.changed(),
      })
    );
    this.dots = Array.from({ length: PIN_LENGTH }, () => el("span", { class: "dot" }));
    this.pay = /** @type {HTMLButtonElement} */ (el("button", { class: "button primary", type: "submit" }, words.submit));
    this.element = el(
      "form",
      { class: "pad", novalidate: true, autocomplete: "off", onsubmit: (event) => this.submit(event), onkeydown: (event) => this.typed(/** @type {KeyboardEvent} */ (event)) },
      el("label", { class: "pad-label", for: "pin" }, words.label),
      el("div", { class: "pin-box" }, this.field, el("div", { class: "dots", "aria-hidden": "true" }, ...this.dots)),
      this.keys(),
      this.pay,
    );
    this.changed();
  }

  keys() {
    const digits = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "", "0"].map((digit) =>
      digit
        ? el("button", { class: "key", type: "button", onclick: () => this.add(digit) }, digit)
        : el("span", { class: "key-gap" }),
    );
    const erase = el("button", { class: "key key-erase", type: "button", "aria-label": this.words.erase, onclick: () => this.erase() }, icon("delete"));
    return el("div", { class: "keys", role: "group", "aria-label": this.words.keys }, ...digits, erase);
  }

  /** @param {string} digit */
  add(digit) {
    this.field.value += digit;
    this.changed();
    this.speak();
  }

  erase() {
    this.field.value = this.field.value.slice(0, -1);
    this.changed();
    this.speak();
  }

  /** Buttons say how far one is, as the field itself does when one types into it. */
  speak() {
    this.announce(this.words.progress(this.field.value.length));
  }

  /**
   * A digit typed while a button of the pad has the focus goes to the field, and so does the focus: the next Enter pays.
   * @param {KeyboardEvent} event
   */
  typed(event) {
    if (event.target === this.field || event.ctrlKey || event.metaKey || event.altKey) return;
    if (/^[0-9]$/.test(event.key)) this.add(event.key);
    else if (event.key === "Backspace") this.erase();
    else return;
    event.preventDefault();
    this.focus();
  }

  changed() {
    const digits = this.field.value.replace(/\D/g, "").slice(0, PIN_LENGTH);
    if (digits !== this.field.value) this.field.value = digits;
    this.dots.forEach((dot, index) => dot.classList.toggle("filled", index < digits.length));
    this.pay.setAttribute("aria-disabled", String(digits.length < PIN_LENGTH));
  }

  /** @param {Event} event */
  submit(event) {
    event.preventDefault();
    const pin = this.field.value;
    if (pin.length < PIN_LENGTH) {
      this.speak();
      this.field.focus();
      return;
    }
    this.clear();
    this.onPin(pin);
  }

  clear() {
    this.hold("");
  }

  /**
   * Takes over what was typed, for instance into the pad that stood here in another language.
   * @param {string} pin
   */
  hold(pin) {
    this.field.value = pin;
    this.changed();
  }

  focus() {
    this.field.focus({ preventScroll: true });
  }
}
