// Saving: the form leaves the page only when the desk answers and the account is signed in.
//
// First the newest state becomes a working copy, so that a save that fails loses nothing. Whatever
// goes wrong in here, the form is sent as it would be without script.

import { hide, show } from "./notices.js";
import { placeIn } from "./place.js";
import { rememberSubmitted } from "./tabs.js";

const NOTICE = "desk-not-saved";

export function guardSubmit(form, autosave) {
  let passes = false; // Whether the next submit goes to the server.
  let isBusy = false;

  form.addEventListener("submit", (event) => {
    // A form that stands inside this one, such as that of the newer text, is not ours.
    if (event.target !== form || event.defaultPrevented) return;
    if (passes) {
      passes = false;
      return;
    }
    event.preventDefault();
    if (!isBusy) save(event.submitter);
  });
  const { answered } = autosave;
  autosave.answered = (outcome) => {
    answered(outcome);
    const words = document.querySelector(`#${NOTICE} p`);
    if (words) words.textContent = "The connection is back, and your text is kept. Save it now?";
  };
  window.addEventListener("pageshow", () => {
    passes = isBusy = autosave.submitting = false;
  });

  async function save(button) {
    isBusy = true;
    autosave.submitting = true;
    hide(NOTICE);
    let outcome = { state: "odd" };
    try {
      outcome = await autosave.flush();
      while (outcome.state === "signed-out" && (await autosave.signIn())) {
        outcome = await autosave.flush();
      }
    } catch (error) {
      console.warn(error);
    }
    isBusy = false;
    autosave.submitting = false;
    const sentence = whyNot(outcome, autosave.keptHere);
    if (!sentence) {
      send(button);
      return;
    }
    if (outcome.state !== "signed-out") refuse(sentence, button);
    autosave.stay(outcome);
  }

  function send(button) {
    autosave.sentByForm = true;
    rememberSubmitted(autosave, placeIn(form));
    passes = true;
    // The button may have gone meanwhile.
    form.requestSubmit(button?.form === form && !button.disabled ? button : null);
    // Another script may have held it back.
    passes = false;
  }

  function refuse(sentence, button) {
    const again = document.createElement("button");
    again.type = "button";
    again.className = "button";
    again.textContent = "Try again";
    again.addEventListener("click", () => save(button));
    const words = document.createElement("p");
    words.textContent = sentence;
    show(NOTICE, [words, again], { kind: "stop" });
    again.focus();
  }
}

// Returns why a form must stay on the page, or nothing if it may be sent.
function whyNot({ state, error, trouble }, keptHere) {
  const kept = keptHere
    ? "Your text is kept on this computer."
    : "This browser could not keep your text: do not close this tab.";
  switch (state) {
    case "failed":
      return trouble
        ? `Not saved: the desk is in trouble and takes nothing at the moment. ${kept}`
        : `Not saved: there is no connection to the desk. ${kept}`;
    case "signed-out":
      return "Not saved: you are signed out.";
    case "gone":
      return `Not saved: this was deleted while you had it open. ${kept}`;
    case "refused":
      return `Not saved. ${error || "The desk does not let this account change it."} ${kept}`;
    default:
      // Kept, or something that the server's own page explains better.
      return "";
  }
}
