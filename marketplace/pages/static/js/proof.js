// Checks a proof with the browser's own cryptography: hashes, the path of RFC 9162, the signature and the chain.
"use strict";

const panel = document.getElementById("proof");
const result = document.getElementById("proof-result");
const text = (name) => panel.dataset[`text${name[0].toUpperCase()}${name.slice(1)}`];

const bytes = (words) => new TextEncoder().encode(words);
const unhex = (hex) => Uint8Array.from(hex.match(/../g) || [], (pair) => parseInt(pair, 16));
const hex = (array) => Array.from(array, (byte) => byte.toString(16).padStart(2, "0")).join("");
const unbase64url = (coded) => Uint8Array.from(atob(coded.replaceAll("-", "+").replaceAll("_", "/")), (char) => char.charCodeAt(0));
const join = (...parts) => Uint8Array.from(parts.flatMap((part) => [...part]));
const sha256 = async (data) => new Uint8Array(await crypto.subtle.digest("SHA-256", data));
const hashOf = async (words) => hex(await sha256(bytes(words)));

// Leaves begin with a zero byte and nodes with a one, or a node could be passed off as a leaf.
const leafHash = (words) => sha256(join([0], bytes(words)));
const node = (left, right) => sha256(join([1], left, right));

// RFC 9162, section 2.1.3.2. Null where the path is not as long as it must be.
async function rootOfPath(leaf, position, count, path) {
  if (!(position >= 0 && position < count)) return null;
  let [found, place, last] = [leaf, position, count - 1];
  for (const other of path.map(unhex)) {
    if (last === 0) return null;
    if (place % 2 || place === last) {
      found = await node(other, found);
      while (place % 2 === 0 && place) [place, last] = [place >> 1, last >> 1];
    } else {
      found = await node(found, other);
    }
    [place, last] = [place >> 1, last >> 1];
  }
  return last === 0 ? found : null;
}

async function verifies(signed, keys) {
  const jwk = keys.find((key) => key.kid === JSON.parse(signed.block).key_id);
  if (!jwk) return false;
  const key = await crypto.subtle.importKey("jwk", { kty: jwk.kty, crv: jwk.crv, x: jwk.x }, "Ed25519", false, ["verify"]);
  return crypto.subtle.verify("Ed25519", key, unbase64url(signed.signature), bytes(signed.block));
}

// Each step says whether it holds, and what it saw. A step that can't be done here throws NotSupportedError.
const STEPS = {
  async entries({ entries, leaf }) {
    const hashes = await Promise.all(entries.map(hashOf));
    const inside = entries.length > 0 && hashes.every((hash) => JSON.parse(leaf).entries.includes(hash));
    const shown = Array.from(document.querySelectorAll("[data-micro]"), (row) => row.dataset.micro).join();
    return [inside && entries.map((entry) => JSON.parse(entry).amount_micro).join() === shown, entries.map(readable).join(" · ")];
  },
  async leaf({ leaf, leaf_hash: expected }) {
    return [hex(await leafHash(leaf)) === expected, expected];
  },
  async path({ leaf, position, path, block }) {
    const { number, count, merkle_root: expected } = JSON.parse(block);
    const root = await rootOfPath(await leafHash(leaf), position, count, path);
    return [root !== null && hex(root) === expected, `#${number} · ${position + 1}/${count} · ${expected}`];
  },
  async signature(proof, { keys }) {
    return [await verifies(proof, keys), JSON.parse(proof.block).key_id];
  },
  async chain(proof, { keys, blocks }) {
    let holds = blocks.length > 0 && blocks[0].block === proof.block;
    for (let place = 1; place < blocks.length; place += 1) {
      const linked = JSON.parse(blocks[place].block).previous_hash === (await hashOf(blocks[place - 1].block));
      holds = holds && linked && (await verifies(blocks[place], keys));
    }
    return [holds, blocks.map(({ block }) => `#${JSON.parse(block).number}`).filter((_, place, all) => !place || place === all.length - 1).join(" – ")];
  },
};

function readable(entry) {
  const { account, amount_micro: micro } = JSON.parse(entry);
  return `${account.kind} ${account.holder}: ${micro} µ${account.currency}`;
}

function mark(name, state, detail) {
  const step = panel.querySelector(`[data-step="${name}"]`);
  for (const each of step.querySelectorAll("[data-mark]")) each.classList.toggle("hidden", each.dataset.mark !== state);
  step.querySelector("[data-word]").textContent = text(state);
  step.querySelector("[data-detail]").textContent = detail;
}

async function check(name, proof, published) {
  try {
    const [holds, detail] = await STEPS[name](proof, published);
    mark(name, holds ? "good" : "bad", detail);
    return holds ? "good" : "bad";
  } catch (error) {
    const state = error.name === "NotSupportedError" ? "unknown" : "bad";
    mark(name, state, "");
    return state;
  }
}

async function json(address) {
  const answer = await fetch(address, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(`${address}: ${answer.status}`);
  return answer.json();
}

async function run() {
  const proof = await json(panel.dataset.proof);
  const first = JSON.parse(proof.block).number;
  const [{ keys }, blocks] = await Promise.all([json(panel.dataset.keys), json(`${panel.dataset.blocks}?first=${first}`)]);
  const states = [];
  for (const name of Object.keys(STEPS)) states.push(await check(name, proof, { keys, blocks }));
  const word = states.includes("bad") ? "someBad" : states.includes("unknown") ? "oldBrowser" : "allGood";
  result.textContent = text(word);
  result.classList.add(word === "allGood" ? "text-success" : "text-error");
}

run()
  .catch(() => { result.textContent = text("unreachable"); })
  .finally(() => panel.removeAttribute("aria-busy"));
