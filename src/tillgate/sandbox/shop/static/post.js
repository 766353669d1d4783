/** Asks the shop's own server; what it means is for whoever asked. */

/**
 * @param {string} path
 * @param {object} body
 * @returns {Promise<{status: number, body: any}>}
 */
export async function post(path, body) {
  const response = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  return { status: response.status, body: await response.json().catch(() => ({})) };
}
