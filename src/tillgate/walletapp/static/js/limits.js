/**
 * Two limits that a person sets: the most one payment may be, and the most a day may come to. A few suggestions, none, or
 * an amount of one's own, typed as people write it. It checks what can be checked without the server, which checks again;
 * amounts stay text and never become floating-point numbers.
 */

import { el } from "/static/cashier/js/dom.js";
import { showMoney } from "/static/cashier/js/money.js";

/** @typedef {"single" | "daily"} Which */
/** @typedef {{singleMax?: string, dailyMax?: string}} Chosen Major units, as the door takes them; what is absent has no limit. */
/** @typedef {{currency: string, exponent: number}} Unit */
/**
 * @typedef {object} LimitWords
 * @property {Record<Which, string>} legend
 * @property {string} none
 * @property {string} other
 * @property {string} amount
 * @property {Record<"form" | "order", string>} fault
 */

const NONE = "none";
const OTHER = "other";
/** Roughly what a hundred Hong Kong dollars are, where that is not a hundred. */
/** @type {Record<string, number>} */
const HUNDRED = { USD: 20, EUR: 20, GBP: 20, AUD: 20, CAD: 20, SGD: 20, CHF: 20, MYR: 50, BHD: 5, KWD: 5, THB: 500, PHP: 500, JPY: 2000, KRW: 20_000, IDR: 200_000, VND: 300_000 };
/** @type {Record<Which, readonly number[]>} */
const TIMES = { single: [1, 5, 10], daily: [5, 10, 30] };
/** @type {Record<Which, number>} */
const USUAL = { single: 5, daily: 10 };

export class Limits {
  /**
   * @param {LimitWords} words
   * @param {Unit & {locale: string, chosen?: Chosen | null, onChange?: () => void}} options What stands already; null or absent for the usual.
   */
  constructor(words, { currency, exponent, locale, chosen = null, onChange = () => {} }) {
    this.words = words;
    this.unit = { currency, exponent };
    this.locale = locale;
    this.onChange = onChange;
    /** @type {{which: Which, fault: "form" | "order"} | null} What is wrong with what is chosen, as far as it was said. */
    this.wrong = null;
    this.problem = el("p", { class: "limit-problem", role: "alert", id: "limit-problem" });
    this.groups = {
      single: this.group("single", chosen ? (chosen.singleMax ?? NONE) : this.usual("single")),
      daily: this.group("daily", chosen ? (chosen.dailyMax ?? NONE) : this.usual("daily")),
    };
    this.element = el("div", { class: "limits" }, this.groups.single, this.groups.daily, this.problem);
  }

  /** @param {Which} which */
  usual(which) {
    return String((HUNDRED[this.unit.currency] ?? 100) * USUAL[which]);
  }

  /** @param {Which} which @param {string} value */
  group(which, value) {
    const suggested = TIMES[which].map((times) => String((HUNDRED[this.unit.currency] ?? 100) * times));
    const minor = value === NONE ? null : minorUnits(value, this.unit.exponent);
    const at = suggested.find((each) => minorUnits(each, this.unit.exponent) === minor) ?? (minor === null ? NONE : OTHER);
    const field = /** @type {HTMLInputElement} */ (
      el("input", {
        class: "limit-field",
        type: "text",
        inputmode: "decimal",
        autocomplete: "off",
        name: `${which}-amount`,
        "aria-label": `${this.words.legend[which]}: ${this.words.amount}`,
        maxlength: "16",
        oninput: () => this.changed(),
      })
    );
    if (at === OTHER) field.value = value;
    const own = el("div", { class: "limit-own" }, el("span", { "aria-hidden": "true" }, this.unit.currency), field);
    own.hidden = at !== OTHER;
    const choose = (/** @type {Event} */ event) => {
      own.hidden = /** @type {HTMLInputElement} */ (event.target).value !== OTHER;
      this.changed();
    };
    const chips = [...suggested.map((each) => [each, this.shown(each)]), [OTHER, this.words.other], [NONE, this.words.none]].map(([each = "", text = ""]) =>
      el("label", { class: "chip" }, el("input", { type: "radio", name: which, value: each, checked: each === at, onchange: choose }), el("span", {}, text)),
    );
    return el("fieldset", { class: "limit", "data-limit": which }, el("legend", {}, this.words.legend[which]), el("div", { class: "chips" }, ...chips), own);
  }

  changed() {
    this.wrong = null;
    this.problem.textContent = "";
    for (const field of this.element.querySelectorAll(".limit-field")) field.removeAttribute("aria-invalid");
    this.onChange();
  }

  /** A whole amount without its empty minor units: HK$500. @param {string} major */
  shown(major) {
    const { currency, exponent } = this.unit;
    const shown = showMoney({ currency, value: String(minorUnits(major, exponent) ?? 0n), exponent }, this.locale);
    return exponent ? shown.replace(new RegExp(`[.,]0{${exponent}}(?!\\d)`), "") : shown;
  }

