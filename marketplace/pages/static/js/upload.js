// Sends a file straight to the object store in parts: start, PUT each part to its signed address, complete.
"use strict";

const PARALLEL = 3;
const TRIES = 5;
const FIRST_WAIT_MS = 500;

const form = document.getElementById("upload-form");
const view = Object.fromEntries(
  ["error", "progress", "state", "percent", "total", "parts", "part", "start", "resume", "cancel"].map(
    (name) => [name, document.getElementById(`upload-${name}`)],
  ),
);
const text = (name, value = "") => form.dataset[`text${name[0].toUpperCase()}${name.slice(1)}`].replace("%s", value);
const show = (element, visible) => element.classList.toggle("hidden", !visible);
const wait = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

class Refused extends Error {}
class Offline extends Error {}
class Cancelled extends Error {}

let current = null; // the upload in progress: {id, file, partSize, parts: [{number, size, sent, etag, ...}], run}

async function api(method, path, body) {
  let response;
  try {
    response = await fetch(form.dataset.uploads + path, {
      method,
      headers: {
        "Content-Type": "application/json",
        Accept: "application/json",
        "X-CSRFToken": form.elements.csrfmiddlewaretoken.value,
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch {
    throw new Offline(text("offline"));
  }
  if (response.status === 429) {
    // Too many requests in a short time: nothing was done, and the hub says when it will be.
    await wait(1000 * (Number(response.headers.get("Retry-After")) || 1));
    return api(method, path, body);
  }
  const answer = response.status === 204 ? {} : await response.json().catch(() => ({}));
  if (response.status >= 500) throw new Offline(text("offline"));
  if (!response.ok) throw new Refused(sentence(answer));
  return answer;
}

function sentence(answer) {
  return (answer.errors || []).map((error) => error.detail).join(" ") || text("failed");
}

function put(part, url) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    part.request = request;
    request.open("PUT", url);
    request.upload.onprogress = (event) => { part.sent = event.loaded; draw(part); };
    request.onload = () => (request.status < 300 ? resolve(request.getResponseHeader("ETag")) : reject(new Offline(text("offline"))));
    request.onerror = () => reject(new Offline(text("offline")));
    request.onabort = () => reject(new Cancelled(text("cancelled")));
    const from = (part.number - 1) * current.partSize;
    request.send(current.file.slice(from, from + part.size));
  });
}

// A signed address lives for minutes, so every try asks for a fresh one.
async function sendPart(part, run) {
  for (let attempt = 1; ; attempt += 1) {
    // A part that was waiting to try again must not go on beside the parts of a resumed upload.
    if (current?.run !== run) throw new Cancelled(text("cancelled"));
    try {
      const { url } = await api("POST", `/${current.id}/parts/${part.number}`, {});
      part.etag = await put(part, url);
      part.sent = part.size;
      draw(part);
      return;
    } catch (error) {
      part.sent = 0;
      draw(part);
      if (!(error instanceof Offline) || attempt >= TRIES) throw error;
      view.state.textContent = text("retry", part.number);
      await wait(FIRST_WAIT_MS * 2 ** (attempt - 1) * (0.75 + Math.random() / 2));
    }
  }
}

async function sendMissing() {
  const run = (current.run = Symbol("run"));
  const missing = current.parts.filter((part) => !part.etag);
  view.state.textContent = text("sending", current.file.name);
  const workers = Array.from({ length: PARALLEL }, async () => {
    while (missing.length) await sendPart(missing.shift(), run);
  });
  await Promise.all(workers);
  view.state.textContent = text("finishing");
  const parts = current.parts.map(({ number, etag }) => ({ number, etag }));
  await api("POST", `/${current.id}/complete`, { parts });
  window.removeEventListener("beforeunload", warn);
  window.location.assign(form.dataset.done);
}

async function start(file, baseModel) {
  view.state.textContent = text("starting");
  const answer = await api("POST", "", { file_name: file.name, size: file.size, base_model: baseModel });
  const count = Math.ceil(file.size / answer.part_size);
  const parts = Array.from({ length: count }, (_, index) => ({
    number: index + 1,
    size: Math.min(answer.part_size, file.size - index * answer.part_size),
    sent: 0,
    etag: null,
    row: addRow(index + 1),
  }));
  current = { id: answer.id, file, partSize: answer.part_size, parts, run: null };
  window.addEventListener("beforeunload", warn);
}

function addRow(number) {
  const row = view.part.content.firstElementChild.cloneNode(true);
  row.querySelector("[data-name]").textContent = text("part", number);
  row.querySelector("progress").setAttribute("aria-label", text("part", number));
  view.parts.append(row);
  return row;
}

function draw(part) {
  part.row.querySelector("progress").value = part.sent / part.size;
  part.row.querySelector("[data-percent]").textContent = `${Math.round((100 * part.sent) / part.size)} %`;
  const whole = current.parts.reduce((sum, each) => sum + each.sent, 0) / current.file.size;
  view.total.value = whole;
  view.percent.textContent = `${Math.round(100 * whole)} %`;
}

function warn(event) {
  event.preventDefault();
}

// Runs one stage of the upload and turns whatever goes wrong into a sentence and a way on.
async function attempt(stage) {
  show(view.error, false);
  show(view.resume, false);
  show(view.start, false);
  show(view.progress, true);
  show(view.cancel, true);
  form.setAttribute("aria-busy", "true");
  try {
    await stage();
  } catch (error) {
    stop(error);
  } finally {
    form.removeAttribute("aria-busy");
  }
}

function stop(error) {
  const canResume = error instanceof Offline && current !== null;
  if (current) current.run = null;
  for (const part of current?.parts || []) if (!part.etag) part.request?.abort();
  view.error.textContent = error instanceof Refused || error instanceof Offline || error instanceof Cancelled ? error.message : text("failed");
  view.state.textContent = "";
  show(view.error, true);
  show(view.resume, canResume);
  show(view.cancel, canResume);
  show(view.start, !canResume);
  show(view.progress, canResume);
  if (!canResume) forget();
}

function forget() {
  window.removeEventListener("beforeunload", warn);
  view.parts.replaceChildren();
  view.total.value = 0;
  view.percent.textContent = "";
  current = null;
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const file = form.elements.file.files[0];
  const wrong = !file ? "empty" : !file.name.toLowerCase().endsWith(".safetensors") ? "suffix" : "";
  if (wrong) {
    view.error.textContent = text(wrong);
    show(view.error, true);
    form.elements.file.focus();
    return;
  }
  attempt(async () => {
    await start(file, form.elements.base_model.value);
    await sendMissing();
  });
});

view.resume.addEventListener("click", () => attempt(sendMissing));

view.cancel.addEventListener("click", async () => {
  if (!current) return;
  const { id, parts } = current;
  current.run = null;
  for (const part of parts) part.request?.abort();
  await api("DELETE", `/${id}`).catch(() => {}); // the reaper clears what this could not
  if (current) stop(new Cancelled(text("cancelled")));
});
