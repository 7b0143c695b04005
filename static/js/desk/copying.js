// Copies a text that is shown once.

for (const place of document.querySelectorAll("[data-copying]")) {
  const text = place.querySelector("[data-copying-text]");
  const button = place.querySelector("[data-copying-button]");
  const said = place.querySelector("[data-copying-said]");
  text.addEventListener("focus", () => text.select());
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text.value);
      said.textContent = "Copied";
    } catch {
      // Not over plain HTTP, or not allowed: chosen, so that one key copies it.
      text.focus();
      text.select();
      said.textContent = "Press Ctrl+C";
    }
  });
}
