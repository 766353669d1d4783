/**
 * A page is seen before its module runs, and a press in between would be lost, or send a form nowhere. So its buttons are
 * served disabled, and enabled here once each has what it does.
 */
export function enableButtons() {
  for (const button of document.querySelectorAll("button:disabled")) button.removeAttribute("disabled");
}
