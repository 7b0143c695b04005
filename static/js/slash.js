// The key "/" leads to the search field, unless the reader is typing or has switched it off on the
// search page. A single key must be possible to switch off (WCAG 2.1.4).

const KEY = "slash";
const field = document.querySelector("input[type=search]");
const link = document.querySelector(".masthead a[href$='/search/']");
const note = document.querySelector("[data-slash]");
const button = note?.querySelector("button");
let off = false;

try {
  off = localStorage.getItem(KEY) === "off";
} catch {
  // Storage is disabled: the switch holds for this page only.
}

const show = () => {
  note.hidden = false;
  button.textContent = off ? "Switch it on" : "Switch it off";
};

if (button) {
  show();
  button.addEventListener("click", () => {
    off = !off;
    show();
    try {
      if (off) localStorage.setItem(KEY, "off");
      else localStorage.removeItem(KEY);
    } catch {
      // See above.
    }
  });
}

addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (off || event.target.closest?.("input, textarea, select, [contenteditable]")) return;
  event.preventDefault();
  if (field) field.select();
  else if (link) location.assign(`${link.href}#q`);
});
