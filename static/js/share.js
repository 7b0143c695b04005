// Adds the device's own share dialog and a copy button to the plain share links.

for (const box of document.querySelectorAll("[data-share]")) {
  const { url, title } = box.dataset;
  const said = box.querySelector("[data-share-said]");
  if (!said) continue;

  const ask = async (event) => {
    event.preventDefault();
    try {
      await navigator.share({ url, title });
    } catch {
      // The reader closed the dialog; there is nothing to do.
    }
  };

  if (navigator.share) {
    const native = box.querySelector("[data-share-native]");
    native.parentElement.hidden = false;
    native.addEventListener("click", ask);
    box.querySelector("[data-share-link]").addEventListener("click", ask);
  }

  // Browsers have no clipboard for pages without HTTPS; then the buttons stay hidden.
  for (const copy of navigator.clipboard ? box.querySelectorAll("[data-share-copy]") : []) {
    copy.parentElement.hidden = false;
    copy.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(url);
        said.textContent = "The link is copied.";
        copy.textContent = "Copied";
      } catch {
        said.textContent = `Copy this address: ${url}`;
      }
    });
  }
}
