/**
 * Whom the cashier reports to: the wallet that shows it over a page (its parent, same origin), or the page whose bridge
 * opened it in a window (its opener, at the origin the bridge named in the address's fragment). Messages go to that
 * exact origin with the nonce of the call, and carry the result only. With neither, the page stands alone.
 */

/** @typedef {{resultCode: string, memo: string, returnUrl?: string}} Result */
/** @typedef {"overlay" | "window" | "bare"} Mode */

export class Host {
  constructor() {
    const named = new URLSearchParams(location.hash.replace(/^#\??/, ""));
    const framed = window.parent !== window;
    this.nonce = named.get("nonce") ?? "";
    this.origin = framed ? location.origin : (named.get("origin") ?? "");
    /** @type {Window | null} */
    this.listener = framed ? window.parent : window.opener;
    /** @type {Mode} */
    this.mode = framed ? "overlay" : this.listener && this.nonce && /^https?:\/\//.test(this.origin) ? "window" : "bare";
  }

  /** A bridge opened this window, but the browser cut the two apart: it has told its page that nothing was paid. */
  get severed() {
    return this.mode === "bare" && this.nonce !== "";
  }

  /**
   * @param {"open" | "confirming" | "final" | "close"} type `confirming` says that a payment may be under way: from
   *   then on a closed view is asked about, never taken for "stopped".
   * @param {Result} [result]
   */
  tell(type, result) {
    if (this.mode === "bare") return;
    this.listener?.postMessage({ tillgate: "cashier", nonce: this.nonce, type, ...(result ? { result } : {}) }, this.origin);
  }

  close() {
    this.tell("close");
    if (this.mode === "window") window.close();
  }
}
