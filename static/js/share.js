// Adds to the plain share links what this device can do: its own share sheet, and copying.

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
        // The reader closed the sheet: nothing to say.
      }
    });
  }

  // Only offered where it works: browsers give no clipboard to pages without HTTPS.
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
