// Node 18 or later; it brings fetch.
import { writeFile } from "node:fs/promises";
import { randomUUID } from "node:crypto";

const { HUB, KEY } = process.env;

async function ask(method, path, body, headers = {}) {
  const answer = await fetch(HUB + path, {
    method,
    headers: { Authorization: `Bearer ${KEY}`, "Content-Type": "application/json", ...headers },
    body: body && JSON.stringify(body),
  });
  // Every refusal has a code that never changes and a sentence that says what to do.
  if (!answer.ok) throw new Error((await answer.json()).errors[0].detail);
  return answer;
}

// The bases that draw; a style's page has the number of its version for "adapters".
const [base] = await (await ask("GET", "/api/v1/base-models")).json();
const order = { base_model: base.slug, prompt: "a fox on a blue background" };

// What it costs, in millionths of a dollar. Nothing is held yet.
console.log((await (await ask("POST", "/api/v1/quotes", order)).json()).total_micro);

// Order it. With a key of your own for the order, it can be sent again without being made twice.
const key = { "Idempotency-Key": randomUUID() };
let made = await (await ask("POST", "/api/v1/generations", order, key)).json();
while (["queued", "running"].includes(made.state)) {
  await new Promise((done) => setTimeout(done, 1000));
  made = await (await ask("GET", `/api/v1/generations/${made.id}`)).json();
}

if (made.state !== "succeeded") throw new Error(made.failure.message);
const image = await ask("GET", `/api/v1/generations/${made.id}/image`);
await writeFile("fox.png", Buffer.from(await image.arrayBuffer()));
