// The desk's answers to a form, each as {state: …}.
//
// The server says "kept", "settled", "signed-out", "refused", "gone". Besides these there are:
// "failed" (no connection, or with `trouble` a server that fails: try again), "too-large", and "odd" for an
// answer that was not foreseen.

import { account, takeToken, token } from "./account.js";

const LONGEST = 60_000; // ms; then the connection counts as gone.

export async function request(url, { body, keepalive = false, signal } = {}) {
  const ending = new AbortController();
  const end = () => ending.abort();
  const timer = setTimeout(end, LONGEST);
  signal?.addEventListener("abort", end);
  try {
    const response = await fetch(url, {
      method: body ? "POST" : "GET",
      body,
      keepalive,
      credentials: "same-origin",
      headers: { Accept: "application/json" },
      // The admin redirects to its sign-in page, which would look like a success.
      redirect: "manual",
      signal: ending.signal,
    });
    return await stateOf(response);
  } catch {
    return { state: "failed" };
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", end);
  }
}

async function stateOf(response) {
  const { status } = response;
  if (response.type === "opaqueredirect" || status === 401) return { state: "signed-out" };
  // What stands before a server says these three while it is away.
  if ([502, 503, 504, 408].includes(status)) return { state: "failed" };
  if (status >= 500 || status === 429) return { state: "failed", trouble: true };
  if (status === 413) return { state: "too-large" };
  const isJson = response.headers.get("Content-Type")?.startsWith("application/json");
  const answer = isJson ? await response.json() : null;
  if (response.ok) return answer ?? { state: "odd" };
  // Django's page about a wrong CSRF token, or that of somebody who may not do this.
  if (status === 403 && !answer) return { state: "forbidden" };
  if (status === 410) return { ...answer, state: "gone" };
  return answer?.state ? answer : { state: "odd" };
}

// Asks about the form of a tab; the address may have a query already.
export function addressOf(address, tab) {
  const url = new URL(address, location.href);
  url.searchParams.set("tab", tab);
  return url.href;
}

// Sends a form as a working copy. `copy` is as in store.js, its pairs ready to be sent.
export async function sendCopy(copy, options = {}) {
  const body = bodyOf(copy);
  const outcome = await request(copy.url, { ...options, body });
  if (outcome.state !== "forbidden") return outcome;
  const renewed = await renewToken(options);
  if (renewed.state !== "signed-in") return renewed;
  const second = await request(copy.url, { ...options, body: bodyOf(copy) });
  return second.state === "forbidden" ? { state: "refused", error: "" } : second;
}

export function bodyOf({ pairs, account: owner, tab, number, base }) {
  const body = new URLSearchParams(pairs);
  body.set("_account", owner);
  body.set("_tab", tab);
  body.set("_number", number);
  body.set("_base", base);
  body.set("csrfmiddlewaretoken", token());
  return body;
}

// Asks for a token that is worth something, if the account is still signed in. Somebody may have
// signed in again in another tab, which makes the tokens of this one worthless.
export async function renewToken(options = {}) {
  const body = new URLSearchParams({ _account: account.pk });
  const outcome = await request(account.signIn, { ...options, body });
  if (outcome.state === "signed-in") takeToken(outcome.token);
  return outcome;
}
