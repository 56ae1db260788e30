import { createHmac, timingSafeEqual } from "node:crypto";

// The event in the body, a Buffer, taken as it came. Throws for what the hub did not send, or sent too long ago.
export function check(secret, headers, body) {
  const sent = headers["webhook-timestamp"];
  if (!(Math.abs(Date.now() / 1000 - Number(sent)) <= 300)) throw new Error("sent too long ago");
  const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
  const text = Buffer.concat([Buffer.from(`${headers["webhook-id"]}.${sent}.`), body]);
  const right = createHmac("sha256", key).update(text).digest();
  const isRight = (part) => {
    const given = Buffer.from(part.replace(/^v1,/, ""), "base64");
    return given.length === right.length && timingSafeEqual(given, right);
  };
  if (!headers["webhook-signature"].split(" ").some(isRight)) throw new Error("not signed by the hub");
  return JSON.parse(body);
}
