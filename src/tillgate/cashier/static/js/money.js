/**
 * Shows money. An amount is a string of minor units and a currency; it never becomes a floating-point number, and its
 * digits are the currency's own: the exponent the server names, else the one the browser knows from ISO 4217.
 */

/** @typedef {{currency: string, value: string, exponent?: number}} Money */

/**
 * @param {string} currency
 * @param {string} locale
 * @returns {number}
 */
export function exponentOf(currency, locale) {
  try {
    return new Intl.NumberFormat(locale, { style: "currency", currency }).resolvedOptions().maximumFractionDigits ?? 2;
  } catch {
    return 2; // Not a currency code at all: the server refuses such orders, so this is only ever seen in a broken answer.
  }
}

/**
 * @param {Money} money
 * @param {string} locale
 * @returns {string} For example "HK$10.00", "¥100", "BHD 0.100".
 */
export function showMoney(money, locale) {
  if (!/^-?\d{1,24}$/.test(money.value) || !/^[A-Z]{3}$/.test(money.currency)) return `${money.value} ${money.currency}`;
  const exponent = money.exponent ?? exponentOf(money.currency, locale);
  const negative = money.value.startsWith("-");
  const digits = money.value.replace("-", "").padStart(exponent + 1, "0");
  const whole = BigInt(digits.slice(0, digits.length - exponent));
  const fraction = digits.slice(digits.length - exponent);
  const format = new Intl.NumberFormat(locale, {
    style: "currency",
    currency: money.currency,
    minimumFractionDigits: exponent,
    maximumFractionDigits: exponent,
  });
  const shown = format.formatToParts(whole).map((part) => (part.type === "fraction" ? fraction : part.value)).join("");
  return negative ? `−${shown}` : shown;
}

/**
 * Whether `less` is certainly smaller than `more`; amounts of different currencies cannot be compared.
 * @param {Money} less
 * @param {Money} more
 */
export function isLess(less, more) {
  return less.currency === more.currency && /^-?\d+$/.test(less.value + more.value) && BigInt(less.value) < BigInt(more.value);
}
