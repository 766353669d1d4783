/*
 * The bridge: the object a merchant's page calls (AlipayJSBridge, and my.tradePay as its twin).
 *
 * It decides which way a call goes: inside the wallet's web view every call is handed to the wallet by postMessage; in a
 * browser that a wallet drives, a payment is handed to that wallet; on a page with no wallet around it, a payment uses
 * the page form of trade-pay and the cashier opens in a window of its own. It does not know who pays, whether an order is
 * valid, or what the wallet shows.
 *
 * What must always hold: a callback fires exactly once, whatever happens; resultCode is a string; messages are only
 * taken from the exact origin and window they were asked of, with the nonce of their call; an unknown payment is 8000,
 * never "stopped". Plain ES5, one file, no dependency, nothing inline: it works under a strict CSP.
 *
 * <script src="https://gateway.example/bridge.js"></script>   The gateway's origin is read from this address, or from
 * the attribute data-gateway="https://gateway.example" where the file is served by somebody else.
 */
(function (window, document) {
  "use strict";

  if (window.AlipayJSBridge) return; // A real wallet was here first: its bridge is the one to use.

  var READY = "AlipayJSBridgeReady";
  var HELLO_EVERY_MS = 150;
  var HELLOS_MAX = 10; // To whoever frames the page: counted, not timed, for a page that is busy has not waited.
  var HELLOS_HOME_MAX = 100; // Where the browser says that it is the gateway's own page, which may be busy itself.
  var ASK_TIMEOUT_MS = 15000;
  var ASK_PAUSES_MS = [400, 1200, 3000]; // Pauses between tries of one call; afterwards the gateway counts as unreachable.
  var SETTLE_PAUSES_MS = [1000, 2000, 3000, 4000]; // How long a payment in flight is asked for once its window is gone.
  var WATCH_CLOSED_MS = 300;
  var WALLET_ACCEPT_MS = 8000; // A wallet says at once that it took a call;
  var WALLET_ANSWER_MS = 900000; // its answer may take a person's time.
  var FINAL_SHOWN_MS = 120000; // A result screen may stay open this long before the page is told anyway.

  /** @typedef {{resultCode?: string, memo?: string, error?: number, errorMessage?: string, returnUrl?: string, cashierUrl?: string}} Answer */
  /** @typedef {(result: Answer) => void} Hear */
  /** @typedef {{orderStr: string, callId: string, version?: string}} Order */
  /** @typedef {Record<string, any>} Params What a page hands over; nothing about it is known. */

  // A wallet that is no page (`tillgate wallet open`) left this before any script ran; an element may have its name.
  var phone = typeof window.tillgatePhone === "function" ? window.tillgatePhone : undefined;
  delete window.tillgatePhone;
  var script = /** @type {HTMLScriptElement} */ (document.currentScript || lastScript());
  var gateway = originOf((script && (script.getAttribute("data-gateway") || script.src)) || window.location.href);
  var session = randomId();
  var way = window.parent === window ? "alone" : "undecided";
  /** @type {(() => void)[]} */
  var waiting = []; // Calls made before it is known which way they go.
  /** @type {Record<string, Hear & {extend: () => void}>} */
  var pending = {}; // Calls handed to the wallet, by nonce.
  var paying = false;
  var ready = false;
  var startupParams = {};

  /* ---- small tools ---------------------------------------------------------------------------------------------- */

  function lastScript() {
    var all = document.getElementsByTagName("script");
    return all[all.length - 1];
  }

  /** @param {string} url @param {string} [base] */
  function absolute(url, base) {
    try {
      return new URL(url, base || document.baseURI).href;
    } catch (reason) {
      return "";
    }
  }

  /** @param {string} url */
  function originOf(url) {
    var whole = absolute(url);
    return whole ? new URL(whole).origin : "";
  }

  function randomId() {
    var bytes = new Uint8Array(16);
    window.crypto.getRandomValues(bytes);
    var text = "";
    for (var i = 0; i < bytes.length; i++) text += ("0" + Number(bytes[i]).toString(16)).slice(-2);
    return text;
  }

  /** @param {string} code @param {string} memo @returns {Answer} */
  function outcome(code, memo) {
    return { resultCode: code, memo: memo };
  }

  /** @param {string} message @returns {Answer} */
  function invalid(message) {
    return { error: 2, errorMessage: message };
  }

  /** @param {string} message @returns {Answer} */
  function pageFault(message) {
    return { resultCode: "6005", memo: "PARAM_ILLEGAL: " + message, error: 2, errorMessage: message };
  }

  /**
   * The callback of one call: whoever answers first is heard, everybody later is not.
   * @param {any} callback
   * @returns {(result: any) => void}
   */
  function once(callback) {
    var done = false;
    return function (result) {
      if (done) return;
      done = true;
      if (typeof callback !== "function") return;
      try {
        callback(result);
      } catch (reason) {
        window.setTimeout(function () { throw reason; }, 0); // The page's fault belongs in the page's console.
      }
    };
  }

  /**
   * What leaves this bridge as a payment's result: always strings, never a member the gateway did not mean to show.
   * @param {Answer} result
   */
  function tidy(result) {
    var said = result && typeof result === "object" ? result : {};
    var code = said.resultCode === undefined || said.resultCode === null ? "8000" : String(said.resultCode);
    var shown = outcome(code, said.memo ? String(said.memo) : "SYSTEM_ERROR: The answer could not be read.");
    if (said.error !== undefined) {
      shown.error = Number(said.error);
      shown.errorMessage = String(said.errorMessage || shown.memo);
    }
    return shown;
  }

  /**
   * Tell the page first; then, for a payment that is made or may be, go to the address the gateway signed.
   * @param {Hear} answer
   * @param {Answer} result
   */
  function conclude(answer, result) {
    var target = result && typeof result.returnUrl === "string" ? result.returnUrl : "";
    var shown = tidy(result);
    paying = false;
    answer(shown);
    if ((shown.resultCode === "9000" || shown.resultCode === "8000") && /^https?:\/\//i.test(target)) {
      window.setTimeout(function () { window.location.assign(target); }, 0);
    }
  }

  /* ---- asking the gateway (page form of trade-pay) --------------------------------------------------------------- */

  /**
   * One try: the gateway's answer, or null when there was none.
   * @param {Order} order
   * @param {(body: Answer | null) => void} then
   */
  function askOnce(order, then) {
    var finish = once(then);
    var request = new XMLHttpRequest();
    request.open("POST", gateway + "/cashier/trade-pay", true);
    request.timeout = ASK_TIMEOUT_MS;
    request.withCredentials = false;
    request.setRequestHeader("Content-Type", "application/json");
    request.setRequestHeader("X-Tillgate", "1");
    request.onload = function () {
      var body = null;
      try {
        body = JSON.parse(request.responseText);
      } catch (reason) {
        body = null;
      }
      if (request.status >= 500 || request.status === 429) finish(null);
      else if (body && (body.cashierUrl || body.resultCode)) finish(body);
      else finish(pageFault("The gateway answered with HTTP " + request.status + " and no result."));
    };
    request.onerror = request.ontimeout = request.onabort = function () { finish(null); };
    request.send(JSON.stringify(order));
  }

  /**
   * Tries again after each pause, always with the same callId, so that a lost answer never becomes a second payment.
   * @param {Order} order
   * @param {number[]} pauses
   * @param {(body: Answer | null) => boolean} again Whether this answer is worth another try.
   * @param {(body: Answer | null) => void} then
   */
  function ask(order, pauses, again, then) {
    askOnce(order, function (body) {
      if (!again(body) || pauses.length === 0) return then(body);
      window.setTimeout(function () { ask(order, pauses.slice(1), again, then); }, pauses[0]);
    });
  }

  /** @param {Answer | null} body */
  function lost(body) {
    return body === null;
  }

  /** @param {Answer | null} body */
  function unsettled(body) {
    return body === null || !body.resultCode;
  }

  /* ---- paying with no wallet around the page ---------------------------------------------------------------------- */

  /** @param {Params} params @returns {Order} */
  function orderOf(params) {
    /** @type {Order} */
    var order = { orderStr: params.orderStr, callId: randomId() };
    if (params.version !== undefined) order.version = params.version;
    return order;
  }

  /** @param {Params} params @param {Hear} answer */
  function payAlone(params, answer) {
    var order = orderOf(params);
    ask(order, ASK_PAUSES_MS, lost, function (body) {
      if (body === null) {
        conclude(answer, outcome("6002", "NETWORK_ERROR: The gateway cannot be reached. Query the order before paying again."));
      } else if (body.resultCode) {
        conclude(answer, body);
      } else {
        openCashier(order, String(body.cashierUrl), answer);
      }
    });
  }

  /** @param {Order} order @param {string} cashierUrl @param {Hear} answer */
  function openCashier(order, cashierUrl, answer) {
    var nonce = randomId();
    var place = absolute(cashierUrl, gateway + "/");
    var origin = originOf(place);
    /** @type {Window | null} */
    var view = null;
    var watch = 0;
    var shown = 0;
    var confirming = false;
    /** @type {Answer | null} */
    var final = null;
    var over = false;
    var sheet = makeSheet(show, give);

    if (!/^https?:/.test(place)) {
      return conclude(answer, pageFault("The gateway's cashier address could not be read."));
    }
    place += "#origin=" + encodeURIComponent(window.location.origin) + "&nonce=" + nonce;
    window.addEventListener("message", hear, false);
    show();

    /** Opens the cashier, or brings it to the front; a browser that blocks it gets a sheet that asks for one click. */
    function show() {
      if (view && !view.closed) return view.focus();
      view = window.open(place, "tillgate-" + nonce.slice(0, 8), "popup,width=430,height=800");
      sheet.say(view ? "open" : "blocked");
      if (view && !watch) watch = window.setInterval(function () { if (!view || view.closed) gone(); }, WATCH_CLOSED_MS);
    }

    /** The person presses "Not now": before a window was ever open that cancels, afterwards it closes the window. */
    function give() {
      if (!view) return end(outcome("6001", "USER_CANCELED: The buyer did not open the cashier."));
      view.close();
      gone();
    }

    /** @param {MessageEvent} event */
    function hear(event) {
      var said = event.data;
      if (event.source !== view || event.origin !== origin) return;
      if (!said || said.tillgate !== "cashier" || said.nonce !== nonce) return;
      if (said.type === "confirming") confirming = true;
      if (said.type === "open") confirming = false;
      if (said.type === "final") {
        final = said.result;
        shown = window.setTimeout(function () { end(said.result); }, FINAL_SHOWN_MS);
      }
      if (said.type === "close") {
        if (final) end(final);
        else gone();
      }
    }

    /** The window is gone. Its last word counts; else the gateway is asked what became of this very call. */
    function gone() {
      window.clearInterval(watch);
      window.setTimeout(function () { // Messages that were sent before the window closed are heard first.
        if (over) return;
        if (final) return end(final);
        ask(order, confirming ? SETTLE_PAUSES_MS : [600], confirming ? unsettled : lost, function (body) {
          if (body && body.resultCode) end(body);
          else if (confirming) end(outcome("8000", "SYSTEM_ERROR: The payment was under way when the cashier closed. Query the order."));
          else end(outcome("7001", "USER_CLOSED: The cashier window was closed before the payment was confirmed."));
        });
      }, 50);
    }

    /** @param {Answer} result */
    function end(result) {
      if (over) return;
      over = true;
      window.clearInterval(watch);
      window.clearTimeout(shown);
      window.removeEventListener("message", hear, false);
      sheet.remove();
      if (view && !view.closed) view.close();
      conclude(answer, result);
    }
  }

  /* ---- the sheet over the page ------------------------------------------------------------------------------------ */

  var WORDS = {
    en: { open: ["Finish paying in the cashier window", "It opened in a window of its own. This page goes on by itself when you are done.", "Show the cashier", "Stop paying"],
      blocked: ["One more click to pay", "Your browser held back the cashier window. Open it here to see the amount and confirm.", "Open the cashier", "Not now"] },
    hant: { open: ["請在收銀台視窗完成付款", "收銀台已在另一視窗開啟。完成後，本頁會自動繼續。", "顯示收銀台", "停止付款"],
      blocked: ["再按一下即可付款", "瀏覽器攔住了收銀台視窗。請在此開啟，查看金額並確認。", "開啟收銀台", "暫不付款"] },
    hans: { open: ["请在收银台窗口完成付款", "收银台已在另一个窗口打开。完成后，本页会自动继续。", "显示收银台", "停止付款"],
      blocked: ["再点一下即可付款", "浏览器拦住了收银台窗口。请在此打开，查看金额并确认。", "打开收银台", "暂不付款"] }
  };

  var SHEET_STYLE = "dialog{box-sizing:border-box;width:min(25rem,calc(100vw - 2rem));margin:auto auto max(1rem,env(safe-area-inset-bottom));" +
    "padding:1.5rem;border:0;border-radius:1.25rem;background:#fff;color:#14231f;font:400 1rem/1.5 system-ui,sans-serif;" +
    "box-shadow:0 1.5rem 4rem rgba(8,24,20,.35)}dialog::backdrop{background:rgba(8,20,17,.55)}h2{margin:0 0 .375rem;font-size:1.125rem;line-height:1.35}" +
    "p{margin:0 0 1.25rem;color:#4b5b56}button{display:block;width:100%;min-height:3rem;border:0;border-radius:.875rem;font:600 1rem/1.2 system-ui,sans-serif;" +
    "cursor:pointer;background:transparent;color:#0b6b5a}button.main{background:#0b6b5a;color:#fff;margin-bottom:.25rem}" +
    "button:focus-visible{outline:3px solid #0b6b5a;outline-offset:2px}@media (min-width:40rem){dialog{margin:auto}}" +
    "@media (prefers-color-scheme:dark){dialog{background:#16211e;color:#eaf2ef}p{color:#a9bab4}button{color:#6fdcc3}" +
    "button.main{background:#46cfb0;color:#04201a}button:focus-visible{outline-color:#6fdcc3}}";

  function words() {
    var tag = ((window.navigator.languages || [])[0] || window.navigator.language || "en").toLowerCase();
    if (tag.indexOf("zh") !== 0) return { lang: "en", say: WORDS.en };
    return /hant|-hk|-tw|-mo/.test(tag) ? { lang: "zh-Hant", say: WORDS.hant } : { lang: "zh-Hans", say: WORDS.hans };
  }

  /**
   * A modal dialog in a shadow root: the page's styles do not reach it, and no inline style is needed to draw it.
   * @param {() => void} onMain
   * @param {() => void} onStop
   */
  function makeSheet(onMain, onStop) {
    var host = document.createElement("tillgate-sheet");
    var root = host.attachShadow({ mode: "open" });
    var dialog = document.createElement("dialog");
    var heading = dialog.appendChild(document.createElement("h2"));
    var text = dialog.appendChild(document.createElement("p"));
    var main = dialog.appendChild(document.createElement("button"));
    var stop = dialog.appendChild(document.createElement("button"));
    var spoken = words();
    heading.id = "title";
    main.className = "main";
    dialog.lang = spoken.lang;
    dialog.setAttribute("aria-labelledby", "title");
    main.onclick = onMain;
    stop.onclick = onStop;
    dialog.addEventListener("cancel", function (event) { event.preventDefault(); onStop(); });
    root.appendChild(dialog);
    if (root.adoptedStyleSheets !== undefined) {
      var drawn = new CSSStyleSheet();
      drawn.replaceSync(SHEET_STYLE);
      root.adoptedStyleSheets = [drawn];
    }
    return {
      /** @param {"open" | "blocked"} state */
      say: function (state) {
        [heading, text, main, stop].forEach(function (part, index) { part.textContent = spoken.say[state][index] || ""; });
        if (!host.parentNode) document.documentElement.appendChild(host);
        if (!dialog.open) { if (dialog.showModal) dialog.showModal(); else dialog.setAttribute("open", ""); }
      },
      remove: function () {
        if (host.parentNode) host.parentNode.removeChild(host);
      }
    };
  }

  /* ---- inside the wallet ------------------------------------------------------------------------------------------ */

  /** @param {Params} message */
  function toWallet(message) {
    message.tillgate = "bridge";
    message.session = session;
    window.parent.postMessage(message, gateway);
  }

  /** @param {MessageEvent} event */
  function fromWallet(event) {
    var said = event.data;
    if (event.source !== window.parent || event.origin !== gateway) return;
    if (!said || said.tillgate !== "wallet" || said.session !== session) return;
    if (said.type === "welcome" && way === "undecided") {
      startupParams = said.startupParams || {};
      window.AlipayJSBridge.startupParams = startupParams;
      decide("wallet");
    }
    var asked = pending[said.nonce];
    if (said.type === "answer" && asked) {
      try {
        asked(said.result || {});
      } finally {
        toWallet({ type: "heard", nonce: said.nonce }); // It may close this page now.
      }
    }
    if (said.type === "accepted" && asked) asked.extend();
  }

  /**
   * Hands a call over. A wallet that does not even take it, or takes it and never answers, is answered for here.
   * @param {string} name
   * @param {Params} params
   * @param {Hear} then
   */
  function callWallet(name, params, then) {
    var nonce = randomId();
    var timer = 0;
    var settle = once(function (/** @type {Answer} */ result) {
      window.clearTimeout(timer);
      delete pending[nonce];
      then(result);
    });
    var extend = function () {
      window.clearTimeout(timer);
      timer = window.setTimeout(function () {
        settle(outcome("8000", "SYSTEM_ERROR: The wallet took the payment and never answered. Query the order."));
      }, WALLET_ANSWER_MS);
    };
    pending[nonce] = Object.assign(settle, { extend: extend });
    timer = window.setTimeout(function () {
      if (name !== "tradePay") settle({ error: 3, errorMessage: "The wallet does not answer." });
      else settle(outcome("8000", "SYSTEM_ERROR: The wallet does not answer and may yet take the payment. Query the order."));
    }, WALLET_ACCEPT_MS);
    try {
      toWallet({ type: "call", nonce: nonce, name: name, params: params });
    } catch (reason) { // A parameter that cannot be copied (a function, say) never left this page.
      settle({ error: 2, errorMessage: "The parameters cannot be sent.", resultCode: "6005", memo: "PARAM_ILLEGAL: The parameters cannot be sent." });
    }
  }

  /** @param {Params} params @param {Hear} answer */
  function payInWallet(params, answer) {
    callWallet("tradePay", orderOf(params), function (/** @type {Answer} */ result) { conclude(answer, result); });
  }

  /**
   * Calls wait until the wallet has answered, or has not.
   * @param {"wallet" | "alone"} found
   */
  function decide(found) {
    if (way === "undecided") way = found;
    var calls = waiting;
    waiting = [];
    calls.forEach(function (run) { run(); });
    announce();
  }

  function lookForWallet() {
    var above = window.location.ancestorOrigins; // Not every browser has it.
    var left = above && above[0] === gateway ? HELLOS_HOME_MAX : HELLOS_MAX;
    window.addEventListener("message", fromWallet, false);
    (function hello() {
      if (way !== "undecided") return;
      if (left === 0) return decide("alone");
      left -= 1;
      try {
        toWallet({ type: "hello" });
      } catch (reason) {
        return decide("alone");
      }
      window.setTimeout(hello, HELLO_EVERY_MS);
    })();
  }

  /* ---- what a page may call --------------------------------------------------------------------------------------- */

  /** @type {Record<string, (params: Params) => Answer>} */
  var alone = {
    setTitle: function (params) {
      if (typeof params.title !== "string") return invalid("setTitle needs a title.");
      document.title = params.title;
      return {};
    },
    toast: function (params) {
      if (typeof params.content !== "string") return invalid("toast needs a content.");
      var note = document.createElement("output"); // An output is a polite live region of its own.
      note.textContent = params.content;
      note.style.cssText = "position:fixed;left:50%;bottom:15%;transform:translateX(-50%);padding:.625rem 1rem;border-radius:.75rem;" +
        "background:#14231f;color:#fff;font:1rem/1.4 system-ui,sans-serif;z-index:2147483647;max-width:80vw";
      document.documentElement.appendChild(note);
      window.setTimeout(function () { document.documentElement.removeChild(note); }, Number(params.duration) || 2000);
      return {};
    },
    pushWindow: function (params) {
      if (!/^https?:/.test(params.url)) return invalid("pushWindow needs an http or https url.");
      window.location.assign(params.url);
      return {};
    },
    popWindow: function () {
      window.history.back();
      return {};
    },
    closeWebview: function () {
      window.close();
      return {};
    }
  };

  /** @param {Params} params @param {Hear} answer */
  function tradePay(params, answer) {
    if (typeof params.orderStr !== "string" || !params.orderStr) return conclude(answer, pageFault("orderStr must be a string that is not empty."));
    if (params.version !== undefined && typeof params.version !== "string") return conclude(answer, pageFault("version must be a string."));
    if (paying) return answer(tidy(pageFault("A payment is already open on this page.")));
    paying = true;
    try {
      if (way === "wallet") payInWallet(params, answer);
      else if (phone) phone(orderOf(params), function (result) { conclude(answer, result); });
      else payAlone(params, answer);
    } catch (reason) {
      conclude(answer, outcome("6005", "SYSTEM_ERROR: The bridge failed: " + String(reason)));
    }
  }

  /** @param {string} name @param {Params} params @param {Hear} answer */
  function dispatch(name, params, answer) {
    if (name === "tradePay") return tradePay(params, answer);
    if (params.url !== undefined) params = Object.assign({}, params, { url: absolute(String(params.url)) });
    if (way === "wallet") return callWallet(name, params, answer);
    var own = alone[name];
    answer(own ? own(params) : invalid("There is no such function."));
  }

  /**
   * @param {any} name
   * @param {any} [params]
   * @param {any} [callback]
   * @returns {void}
   */
  function call(name, params, callback) {
    if (typeof params === "function" && callback === undefined) return call(name, {}, params);
    var answer = once(callback);
    var later = function (/** @type {Answer} */ result) { window.setTimeout(function () { answer(result); }, 0); };
    if (name !== "tradePay" && !Object.prototype.hasOwnProperty.call(alone, name)) {
      return later({ error: 1, errorMessage: "The function " + String(name) + " is not available." });
    }
    if (params === undefined || params === null) params = {};
    if (typeof params !== "object") return later(name === "tradePay" ? pageFault("The parameters must be an object.") : invalid("The parameters must be an object."));
    var run = function () { window.setTimeout(function () { dispatch(name, params, answer); }, 0); };
    if (way === "undecided") waiting.push(run);
    else run();
  }

  /* ---- readiness, for pages that listen early and pages that listen late ------------------------------------------ */

  var listen = document.addEventListener;
  document.addEventListener = function (/** @type {string} */ type, /** @type {any} */ listener) {
    listen.apply(document, /** @type {any} */ (arguments));
    if (type !== READY || !ready || !listener) return;
    window.setTimeout(function () { // It has fired already: this listener hears it now, once.
      var event = new CustomEvent(READY);
      if (typeof listener === "function") listener.call(document, event); // An object listens with handleEvent.
      else listener.handleEvent(event);
    }, 0);
  };

  function announce() {
    var fire = function () {
      ready = true;
      document.dispatchEvent(new CustomEvent(READY, { bubbles: true }));
    };
    if (document.readyState === "loading") listen.call(document, "DOMContentLoaded", fire, false);
    else window.setTimeout(fire, 0);
  }

  window.AlipayJSBridge = { call: call, startupParams: startupParams };
  window.my = window.my || {};
  window.my.tradePay = window.my.tradePay || function (options) {
    var asked = options || {};
    call("tradePay", { orderStr: asked.orderStr, version: asked.version }, function (/** @type {Answer} */ result) {
      var heard = result.error ? asked.fail : asked.success;
      try {
        if (typeof heard === "function") heard(result);
      } finally {
        if (typeof asked.complete === "function") asked.complete(result);
      }
    });
  };

  if (way === "alone") decide("alone");
  else lookForWallet();
})(window, document);
