// Adds the device's own share dialog and a copy button to the plain share links.

for (const box of document.querySelectorAll("[data-share]")) {
  const { url, title } = box.dataset;
  const native = box.querySelector("[data-share-native]");
  const copy = box.querySelector("[data-share-copy]");
  const said = box.querySelector("[data-share-said]");

  if (navigator.share) {
    native.parentElement.hidden = false;
    native.addEventListener("click", async () => {
      try {
        await navigator.share({ url, title });
      } catch {
        // The reader closed the dialog; there is nothing to do.
      }
    });
  }

  // Browsers have no clipboard for pages without HTTPS; then the button stays hidden.
  if (navigator.clipboard) {
    copy.parentElement.hidden = false;
    copy.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(url);
        said.textContent = "The link is copied.";
      } catch {
        said.textContent = `Copy this address: ${url}`;
      }
    });
  }
}
