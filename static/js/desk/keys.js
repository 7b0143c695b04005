// Keys of every page of the desk: "/" searches, "?" shows all keys. Both are off while one types,
// and can be switched off in the list of keys.

const SWITCH = "desk-single-keys";
const dialog = document.getElementById("desk-keys");
const box = document.getElementById(SWITCH);

function areOn() {
  try {
    return localStorage.getItem(SWITCH) !== "off";
  } catch {
    return true; // Storage is forbidden: they stay on.
  }
}

function show() {
  document.body.dataset.singleKeys = areOn() ? "on" : "off";
  if (box) box.checked = areOn();
}

box?.addEventListener("change", () => {
  try {
    localStorage.setItem(SWITCH, box.checked ? "on" : "off");
  } catch {
    // It holds for this page only.
  }
  document.body.dataset.singleKeys = box.checked ? "on" : "off";
});

const TYPING = "input, textarea, select, [contenteditable], [role=textbox], .cke";

export function isTyping(target) {
  return target instanceof Element && target.closest(TYPING) !== null;
}

export function onKey(key, act) {
  document.addEventListener("keydown", (event) => {
    if (event.key !== key || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.defaultPrevented || isTyping(event.target)) return;
    if (document.body.dataset.singleKeys === "off" || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    act();
  });
}

export function showKeys() {
  dialog?.showModal();
}

show();
onKey("?", showKeys);
for (const button of document.querySelectorAll("[data-show-keys]")) {
  button.hidden = false;
  button.addEventListener("click", () => {
    button.closest("details")?.removeAttribute("open");
    showKeys();
  });
}
