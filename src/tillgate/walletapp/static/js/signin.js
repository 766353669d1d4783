/** The wallet's sign-in: whose wallet, and the PIN. It says what the server answered and keeps nothing. */

import { NetworkLost, askDoor } from "/static/cashier/js/doors.js";
import { el } from "/static/cashier/js/dom.js";
import { PinPad } from "/static/cashier/js/pad.js";
import { chosenPayer, payerList } from "/static/cashier/js/payers.js";

/** @typedef {import("./webview.js").Speech} Speech */
/** @typedef {{id: string, name: string, about: string}} Choice */
/** @typedef {{id: string, name: string, balance: import("/static/cashier/js/money.js").Money | null}} Payer */

export class SignIn {
  /**
   * @param {Speech} speech
   * @param {readonly Choice[]} payers
   * @param {{onSignedIn: (payer: Payer) => void, announce: (text: string) => void, problem: HTMLElement}} wallet
   */
  constructor(speech, payers, wallet) {
    this.speech = speech;
    this.payers = payers;
    this.wallet = wallet;
    this.chosen = "";
    this.busy = false;
    /** @type {PinPad | null} */
    this.pad = null;
    /** @type {(() => string) | null} Why the server refused, in the present language. */
    this.complaint = null;
    this.element = el("section", { class: "signin" });
    this.draw();
  }

  draw() {
    this.wallet.problem.textContent = "";
    document.body.append(this.wallet.problem);
    const payer = this.payers.find((each) => each.id === this.chosen);
    const lead = payer ? null : el("p", { class: "quiet" }, this.speech.say("signin.lead"));
    const head = el("div", { class: "signin-head" }, el("h2", { tabindex: "-1" }, this.speech.say("signin.heading")), lead);
    this.element.replaceChildren(head, ...(payer ? this.pinStep(payer) : this.choiceStep()));
  }

  /** The same step in another language: what was typed, the focus and a complaint stay. */
  translate() {
    const before = this.pad?.field;
    const focused = before !== undefined && document.activeElement === before;
    this.draw();
    if (before) this.pad?.hold(before.value);
    if (focused) this.pad?.focus();
    if (this.complaint) this.showComplaint();
  }

  /** @param {string} id */
  choose(id) {
    this.chosen = id;
    this.complaint = null;
    this.draw();
    if (id) this.pad?.focus();
    else /** @type {HTMLElement | null} */ (this.element.querySelector("h2"))?.focus();
  }

  choiceStep() {
    this.pad = null;
    const label = this.speech.say("signin.choose");
    const list = payerList(this.payers, { language: this.speech.language, label, onChoose: (id) => this.choose(id) });
    return [list, el("p", { class: "hint" }, this.speech.say("signin.hint"))];
  }

  /** @param {Choice} payer */
  pinStep(payer) {
    const say = this.speech.say.bind(this.speech);
    const words = {
      label: say("pin.label"),
      keys: say("pin.keys"),
      erase: say("pin.erase"),
      submit: say("signin.submit"),
      progress: (/** @type {number} */ entered) => say("pin.progress", { entered }),
    };
    this.pad = new PinPad(words, { onPin: (pin) => this.send(pin), announce: this.wallet.announce });
    const account = chosenPayer(payer, { change: say("signin.change"), onChange: () => this.choose("") });
    return [account, el("p", { class: "hint" }, say("signin.hint")), this.pad.element];
  }

  /** @param {string} pin */
  async send(pin) {
    if (this.busy) return;
    this.busy = true;
    this.element.classList.add("sending");
    this.wallet.announce(this.speech.say("signin.busy"));
    try {
      const { status, body } = await askDoor("/wallet/session", { method: "POST", body: { payer: this.chosen, pin } });
      if (status === 200) this.wallet.onSignedIn(body.payer);
      else this.complain(() => this.refusal(status, body));
    } catch (reason) {
      if (!(reason instanceof NetworkLost)) throw reason;
      this.complain(() => this.speech.say("signin.lost"));
    } finally {
      this.busy = false;
      this.element.classList.remove("sending");
    }
  }

  /** @param {number} status @param {any} body */
  refusal(status, body) {
    if (body?.triesLeft === 1) return this.speech.say("pin.wrong.one");
    if (body?.triesLeft > 1) return this.speech.say("pin.wrong.other", { left: body.triesLeft });
    if (/^USER_STATUS_ABNORMAL/.test(body?.memo ?? "") || body?.triesLeft === 0) return this.speech.say("signin.locked");
    if (status >= 500 || status === 429) return this.speech.say("signin.lost");
    return this.speech.say("signin.refused", { memo: body?.memo ?? "" });
  }

  /** @param {() => string} complaint */
  complain(complaint) {
    this.complaint = complaint;
    this.showComplaint();
    this.pad?.focus();
  }

  showComplaint() {
    this.element.querySelector(".pin-box")?.before(this.wallet.problem);
    this.wallet.problem.textContent = this.complaint?.() ?? "";
    this.pad?.field.setAttribute("aria-invalid", "true");
  }
}
