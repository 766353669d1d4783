/**
 * One payment in the wallet: hands the order to the gateway (wallet form of trade-pay, with the payer's session), shows
 * the cashier over the page, and ends with exactly one result. It does not know what an order holds. What must hold:
 * every try carries the same callId; a payment that may be under way is asked about before it is called stopped.
 */

import { NetworkLost, askDoor, pause } from "/static/cashier/js/doors.js";

const ASK_PAUSES_MS = [400, 1200, 3000];
const SETTLE_PAUSES_MS = [1000, 2000, 3000, 4000];

/** @typedef {{resultCode: string, memo: string, returnUrl?: string}} Result */
/** @typedef {{orderStr: string, version?: string, callId: string}} Order */
/** @typedef {{open: (url: string) => HTMLIFrameElement, close: () => void}} Sheet */

/** @param {string} resultCode @param {string} memo @returns {Result} */
const result = (resultCode, memo) => ({ resultCode, memo });

export class Payment {
  /**
   * @param {Order} order
   * @param {{pageOrigin: string, sheet: Sheet, onSignedOut: () => void}} place
   */
  constructor(order, { pageOrigin, sheet, onSignedOut }) {
    this.order = order;
    this.pageOrigin = pageOrigin;
    this.sheet = sheet;
    this.onSignedOut = onSignedOut;
    this.confirming = false;
    /** @type {Result | null} */
    this.final = null;
    /** @type {() => void} */
    this.leave = () => {};
    /** @type {Promise<void>} Settled when the cashier's sheet is done, for whichever reason. */
    this.left = new Promise((resolve) => (this.leave = resolve));
  }

  /** @returns {Promise<Result>} */
  async run() {
    const answer = await this.ask(ASK_PAUSES_MS, (body) => body === null);
    if (answer === null) return result("6002", "NETWORK_ERROR: The gateway cannot be reached. Query the order before paying again.");
    if (answer.resultCode) return answer;
    const url = new URL(answer.cashierUrl, location.href);
    if (url.origin !== location.origin) return result("6005", "SYSTEM_ERROR: The cashier's address is not the wallet's.");
    await this.showCashier(url);
    return this.settle();
  }

  /** The wallet closes the view (or the page under it has gone). */
  stop() {
    this.leave();
  }

  /** @param {URL} url */
  async showCashier(url) {
    const nonce = crypto.randomUUID();
    const frame = this.sheet.open(`${url.href}#origin=${encodeURIComponent(location.origin)}&nonce=${nonce}`);
    const hear = (/** @type {MessageEvent} */ event) => {
      const said = event.data;
      if (event.source !== frame.contentWindow || event.origin !== location.origin) return;
      if (said?.tillgate !== "cashier" || said.nonce !== nonce) return;
      if (said.type === "confirming") this.confirming = true;
      if (said.type === "open") this.confirming = false;
      if (said.type === "final") this.final = said.result;
      if (said.type === "close") this.leave();
    };
    addEventListener("message", hear);
    await this.left;
    removeEventListener("message", hear);
    this.sheet.close();
  }

  /** The sheet is gone: its last word counts, else the gateway's record of this very call. */
  async settle() {
    if (this.final) return this.final;
    const answer = this.confirming
      ? await this.ask(SETTLE_PAUSES_MS, (body) => !body?.resultCode)
      : await this.ask([600], (body) => body === null);
    if (answer?.resultCode) return answer;
    if (this.confirming) return result("8000", "SYSTEM_ERROR: The payment was under way when the wallet closed the view. Query the order.");
    return result("7001", "USER_CLOSED: The wallet closed the view before the payment was confirmed.");
  }

  /**
   * @param {number[]} pauses
   * @param {(body: any) => boolean} again Whether this answer is worth another try.
   * @returns {Promise<any>} The gateway's answer, or null when there was none.
   */
  async ask(pauses, again) {
    for (const wait of [...pauses, null]) {
      const body = await this.askOnce();
      if (!again(body) || wait === null) return body;
      await pause(wait);
    }
  }

  async askOnce() {
    try {
      const { status, body } = await askDoor("/cashier/trade-pay", {
        method: "POST",
        body: this.order,
        headers: { "X-Tillgate-Page-Origin": this.pageOrigin },
      });
      if (status === 401) {
        this.onSignedOut();
        return result("7001", "USER_CLOSED: The wallet's session has ended. Sign in and pay again.");
      }
      if (status >= 500 || status === 429) return null;
      if (body?.cashierUrl || body?.resultCode) return body;
      return result("6005", `SYSTEM_ERROR: The gateway answered with HTTP ${status} and no result.`);
    } catch (reason) {
      if (reason instanceof NetworkLost) return null;
      throw reason;
    }
  }
}
