/** Calls the sample's own pay() when the button is pressed: an inline handler would need a laxer policy than the sample itself. */

document.getElementById("pay")?.addEventListener("click", () => /** @type {any} */ (window).pay());
