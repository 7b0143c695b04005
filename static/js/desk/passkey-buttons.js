// The buttons by which a passkey answers into the form around it, on pages of the desk and of
// signing in. A form with one button of its own is sent then; one with several waits.

import { token } from "./account.js";
import { answer, canAsk, make, sentenceOf } from "./passkey.js";
import { request } from "./requests.js";

for (const part of document.querySelectorAll("[data-passkey]")) {
  const button = part.querySelector("[data-passkey-go]");
  if (button) start(part, button);
}

function start(part, button) {
  const without = part.querySelector("[data-passkey-without]");
  if (!canAsk) {
    without.firstElementChild.textContent = "This browser cannot use passkeys.";
    return;
  }
  without.hidden = true;
  button.hidden = false;
  const { form } = button;
  const field = form.querySelector("[data-passkey-answer]");
  const said = part.querySelector("[data-passkey-said]");
  const sending = form.querySelectorAll("[type=submit]");
  let isBusy = false;
  // The one thing that is asked on this page.
  if (!form.querySelector("input:not([type=hidden])")) button.focus();

  button.addEventListener("click", async () => {
    const missing = form.querySelector("input:invalid");
    if (missing) {
      missing.reportValidity();
      return;
    }
    if (isBusy) return;
    isBusy = true;
    said.textContent = "";
    try {
      const asked = await ask(part);
      if (asked.state !== "ask") {
        said.textContent = asked.error || SENTENCES[asked.state] || SENTENCES.failed;
        return;
      }
      const isNew = "passkeyNew" in part.dataset;
      field.value = await (isNew ? make : answer)(asked.options);
      if (sending.length < 2) form.requestSubmit(sending[0]);
      else said.textContent = "Your passkey has answered. Now press what you want to do.";
    } catch (error) {
      said.textContent = sentenceOf(error);
    } finally {
      isBusy = false;
    }
  });
}

const SENTENCES = {
  "signed-out": "Your session has ended. Sign in again in another tab, then press this once more.",
  failed: "The desk does not answer. Try again in a moment, or use another way.",
  forbidden: "This page is too old. Reload it.",
};

function ask(part) {
  const body = new URLSearchParams({ csrfmiddlewaretoken: token() });
  if ("passkeyNew" in part.dataset) body.set("new", "yes");
  return request(part.dataset.passkey, { body });
}
