// The preview in a tab of its own. The tab with the form sends what to show (preview.js).

import { PreviewFrame } from "./preview-frame.js";

const WAIT = 1500; // ms in which the form must answer

const panel = document.querySelector("#desk-preview");
const view = new PreviewFrame(panel);
const channel = new BroadcastChannel(`desk-preview:${location.hash.slice(1)}`);
let timer = 0;

function want() {
  channel.postMessage({ wants: view.kind, now: true });
  clearTimeout(timer);
  timer = setTimeout(alone, WAIT);
}

// Nobody answers: what was saved is shown, if anything was.
async function alone() {
  if (view.showing !== view.kind && "stored" in panel.dataset) {
    try {
      const response = await fetch(view.address(), { redirect: "manual", credentials: "same-origin" });
      if (!response.ok) throw new Error(String(response.status));
      const at = response.headers.get("X-Desk-Clock");
      await view.show(await response.text(), view.kind, at);
      view.say("As it was last saved: its form is not open.", "old");
      return;
    } catch {
      // Said below.
    }
  }
  view.missed("Its form is not open.");
}

channel.addEventListener("message", ({ data }) => {
  if (data.here) want();
  if (data.left) view.missed("Its form was left.");
  if (data.kind !== view.kind) return;
  clearTimeout(timer);
  if (data.missed) view.missed();
  else view.show(data.html, data.kind, data.at);
});
view.select.addEventListener("change", want);
panel.addEventListener("click", ({ target }) => target.closest("[data-again]") && want());
window.addEventListener("pageshow", ({ persisted }) => persisted && want());
window.addEventListener("pagehide", () => channel.postMessage({ gone: true }));
view.fit();
want();
