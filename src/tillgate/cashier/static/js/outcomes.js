/**
 * What a final answer means to the person who looks at it: the tone of the screen and which sentences it shows. Each
 * says what happened, whether money moved, and what to do next. The result code decides; the name that opens the memo
 * tells the kinds of 4000 apart.
 */

/** @typedef {import("./host.js").Result} Result */
/** @typedef {"good" | "bad" | "unknown" | "quiet"} Tone */
/** @typedef {"paid" | "unknown" | "duplicate" | "cancelled" | "balance" | "locked" | "expired" | "closed" | "differs" | "refused" | "trouble"} Kind */

/** @type {Record<string, Kind>} */
const KINDS_OF_4000 = {
  USER_BALANCE_NOT_ENOUGH: "balance",
  BALANCE_NOT_ENOUGH: "balance",
  USER_STATUS_ABNORMAL: "locked",
  ACCOUNT_STATUS_ABNORMAL: "locked",
  ORDER_IS_CLOSED: "closed",
  ORDER_IS_CANCELED: "closed",
  EXPIRED_CODE: "expired",
  REPEAT_REQ_INCONSISTENT: "differs",
};

/** @type {Record<string, Kind>} */
const KINDS = { 9000: "paid", 8000: "unknown", 5000: "duplicate", 6001: "cancelled", 6002: "trouble", 6005: "trouble", 7001: "cancelled" };

/** @type {Record<Kind, Tone>} */
const TONES = {
  paid: "good",
  unknown: "unknown",
  duplicate: "good",
  cancelled: "quiet",
  balance: "bad",
  locked: "bad",
  expired: "quiet",
  closed: "quiet",
  differs: "bad",
  refused: "bad",
  trouble: "unknown",
};

/** @param {string} memo */
export const nameIn = (memo) => /^[A-Z][A-Z0-9_]+/.exec(memo)?.[0] ?? "";

/**
 * @param {Result} result
 * @param {boolean} timeIsUp Whether this page saw the order's time run out: a closed order is then an expired one.
 * @returns {{kind: Kind, tone: Tone}}
 */
export function outcomeOf(result, timeIsUp) {
  let kind = KINDS[result.resultCode] ?? "refused";
  if (result.resultCode === "4000") kind = KINDS_OF_4000[nameIn(result.memo)] ?? "refused";
  if (kind === "closed" && timeIsUp) kind = "expired";
  return { kind, tone: TONES[kind] };
}
