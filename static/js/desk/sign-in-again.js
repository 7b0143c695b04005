// A window over the form, for an account whose session has ended. The form stays as it is.

import { account, onSignInElsewhere, takeToken } from "./account.js";

let asking = null;

// Resolves to whether the account is signed in again; one window serves all who ask.
export function signInAgain() {
  asking ??= ask().finally(() => {
    asking = null;
  });
  return asking;
}

const TEMPLATE = `
  <form method="dialog">
    <h2 id="desk-sign-in-title">Sign in again to go on</h2>
    <p>Your session has ended. Your text is here, untouched.</p>
    <p class="desk-sign-in__who">
      <span class="desk-sign-in__initials" aria-hidden="true"></span>
      <span><strong></strong><input name="username" autocomplete="username" readonly
        aria-label="User name"></span>
    </p>
    <label>Password <input type="password" name="password" required
      autocomplete="current-password" aria-describedby="desk-sign-in-error"></label>
    <label data-code hidden>Code from your app, or a recovery code <input name="code"
      autocomplete="one-time-code" autocapitalize="none" spellcheck="false" maxlength="40"
      aria-describedby="desk-sign-in-error"></label>
    <p id="desk-sign-in-error" class="desk-sign-in__error" role="alert"></p>
    <div class="desk-sign-in__foot">
      <button class="button default" value="go">Go on writing</button>
      <button class="button" value="later" type="button">Later</button>
    </div>
  </form>`;

function ask() {
  const dialog = document.createElement("dialog");
  dialog.className = "desk-sign-in";
  dialog.setAttribute("aria-labelledby", "desk-sign-in-title");
  dialog.innerHTML = TEMPLATE;
  const form = dialog.querySelector("form");
  const { username, password, code } = form.elements;
  dialog.querySelector(".desk-sign-in__initials").textContent = initials(account.name);
  dialog.querySelector("strong").textContent = account.name;
  username.value = account.username;
  const error = dialog.querySelector("#desk-sign-in-error");
  document.body.append(dialog);

  return new Promise((resolve) => {
    let isOver = false;

    function end(isSignedIn) {
      if (isOver) return;
      isOver = true;
      dialog.close();
      dialog.remove();
      resolve(isSignedIn);
    }

    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      if (dialog.dataset.busy) return;
      dialog.dataset.busy = "yes";
      error.textContent = "";
      const { state, sentence } = await signIn(username.value, password.value, code.value);
      delete dialog.dataset.busy;
      if (state === "signed-in") return end(true);
      if (state === "code") {
        code.closest("[data-code]").hidden = false;
        code.required = true;
        code.focus();
        return;
      }
      error.textContent = sentence;
      const wrong = code.required ? code : password;
      wrong.select();
      wrong.focus();
    });
    form.querySelector("[value=later]").addEventListener("click", () => end(false));
    // Escape.
    dialog.addEventListener("cancel", (event) => {
      event.preventDefault();
      end(false);
    });
    dialog.addEventListener("close", () => end(false));
    onSignInElsewhere(() => end(true));
    dialog.showModal();
    password.focus();
  });
}

// Returns the state of the answer, and why it did not work. "code": a second factor is asked.
async function signIn(username, password, code) {
  try {
    const response = await fetch(account.signIn, {
      method: "POST",
      body: new URLSearchParams({ username, password, code, _account: account.pk }),
      credentials: "same-origin",
      headers: { Accept: "application/json" },
    });
    const answer = await response.json();
    if (answer.state === "signed-in") takeToken(answer.token);
    return { state: answer.state, sentence: answer.error };
  } catch {
    const sentence =
      "There is no connection to the desk. Your text stays here: try again in a moment.";
    return { state: "away", sentence };
  }
}

function initials(name) {
  const words = name.split(" ").filter(Boolean);
  return [words.at(0), words.length > 1 ? words.at(-1) : ""]
    .map((word) => [...(word ?? "")][0] ?? "")
    .join("")
    .toUpperCase();
}
