// Files that were chosen in a form and not uploaded yet. The server's working copies have none, so
// they stay in this browser, and are chosen again when the form comes back.

import { say } from "../parts/voice.js";
import * as store from "./store.js";
import { ifAbandoned } from "./tabs.js";

const KEPT_FOR = 30 * 24 * 3600 * 1000; // ms

export function keepChosenFiles(form, autosave) {
  form.addEventListener("change", ({ target }) => {
    if (target.type !== "file" || !target.name) return;
    // A browser that takes no files still has the text.
    store.keepFiles(autosave.copy(), target.name, [...target.files]).catch(() => {});
  });
}

// Chooses again what was chosen in this form: in this tab, if `tab` says so, or in one that ended.
// `wasSent`: the server has had the files, and keeps some of them.
export async function chooseAgain(form, autosave, tab, { wasSent = Boolean(tab) } = {}) {
  try {
    const found = await store.filesOf(autosave.account, autosave.object);
    found.sort((one, other) => other.time - one.time);
    for (const kept of found) {
      if (tab ? kept.tab === tab : await ifAbandoned(kept.tab, () => true)) {
        await choose(form, autosave, kept, wasSent);
      }
    }
  } catch (error) {
    console.warn(error);
  }
}

async function choose(form, autosave, { tab, name, files }, wasSent) {
  const input = form.elements.namedItem(name);
  if (input?.type !== "file" || input.files.length) return;
  // The server keeps such a file even if the form has errors elsewhere.
  if (wasSent && "keptAtOnce" in input.dataset) return;
  const chosen = new DataTransfer();
  for (const file of files) chosen.items.add(file);
  input.files = chosen.files;
  if (tab !== autosave.tab) await store.dropFiles({ ...autosave.copy(), tab });
  input.dispatchEvent(new Event("change", { bubbles: true }));
  say(`${files.map((file) => file.name).join(", ")} is chosen again.`);
}

// In every tab, whoever was signed in.
export function forgetOldFiles() {
  return store.dropOldFiles(Date.now() - KEPT_FOR).catch(() => {});
}

export function forgetFiles(sent) {
  return store.dropFiles(sent).catch(() => {});
}
