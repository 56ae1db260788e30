// Small manners that HTML has no words for: sliders that say their value, copy buttons, menus that close, rows to add,
// pictures that open large.
"use strict";

function showValue(slider) {
  const output = document.getElementById(slider.dataset.output);
  if (output) output.textContent = slider.value + (slider.dataset.unit || "");
}

async function copy(button) {
  await navigator.clipboard.writeText(button.dataset.copy);
  const label = button.querySelector("[data-copy-label]") || button;
  const before = label.textContent;
  label.textContent = button.dataset.copied;
  setTimeout(() => { label.textContent = before; }, 1500);
}

// A repeatable list holds a <template> of one row; every row has a button that removes it.
function addRow(button) {
  const list = document.getElementById(button.dataset.addRow);
  const row = list.querySelector("template").content.cloneNode(true);
  list.append(row);
  list.lastElementChild.querySelector("input")?.focus();
}

function removeRow(button) {
  const row = button.closest("[data-row]");
  const list = row.parentElement;
  row.remove();
  const add = document.querySelector(`[data-add-row="${list.id}"]`);
  if (add) add.focus();
}

// Escape closes the dialog and gives the focus back to the link: browsers do that by themselves.
function openPicture(link, event) {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const dialog = document.getElementById(link.dataset.openPicture);
  const small = link.querySelector("img");
  const large = document.createElement("img");
  large.src = small.src;
  large.alt = small.alt;
  dialog.querySelector("[data-picture]").replaceChildren(large);
  dialog.querySelector("[data-caption]").textContent = small.alt;
  dialog.showModal();
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-open-picture]");
  if (link) openPicture(link, event);
  const button = event.target.closest("[data-copy], [data-add-row], [data-remove-row]");
  for (const menu of document.querySelectorAll("details[data-menu][open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
  if (!button) return;
  if (button.dataset.copy !== undefined) copy(button);
  if (button.dataset.addRow !== undefined) addRow(button);
  if (button.dataset.removeRow !== undefined) removeRow(button);
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details[data-menu][open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

document.addEventListener("input", (event) => {
  if (event.target.dataset.output) showValue(event.target);
});

// Pressing a paid button twice must not order twice while the first answer is on its way.
document.addEventListener("submit", (event) => {
  const button = event.submitter;
  if (!button || !button.hasAttribute("data-once")) return;
  if (button.dataset.sent) event.preventDefault();
  button.dataset.sent = "yes";
  button.setAttribute("aria-disabled", "true");
});

// A page that the back button restores has its buttons back.
window.addEventListener("pageshow", () => {
  for (const button of document.querySelectorAll("[data-once]")) {
    delete button.dataset.sent;
    button.removeAttribute("aria-disabled");
  }
});

for (const slider of document.querySelectorAll("input[data-output]")) showValue(slider);
