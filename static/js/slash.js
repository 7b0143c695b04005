// The key "/" leads to the search field, unless the reader is typing, or has switched it off on the
// search page (search.js): a single key must be possible to switch off (WCAG 2.1.4).

addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest?.("input, textarea, select")) return;
  try {
    if (localStorage.getItem("slash")) return;
  } catch {
    // Storage is disabled, and so is the switch.
  }
  event.preventDefault();
  const field = document.querySelector("input[type=search]");
  if (field) field.select();
  else location.assign("/search/#q");
});
