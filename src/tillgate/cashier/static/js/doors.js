/**
 * Asks the server. A lost network is told apart from an answer, because only an answer may end a payment; every question
 * has a time limit. It does not know what an answer means.
 */

export const ANSWER_WAIT_MS = 20_000;

/** No answer came: the server may or may not have done what was asked. */
export class NetworkLost extends Error {}

/**
 * @typedef {object} Answer
 * @property {number} status
 * @property {any} body The JSON body, or null when there was none to read.
 */

/**
 * @param {string} path
 * @param {{method?: string, body?: object, headers?: Record<string, string>}} [question]
 * @returns {Promise<Answer>}
 */
export async function askDoor(path, { method = "GET", body, headers = {} } = {}) {
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), ANSWER_WAIT_MS);
  /** @type {Record<string, string>} */
  const said = { Accept: "application/json", ...headers };
  if (method !== "GET") said["X-Tillgate"] = "1";
  if (body) said["Content-Type"] = "application/json";
  try {
    const response = await fetch(path, {
      method,
      headers: said,
      body: body ? JSON.stringify(body) : null,
      credentials: "same-origin",
      cache: "no-store",
      signal: limit.signal,
    });
    const text = await response.text();
    return { status: response.status, body: parsed(text) };
  } catch (reason) {
    throw new NetworkLost("No answer came.", { cause: reason });
  } finally {
    clearTimeout(timer);
  }
}

/** @param {string} text */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** @param {number} milliseconds */
export const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
