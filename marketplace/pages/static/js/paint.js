// Shows the picture that an order starts from, and puts what is painted over it into the form's mask field as a PNG:
// white is drawn anew. The form itself knows nothing of it.
"use strict";

const LONGEST = 512;
// Few pictures are of this colour.
const PAINT = "#f0f";
const part = (name) => document.getElementById(`paint${name}`);
const root = part("");
if (root) {
  const form = document.getElementById("generate").elements;
  const [picture, mask, size, erase, state] = ["-picture", "-mask", "-size", "-erase", "-state"].map(part);
  const brush = mask.getContext("2d");
  let strokes = []; // {erase, width, points: [[x, y], ...]} in the canvas's own pixels
  let current = null;
  let asked = 0;

  async function chosen() {
    const file = form.picture.files[0];
    if (file) return createImageBitmap(file);
    const kept = document.querySelector("[data-kept-picture]");
    if (!kept || !kept.closest("label").querySelector("input").checked) return null;
    await kept.decode();
    return kept;
  }

  // A picture that can't be shown is left to the server, which says what is wrong with it.
  async function show() {
    const turn = ++asked;
    const image = await chosen().catch(() => null);
    if (turn !== asked) return;
    root.hidden = !image;
    strokes = [];
    brush.clearRect(0, 0, mask.width, mask.height);
    if (form.mask.dataset.painted) handOver();
    if (!image) return;
    const [width, height] = [image.naturalWidth || image.width, image.naturalHeight || image.height];
    const scale = Math.min(1, LONGEST / Math.max(width, height));
    for (const canvas of [picture, mask]) {
      canvas.width = Math.max(1, Math.round(width * scale));
      canvas.height = Math.max(1, Math.round(height * scale));
    }
    picture.getContext("2d").drawImage(image, 0, 0, picture.width, picture.height);
    draw();
  }

  function drawLine(stroke, points) {
    brush.lineCap = brush.lineJoin = "round";
    brush.strokeStyle = PAINT;
    brush.globalCompositeOperation = stroke.erase ? "destination-out" : "source-over";
    brush.lineWidth = stroke.width;
    brush.beginPath();
    // A touch without a move is a dot, which a line needs some length to draw.
    brush.moveTo(points[0][0] - 0.01, points[0][1]);
    for (const [x, y] of points) brush.lineTo(x, y);
    brush.stroke();
  }

  function draw() {
    brush.clearRect(0, 0, mask.width, mask.height);
    for (const stroke of strokes) drawLine(stroke, stroke.points);
    say(false);
  }

  // Where a mask that was sent before is used, it says itself what is drawn anew.
  function say(painted) {
    const kept = document.querySelector("[name=kept_mask]")?.checked;
    state.textContent = painted ? state.dataset.painted : kept ? "" : state.dataset.empty;
  }

  // What was erased may have been all.
  function isPainted() {
    const levels = brush.getImageData(0, 0, mask.width, mask.height).data;
    return levels.some((level, index) => level && index % 4 === 3);
  }

  function handOver() {
    const files = new DataTransfer();
    const painted = isPainted();
    if (painted) files.items.add(new File([png()], "painted-mask.png", { type: "image/png" }));
    form.mask.files = files.files;
    form.mask.dataset.painted = files.files.length ? "yes" : "";
    const kept = document.querySelector("[name=kept_mask]");
    if (kept && painted) kept.checked = false;
    say(painted);
  }

  // At once, unlike toBlob: the form may be sent in the next moment.
  function png() {
    const canvas = document.createElement("canvas");
    canvas.width = mask.width;
    canvas.height = mask.height;
    const context = canvas.getContext("2d");
    context.drawImage(mask, 0, 0);
    for (const [operation, colour] of [["source-in", "white"], ["destination-over", "black"]]) {
      context.globalCompositeOperation = operation;
      context.fillStyle = colour;
      context.fillRect(0, 0, canvas.width, canvas.height);
    }
    const bytes = atob(canvas.toDataURL("image/png").split(",")[1]);
    return Uint8Array.from(bytes, (letter) => letter.charCodeAt(0));
  }

  function place(event) {
    const box = mask.getBoundingClientRect();
    return [((event.clientX - box.left) * mask.width) / box.width, ((event.clientY - box.top) * mask.height) / box.height];
  }

  function change(next) {
    strokes = next;
    draw();
    handOver();
  }

  mask.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    event.preventDefault();
    mask.setPointerCapture(event.pointerId);
    const width = (size.valueAsNumber / 100) * Math.max(mask.width, mask.height);
    current = { erase: erase.getAttribute("aria-pressed") === "true", width, points: [place(event)] };
    strokes.push(current);
    drawLine(current, current.points);
  });
  mask.addEventListener("pointermove", (event) => {
    if (!current) return;
    current.points.push(place(event));
    drawLine(current, current.points.slice(-2));
  });
  for (const end of ["pointerup", "pointercancel"]) {
    mask.addEventListener(end, () => {
      if (current) handOver();
      current = null;
    });
  }
  erase.addEventListener("click", () => erase.setAttribute("aria-pressed", String(erase.getAttribute("aria-pressed") !== "true")));
  part("-undo").addEventListener("click", () => change(strokes.slice(0, -1)));
  part("-clear").addEventListener("click", () => change([]));
  form.picture.addEventListener("change", show);
  // A mask of one's own takes the place of what was painted.
  form.mask.addEventListener("change", () => {
    form.mask.dataset.painted = "";
    strokes = [];
    draw();
  });
  document.querySelector("[data-kept-picture]")?.closest("label").addEventListener("change", show);
  show();
}
