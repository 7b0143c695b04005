// Who is signed in on this page of the desk, and the CSRF token of its forms.

const tag = document.getElementById("desk-account");

// Null where nobody is.
export const account = tag && {
  pk: tag.dataset.account,
  username: tag.dataset.username,
  name: tag.dataset.name,
  signIn: tag.dataset.signIn,
};

const TOKENS = "input[name=csrfmiddlewaretoken]";

export function token() {
  return document.querySelector(TOKENS)?.value ?? "";
}

// A new token makes all others of this browser worthless, so every form of the page gets it, and
// the other tabs do.
export function takeToken(value) {
  replaceTokens(value);
  channel?.postMessage({ account: account.pk, token: value });
}

function replaceTokens(value) {
  for (const input of document.querySelectorAll(TOKENS)) input.value = value;
}

let channel = null;
const listeners = [];

// Calls back when this account has signed in again in another tab.
export function onSignInElsewhere(callback) {
  listeners.push(callback);
}

function listen() {
  if (!account || !window.BroadcastChannel) return;
  channel = new BroadcastChannel("desk-sign-in");
  channel.addEventListener("message", ({ data }) => {
    if (data.account !== account.pk) return;
    replaceTokens(data.token);
    for (const callback of listeners) callback();
  });
}

listen();
// With an open channel, a browser does not keep the page for Back.
window.addEventListener("pagehide", () => channel?.close());
window.addEventListener("pageshow", ({ persisted }) => persisted && listen());
