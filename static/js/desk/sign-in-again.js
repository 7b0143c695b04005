// A window over the form, for an account whose session has ended. The form stays as it is.

import { account, onSignInElsewhere, takeToken } from "./account.js";
import { answer, canAsk, sentenceOf } from "./passkey.js";

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
    <button type="button" class="button" data-passkey hidden>Use your passkey</button>
    <label data-code hidden><span></span> <input name="code"
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
  const passkey = dialog.querySelector("[data-passkey]");
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

    // Sends what is typed, or the answer of a passkey; returns what the desk says, if it is no end.
    async function send(typed) {
      const answered = await signIn({ username: username.value, password: password.value, ...typed });
      if (answered.state === "signed-in") return end(true);
      return answered;
    }

    async function once(work) {
      if (dialog.dataset.busy) return;
      dialog.dataset.busy = "yes";
      error.textContent = "";
      await work();
      delete dialog.dataset.busy;
    }

    function refuse(sentence, field) {
      error.textContent = sentence;
      field.select?.();
      field.focus();
    }

    // The second step: a passkey, where there is one and the browser has them, and a code.
    function showSecond({ app, passkey: question }) {
      const label = code.closest("[data-code]");
      label.hidden = false;
      passkey.hidden = !question || !canAsk;
      const words = app ? "code from your app, or a recovery code" : "recovery code";
      label.firstElementChild.textContent = `${passkey.hidden ? "A" : "Or a"} ${words}`;
      code.required = true;
      (passkey.hidden ? code : passkey).focus();
    }

    form.addEventListener("submit", (event) => {
      event.preventDefault();
      once(async () => {
        const answered = await send({ code: code.value });
        if (answered?.state === "code") showSecond(answered);
        else if (answered) refuse(answered.sentence, code.required ? code : password);
      });
    });
    passkey.addEventListener("click", () =>
      once(async () => {
        // Each question is answered once, and may be old by now: this asks for a new one.
        const asked = await send({});
        if (!asked?.passkey) return asked && refuse(asked.sentence ?? NO_PASSKEY, password);
        try {
          const answered = await send({ passkey: await answer(asked.passkey) });
          if (answered) refuse(answered.sentence, passkey);
        } catch (thrown) {
          refuse(sentenceOf(thrown), passkey);
        }
      }),
    );
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

const NO_PASSKEY = "This account has no passkey any more. Type a code.";

// Returns the desk's answer, with `sentence` for why it did not work. In the state "code" a second
// factor is asked: `app` says whether one has digits, `passkey` is the question for a passkey.
async function signIn(typed) {
  try {
    const response = await fetch(account.signIn, {
      method: "POST",
      body: new URLSearchParams({ ...typed, _account: account.pk }),
      credentials: "same-origin",
      headers: { Accept: "application/json" },
    });
    const found = await response.json();
    if (found.state === "signed-in") takeToken(found.token);
    return { ...found, sentence: found.error };
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
