/**
 * Calls the sample's own pay() when the button is pressed: an inline handler would need a laxer policy than the sample
 * itself. A press before this script is there would be lost, so the button is served disabled.
 */

document.getElementById("pay")?.addEventListener("click", () => /** @type {any} */ (window).pay());
document.getElementById("pay")?.removeAttribute("disabled");
