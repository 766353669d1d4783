/**
 * The live story: each message as it was sent, what was checked, the ledger entry as a small double-entry table, the
 * notification and its acknowledgement. Sales stand newest first, the steps of a sale in the order they happened. It
 * shows what the server tells and concludes nothing; a step that comes again after a reconnect is shown once.
 */

import { el, icon } from "/static/cashier/js/dom.js";
import { showMoney } from "/static/cashier/js/money.js";

const SALES_KEPT = 20;
const BEGINNINGS = ["order_signed", "signature_checked"];
const MAJOR_UNITS = /^(\d+)(?:\.(\d+))? ([A-Z]{3})$/; // As in 10.00 HKD.
const FACT_CHARACTERS = 80; // Longer ones are folded away, as messages are.

/** @typedef {import("./webview.js").Speech} Speech */
/** @typedef {import("/static/cashier/js/money.js").Money} Money */
/** @typedef {{source: string, destination: string, amount: Money}} Posting */
/** @typedef {{id: string, at: string, kind: string, title: string, summary: string, merchantTransId: string | null, detail: Record<string, any>, raw: string | null, verdict: "ok" | "bad" | "info"}} Step */
/** @typedef {Map<string, string>} Facts What a sale's steps told so far, by name: the same is not told twice running. */
/** @typedef {{steps: Step[], element: HTMLDetailsElement, list: HTMLElement, name: HTMLElement, standing: HTMLElement, told: Facts}} Sale */

export class Story {
  /**
   * @param {Speech} speech
   * @param {HTMLElement} place
   * @param {{onStep: (step: Step, live: boolean) => void}} wallet
   */
  constructor(speech, place, { onStep }) {
    this.speech = speech;
    this.onStep = onStep;
    /** @type {Map<string, Sale>} */
    this.sales = new Map();
    /** @type {Set<string>} */
    this.seen = new Set();
    /** @type {Set<string>} */
    this.gone = new Set();
    this.connected = false;
    this.openedAt = Date.now();
    this.heading = el("h2", { id: "story-heading" });
    this.lead = el("p", { class: "story-lead quiet" });
    this.pulse = el("span", { class: "pulse" });
    this.empty = el("p", { class: "story-empty" });
    this.list = el("div", { class: "sales" });
    place.append(el("header", { class: "story-title" }, this.heading, this.pulse), this.lead, this.empty, this.list);
    this.dress();
  }

  listen() {
    const source = new EventSource("/wallet/story");
    source.addEventListener("open", () => this.setConnected(true));
    source.addEventListener("error", () => this.setConnected(false));
    source.addEventListener("step", (event) => this.add(JSON.parse(event.data)));
  }

  /** @param {boolean} connected */
  setConnected(connected) {
    this.connected = connected;
    this.pulse.classList.toggle("live", connected);
    this.pulse.textContent = this.speech.say(connected ? "story.live" : "story.waiting");
  }

  /** @param {Step} step */
  add(step) {
    if (this.seen.has(step.id)) return;
    this.seen.add(step.id);
    const sale = this.sale(step);
    if (!sale) return;
    sale.steps.push(step);
    const shown = stepItem(this.speech, step, sale.told);
    sale.list.append(shown);
    this.nameSale(step.merchantTransId ?? "", sale);
    const live = Date.parse(step.at) > this.openedAt - 1000;
    if (live && sale.element.open) shown.scrollIntoView({ block: "nearest" });
    this.empty.hidden = true;
    this.onStep(step, live);
  }

  /**
   * The sale a step belongs to. One whose beginning is not told here, an old order that expires for instance, is never
   * taken for the newest; one that had to make room stays away.
   * @param {Step} step
   * @returns {Sale | null}
   */
  sale({ merchantTransId, kind }) {
    const number = merchantTransId ?? "";
    if (this.gone.has(number)) return null;
    const known = this.sales.get(number);
    if (known) return known;
    const name = el("span", { class: "sale-name" });
    const standing = el("span", { class: "sale-standing" });
    const list = el("ol", { class: "steps" });
    const element = /** @type {HTMLDetailsElement} */ (el("details", { class: "sale" }, el("summary", {}, name, standing), list));
    /** @type {Sale} */
    const sale = { steps: [], element, list, name, standing, told: new Map() };
    if (number && BEGINNINGS.includes(kind)) this.openNewest(element);
    else this.list.insertBefore(element, (number && this.sales.get("")?.element) || null); // What belongs to no sale stands last.
    this.sales.set(number, sale);
    this.nameSale(number, sale);
    const oldest = [...this.sales.keys()].find((each) => each !== "");
    if (this.sales.size > SALES_KEPT && oldest !== undefined) {
      this.sales.get(oldest)?.element.remove();
      this.sales.delete(oldest);
      this.gone.add(oldest);
    }
    return sale;
  }

  /** @param {HTMLDetailsElement} element */
  openNewest(element) {
    for (const each of this.sales.values()) each.element.open = false;
    element.open = true;
    this.list.prepend(element);
  }

  /** @param {string} number @param {Sale} sale */
  nameSale(number, sale) {
    sale.name.textContent = number ? this.speech.say("story.sale", { number }) : this.speech.say("story.other");
    const told = sale.steps.filter((step) => step.kind === "acquirement").at(-1)?.detail;
    if (!number || !told) return;
    const amount = told.amount?.currency ? showMoney(told.amount, this.speech.locale) : null;
    sale.standing.replaceChildren(...(amount ? [el("span", {}, amount)] : []), el("span", { class: "state", lang: "en", "data-state": String(told.state) }, String(told.state)));
  }

