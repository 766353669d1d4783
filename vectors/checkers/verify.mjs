// Checks every vector with Node's own crypto and nothing else: node verify.mjs
// Prints "name<TAB>valid|invalid" for each, and exits 1 if a verdict is not the expected one.
import { verify } from "node:crypto";
import { readFileSync } from "node:fs";

const folder = new URL("../", import.meta.url);
const set = JSON.parse(readFileSync(new URL("vectors.json", folder), "utf8"));
const keys = Object.fromEntries(
  Object.entries(set.keys).map(([name, path]) => [name, readFileSync(new URL(path, folder), "utf8")]),
);
const BITS = { 2048: 256, 3072: 384, 4096: 512 };
const DIGESTS = { RSA2: "RSA-SHA256", RSA: "RSA-SHA1" };

// The members of the outermost object, with the exact text of each value. Two of one name: refused.
function members(text) {
  JSON.parse(text); // Throws unless the whole is JSON.
  const found = new Map();
  const blank = (at) => { while (/\s/.test(text[at])) at += 1; return at; };
  const end = (at) => { // Where the value that begins here ends.
    let depth = 0;
    let inside = false;
    for (; at < text.length; at += 1) {
      if (inside) {
        if (text[at] === "\\") at += 1;
        else if (text[at] === '"') inside = false;
      } else if (text[at] === '"') inside = true;
      else if (text[at] === "{" || text[at] === "[") depth += 1;
      else if (text[at] === "}" || text[at] === "]") {
        if (depth === 0) return at;
        depth -= 1;
      } else if ((text[at] === "," || text[at] === ":") && depth === 0) return at;
    }
    return at;
  };
  let at = blank(0) + 1;
  if (text[at - 1] !== "{") throw new Error("no object");
  while (text[at = blank(at)] !== "}") {
    const colon = end(at);
    const name = JSON.parse(text.slice(at, colon));
    const start = blank(colon + 1);
    at = end(start);
    if (found.has(name)) throw new Error(`two members ${name}`);
    found.set(name, text.slice(start, at).trimEnd());
    if (text[at] === ",") at += 1;
  }
  return found;
}

// What a JavaScript literal with this between its quotes stands for.
function evaluated(text) {
  const simple = { n: "\n", r: "\r", t: "\t", b: "\b", f: "\f", v: "\v", 0: "\0" };
  return text.replace(/\\(u\{([0-9a-f]+)\}|u([0-9a-f]{4})|x([0-9a-f]{2})|[^])/gi, (_, all, point, unit, byte) => {
    const code = point ?? unit ?? byte;
    return code === undefined ? simple[all] ?? all : String.fromCodePoint(parseInt(code, 16));
  });
}

// The bytes of a signature: base64, base64 of base64, or percent-encoded base64.
function decoded(text, length) {
  let current = (text.includes("%") ? decodeURIComponent(text) : text).trim();
  for (let turn = 0; turn < 2; turn += 1) {
    if (!/^[A-Za-z0-9+/]+={0,2}$/.test(current) || current.length % 4) return null;
    const raw = Buffer.from(current, "base64");
    if (raw.length === length) return raw;
    current = raw.toString("latin1").trim();
  }
  return null;
}

// What was signed, and the signature's text.
function taken({ form, member, messageBase64 }) {
  const raw = Buffer.from(messageBase64, "base64");
  let text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(raw);
  if (form === "address") {
    const query = text.split("#")[0].split("?").slice(1).join("?");
    const at = query.lastIndexOf("&signature=");
    const signature = query.slice(at + 11);
    if (at < 0 || signature.includes("&")) throw new Error("no signature at the end");
    return [Buffer.from(`tillgate-return-v1\n${query.slice(0, at)}`), signature];
  }
  if (form === "literal") text = evaluated(text);
  const found = members(text);
  const signed = found.get(member) ?? "";
  if (!signed.startsWith("{")) throw new Error(`no object ${member}`);
  return [Buffer.from(signed), JSON.parse(found.get("signature") ?? '""')];
}

function verdict(vector) {
  try {
    const [signed, text] = taken(vector);
    const signature = decoded(text, BITS[vector.key.split("-")[1]]);
    return signature !== null && verify(DIGESTS[vector.digest], signed, keys[vector.key], signature);
  } catch {
    return false; // No message of this protocol: refused before its signature.
  }
}

for (const vector of set.cases) {
  const said = verdict(vector) ? "valid" : "invalid";
  process.stdout.write(`${vector.name}\t${said}\n`);
  if (said !== vector.expect) process.exitCode = 1;
}
