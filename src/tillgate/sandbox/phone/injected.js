/*
 * What a phone's browser runs in every page before the page's own scripts; `settings` is handed in by `script.py`.
 *
 * In a merchant's page it offers the bridge (bridge.js, which follows it) a wallet that is no page: a payment goes
 * through a binding to the process that drives the browser, so that no Content-Security-Policy stands between. In a
 * cashier's tab it stands for the opener, which such a tab lacks. What must hold: it does nothing in a frame within a
 * page; a page gets no other word of the wallet than the result of its own call.
 */
(function (window, settings) {
  "use strict";

  if (window.top !== window || !/^https?:$/.test(window.location.protocol)) return;
  var names = /** @type {Record<string, any>} */ (/** @type {unknown} */ (window)); // The bindings arrive by name.

  if (window.location.origin === settings.gateway) {
    if (window.location.hash.indexOf("nonce=") > 0 && !window.opener) {
      window.opener = { postMessage: function (/** @type {object} */ said) { names[settings.cashier](said); } };
    }
    return;
  }

  window.setTimeout(function () { names[settings.here](); }, 0); // A payment of the document before this one ends.
  window.tillgatePhone = function (order, then) {
    names[settings.pay](order).then(then, function () {
      then({ resultCode: "8000", memo: "SYSTEM_ERROR: The wallet failed. Query the order." });
    });
  };
})(window, /** @type {{gateway: string, here: string, pay: string, cashier: string}} */ (tillgateSettings));
