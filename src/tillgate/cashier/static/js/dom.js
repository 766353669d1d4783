/**
 * Builds elements. It decides nothing; text is always set as text, never parsed as markup, so no answer of a server
 * and no title of a merchant can become an element.
 */

/**
 * @param {string} tag
 * @param {Record<string, string | boolean | EventListener | undefined>} [attributes] A function is a listener for the
 *   event named after "on"; `true` is a bare attribute; `false` and `undefined` are left out.
 * @param {...(Node | string | null | undefined)} children
 * @returns {HTMLElement}
 */
export function el(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (typeof value === "string") made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

const SVG = "http://www.w3.org/2000/svg";

/**
 * A line icon, hidden from screen readers: the words beside it say the same.
 * @param {keyof typeof ICONS} name
 * @returns {SVGSVGElement}
 */
export function icon(name) {
  const drawing = document.createElementNS(SVG, "svg");
  drawing.setAttribute("viewBox", "0 0 24 24");
  drawing.setAttribute("class", `icon icon-${name}`);
  drawing.setAttribute("aria-hidden", "true");
  for (const path of ICONS[name]) {
    const line = document.createElementNS(SVG, "path");
    line.setAttribute("d", path);
    drawing.append(line);
  }
  return drawing;
}

export const ICONS = {
  alert: ["M12 8v5", "M12 16.4v.1", "M10.3 4.3 2.9 17.1A2 2 0 0 0 4.6 20h14.8a2 2 0 0 0 1.7-2.9L13.7 4.3a2 2 0 0 0-3.4 0Z"],
  back: ["M15 5l-7 7 7 7"],
  check: ["M5 12.5l4.5 4.5L19 7.5"],
  clock: ["M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18Z", "M12 7.5V12l3 2"],
  close: ["M6 6l12 12", "M18 6L6 18"],
  copy: ["M9 9h10v11H9z", "M5 15V4h10"],
  cross: ["M7 7l10 10", "M17 7L7 17"],
  delete: ["M9 6h11a1 1 0 0 1 1 1v10a1 1 0 0 1-1 1H9l-6-6 6-6Z", "M12.5 9.5l5 5", "M17.5 9.5l-5 5"],
  dress: ["M9 3v3l-1.5 5L5 21h14l-2.5-10L15 6V3", "M9 6c1 1.5 5 1.5 6 0", "M7.6 11h8.8"],
  exit: ["M14 4H6a1 1 0 0 0-1 1v14a1 1 0 0 0 1 1h8", "M11 12h9", "M17 8.5 20.5 12 17 15.5"],
  dot: ["M12 12h.01"],
  forward: ["M9 5l7 7-7 7"],
  lock: ["M6 11h12v9H6z", "M8.5 11V8a3.5 3.5 0 0 1 7 0v3"],
  question: ["M9 9a3 3 0 1 1 4.5 2.6c-1 .6-1.5 1.2-1.5 2.4", "M12 17.4v.1"],
  receipt: ["M6 3h12v18l-3-2-3 2-3-2-3 2V3Z", "M9 8h6", "M9 12h6"],
  repeat: ["M4 12a8 8 0 0 1 13.7-5.6L20 8.5", "M20 4v4.5h-4.5", "M20 12a8 8 0 0 1-13.7 5.6L4 15.5", "M4 20v-4.5h4.5"],
  return: ["M9 14l-5-5 5-5", "M4 9h10a5.5 5.5 0 0 1 0 11h-3"],
  shield: ["M12 3l8 3v6c0 4.5-3.3 7.7-8 9-4.7-1.3-8-4.5-8-9V6l8-3Z", "M8.5 12l2.5 2.5 4.5-4.5"],
  code: ["M8 7l-5 5 5 5", "M16 7l5 5-5 5"],
  wallet: ["M4 7h15a1 1 0 0 1 1 1v11a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1V6a2 2 0 0 1 2-2h11v3", "M16 13.5h.1"],
};
