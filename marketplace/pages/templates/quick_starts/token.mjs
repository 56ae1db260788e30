// Node 18 or later; it brings fetch.
const { HUB, CLIENT_ID, CLIENT_SECRET } = process.env;

// A token for an hour. Leave scope out to get all that the client was given.
const answer = await fetch(`${HUB}/oauth/token`, {
  method: "POST",
  headers: { Authorization: "Basic " + btoa(`${CLIENT_ID}:${CLIENT_SECRET}`) },
  body: new URLSearchParams({ grant_type: "client_credentials", scope: "wallet:read" }),
});
const told = await answer.json();
if (!answer.ok) throw new Error(told.error_description);

// It is sent as a key is, and acts as your organisation.
const headers = { Authorization: `Bearer ${told.access_token}` };
console.log(await (await fetch(`${HUB}/api/v1/wallet`, { headers })).text());
