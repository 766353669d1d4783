/** The result page needs nothing but its words and the wallet's title bar. */

import { translatePage } from "./words.js";

translatePage();
document.addEventListener("AlipayJSBridgeReady", () => {
  AlipayJSBridge.call("setTitle", { title: document.querySelector("h1")?.textContent ?? "", subtitle: document.getElementById("shop-name")?.textContent ?? "" });
});