  /** @param {Which} which @returns {string | null} What is chosen, in major units; null for no limit, "" for nothing yet. */
  value(which) {
    const group = this.groups[which];
    const at = /** @type {HTMLInputElement | null} */ (group.querySelector("input[type=radio]:checked"))?.value ?? NONE;
    if (at === NONE) return null;
    if (at !== OTHER) return at;
    const typed = /** @type {HTMLInputElement} */ (group.querySelector(".limit-field")).value;
    return typed.normalize("NFKC").replace(/[\s,]/g, "");
  }

  /** Takes over what stands in another pair of limits, for instance in another language. @param {Limits} before */
  hold(before) {
    for (const which of /** @type {const} */ (["single", "daily"])) {
      const [from, to] = [before.groups[which], this.groups[which]];
      const at = /** @type {HTMLInputElement | null} */ (from.querySelector("input[type=radio]:checked"))?.value;
      for (const radio of /** @type {NodeListOf<HTMLInputElement>} */ (to.querySelectorAll("input[type=radio]"))) radio.checked = radio.value === at;
      const field = /** @type {HTMLInputElement} */ (to.querySelector(".limit-field"));
      field.value = /** @type {HTMLInputElement} */ (from.querySelector(".limit-field")).value;
      /** @type {HTMLElement} */ (field.parentElement).hidden = at !== OTHER;
    }
    if (before.wrong) this.say(before.wrong);
  }

  /** @returns {Chosen | null} What is chosen, or null when something is wrong with it, which then stands beside it. */
  read() {
    const [single, daily] = [this.value("single"), this.value("daily")];
    for (const [which, text] of /** @type {[Which, string | null][]} */ ([["single", single], ["daily", daily]])) {
      if (text !== null && !((minorUnits(text, this.unit.exponent) ?? 0n) > 0n)) return this.complain(which, "form");
    }
    const [one, day] = [single, daily].map((text) => (text === null ? null : minorUnits(text, this.unit.exponent)));
    if (one != null && day != null && day < one) return this.complain("daily", "order");
    return { ...(single === null ? {} : { singleMax: single }), ...(daily === null ? {} : { dailyMax: daily }) };
  }

  /** @param {Which} which @param {"form" | "order"} fault @returns {null} */
  complain(which, fault) {
    this.say({ which, fault })?.focus({ preventScroll: true });
    this.problem.scrollIntoView({ block: "nearest" });
    return null;
  }

  /**
   * Puts the fault beside what is wrong.
   * @param {{which: Which, fault: "form" | "order"}} wrong
   * @returns {HTMLElement | null} Where it is put right.
   */
  say(wrong) {
    const group = this.groups[wrong.which];
    this.wrong = wrong;
    group.append(this.problem);
    this.problem.textContent = this.words.fault[wrong.fault];
    const field = /** @type {HTMLInputElement} */ (group.querySelector(".limit-field"));
    const own = /** @type {HTMLElement} */ (field.parentElement);
    const place = own.hidden ? /** @type {HTMLElement | null} */ (group.querySelector("input:checked")) : field;
    if (!own.hidden) field.setAttribute("aria-invalid", "true");
    place?.setAttribute("aria-describedby", this.problem.id);
    return place;
  }
}

/**
 * @param {string} major
 * @param {number} exponent
 * @returns {bigint | null} Null when it is no amount of this currency.
 */
export function minorUnits(major, exponent) {
  const found = /^(\d{1,10})(?:\.(\d{1,4}))?$/.exec(major);
  if (!found || (found[2] ?? "").length > exponent) return null;
  return BigInt(found[1] + (found[2] ?? "").padEnd(exponent, "0"));
}

/**
 * The text a limit is written as, from the money the server tells.
 * @param {{value: string, exponent?: number} | null} money
 */
export function majorUnits(money) {
  if (!money) return undefined;
  const exponent = money.exponent ?? 2;
  const digits = money.value.padStart(exponent + 1, "0");
  const fraction = digits.slice(digits.length - exponent);
  return digits.slice(0, digits.length - exponent) + (exponent && /[1-9]/.test(fraction) ? `.${fraction}` : "");
}

/**
 * The words of the limits, from a page's dictionary.
 * @param {import("./webview.js").Speech} speech
 * @returns {LimitWords}
 */
export const limitWords = (speech) => ({
  legend: { single: speech.say("limit.single"), daily: speech.say("limit.daily") },
  none: speech.say("limit.none"),
  other: speech.say("limit.other"),
  amount: speech.say("limit.amount"),
  fault: { form: speech.say("limit.fault.form"), order: speech.say("limit.fault.order") },
});