  /** The words again, for instance in another language. */
  dress() {
    this.heading.textContent = this.speech.say("story.heading");
    this.lead.textContent = this.speech.say("story.lead");
    this.empty.textContent = this.speech.say("story.empty");
    this.setConnected(this.connected);
    for (const [number, sale] of this.sales) {
      this.nameSale(number, sale);
      sale.told.clear();
      sale.list.replaceChildren(...sale.steps.map((step) => stepItem(this.speech, step, sale.told)));
    }
  }
}

/** @type {Record<Step["verdict"], keyof typeof import("/static/cashier/js/dom.js").ICONS>} */
const MARKS = { ok: "check", bad: "cross", info: "dot" };

/** @param {Speech} speech @param {Step} step @param {Facts} before */
function stepItem(speech, step, before) {
  const { postings, ...facts } = step.detail ?? {};
  const asked = typeof facts.function === "string" ? facts.function.replace(/^alipay\.intl\./, "") : "";
  const key = /** @type {keyof typeof import("../locales/en.js").en} */ (step.kind === "function_called" ? `call.${asked}` : `kind.${step.kind}`);
  const known = key in speech.dictionaries.en;
  const verdict = step.verdict in MARKS ? step.verdict : "info";
  const time = new Date(step.at);
  const clock = new Intl.DateTimeFormat(speech.locale, { hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3, hourCycle: "h23" });
  return el(
    "li",
    { class: `step verdict-${verdict}`, "data-kind": step.kind },
    el("span", { class: "mark" }, icon(MARKS[verdict]), el("span", { class: "visually-hidden" }, speech.say(`verdict.${verdict}`))),
    el(
      "div",
      { class: "step-body" },
      el("div", { class: "step-head" }, known ? el("h3", {}, speech.say(key)) : el("h3", { lang: "en" }, step.title), el("time", { datetime: step.at }, Number.isNaN(time.valueOf()) ? step.at : clock.format(time))),
      el("p", { lang: "en" }, step.summary),
      ...factList(speech, facts, { step, before }),
      Array.isArray(postings) ? postingTable(speech, postings) : null,
      step.raw ? foldedText(speech, speech.say("story.raw"), step.raw) : null,
    ),
  );
}

/**
 * The details of a step, but for those that its sentence, its message, the sale's name or a step before says already.
 * Long ones are folded.
 * @param {Speech} speech
 * @param {Record<string, any>} facts
 * @param {{step: Step, before: Facts}} told
 * @returns {(Node | null)[]}
 */
function factList(speech, facts, { step, before }) {
  const shown = (/** @type {any} */ value) => {
    if (typeof value?.currency === "string" && typeof value.value === "string") return showMoney(value, speech.locale);
    const money = typeof value === "string" && MAJOR_UNITS.exec(value);
    if (money) return showMoney({ currency: money[3] ?? "", value: `${money[1]}${money[2] ?? ""}`, exponent: money[2]?.length ?? 0 }, speech.locale);
    return typeof value === "object" ? JSON.stringify(value, null, 2) : String(value);
  };
  const said = (/** @type {any} */ value) => value === null || value === "" || value === step.raw || value === step.merchantTransId || (typeof value === "string" && step.summary.includes(value));
  const told = Object.entries(facts)
    .map(([name, value]) => ({ name, value, text: shown(value), again: before.get(name) === shown(value) }))
    .filter(({ value, again }) => !said(value) && !again);
  for (const [name, value] of Object.entries(facts)) before.set(name, shown(value));
  const rows = told.filter(({ text }) => text.length <= FACT_CHARACTERS).flatMap(({ name, text }) => [el("dt", {}, name), el("dd", {}, text)]);
  const folded = told.filter(({ text }) => text.length > FACT_CHARACTERS).map(({ name, text }) => foldedText(speech, name, text));
  return [rows.length ? el("dl", { class: "facts", lang: "en" }, ...rows) : null, ...folded];
}

/** @param {Speech} speech @param {Posting[]} postings */
function postingTable(speech, postings) {
  const head = el("tr", {}, ...["story.from", "story.to"].map((key) => el("th", { scope: "col" }, speech.say(/** @type {"story.from"} */ (key)))), el("th", { scope: "col", class: "number" }, speech.say("story.amount")));
  const rows = postings.map(({ source, destination, amount }) =>
    el("tr", {}, account(source), account(destination), el("td", { class: "number" }, showMoney(amount, speech.locale))),
  );
  return el("table", { class: "postings" }, el("caption", { class: "visually-hidden" }, speech.say("story.postings")), el("thead", {}, head), el("tbody", {}, ...rows));
}

/**
 * An account's name may break after each colon.
 * @param {string} name
 */
function account(name) {
  const parts = name.split(":").flatMap((part, index) => (index ? [":", el("wbr"), part] : [part]));
  return el("td", { lang: "en" }, ...parts);
}

/** @param {Speech} speech @param {string} name @param {string} raw */
function foldedText(speech, name, raw) {
  const size = new TextEncoder().encode(raw).length;
  const copy = el("button", { class: "copy", type: "button" }, icon("copy"), speech.say("story.copy"));
  copy.addEventListener("click", async () => {
    await navigator.clipboard.writeText(raw);
    copy.replaceChildren(icon("check"), speech.say("story.copied"));
  });
  return el(
    "details",
    { class: name === speech.say("story.raw") ? "raw folded" : "folded" },
    el("summary", {}, `${name} · ${size} B`),
    el("div", { class: "folded-box" }, el("pre", { tabindex: "0", lang: "en" }, raw), copy),
  );
}
