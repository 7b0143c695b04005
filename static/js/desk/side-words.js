// Words that are typed beside a form and sent by a button of their own: comments, the note of a
// review, a correction. They stay in this browser until they are sent, and stand in their field
// again when the page is opened.

import { say } from "../parts/voice.js";
import { account } from "./account.js";
import { beginningWith, opener, transact } from "./database.js";

const WORDS = "words";
const SENT = "desk-words-sent";

const open = opener("desk-words", (database) => {
  database.createObjectStore(WORDS, { keyPath: ["account", "page", "field"] });
});

// `wasSaved`: this page says that what was sent last has arrived.
export async function keepSideWords(owner, wasSaved) {
  document.addEventListener("input", ({ target }) => isAside(target) && keep(owner, target));
  document.addEventListener("submit", ({ target }) => rememberSent(target));
  try {
    const sent = takeSent();
    if (sent && wasSaved) await drop(sent.page, sent.fields);
    for (const kept of await wordsOf(owner)) bringBack(kept);
  } catch {
    // This browser keeps nothing.
  }
}

// What was typed into this field has arrived.
export function forgetWords(field) {
  return drop(location.pathname, [field]).catch(() => {});
}

// A text that autosave knows nothing of.
function isAside(target) {
  if (target.tagName !== "TEXTAREA" || !target.id || target.readOnly) return false;
  const { form } = target;
  return form?.method === "post" && !form.querySelector("[data-working-copy]");
}

function keep(owner, field) {
  const { id, value, defaultValue: base } = field;
  field.parentElement.querySelector(".words-back")?.remove();
  if (value === base) return forgetWords(id);
  const words = { account: owner, page: location.pathname, field: id, base, value };
  return transact(open, [WORDS], "readwrite", (transaction) =>
    transaction.objectStore(WORDS).put(words),
  ).catch(() => {});
}

function wordsOf(owner) {
  return transact(open, [WORDS], "readonly", (transaction, hand) => {
    const range = beginningWith(owner, location.pathname);
    const reading = transaction.objectStore(WORDS).getAll(range);
    reading.onsuccess = () => hand(reading.result);
  });
}

function drop(page, fields) {
  return transact(open, [WORDS], "readwrite", (transaction) => {
    for (const field of fields) {
      transaction.objectStore(WORDS).delete([account.pk, page, field]);
    }
  });
}

function bringBack({ field: id, base, value }) {
  const field = document.getElementById(id);
  // Somebody types there already, or the page shows what was sent.
  if (!field || !isAside(field) || field.value !== base || field.defaultValue !== base) return;
  field.value = value;
  const words = document.createElement("p");
  words.className = "words-back";
  words.textContent = "You typed this before, and it was not sent. ";
  const undo = document.createElement("button");
  undo.type = "button";
  undo.textContent = "Take it out";
  undo.addEventListener("click", () => {
    field.value = base;
    words.remove();
    forgetWords(id);
    field.focus();
  });
  words.append(undo);
  field.after(words);
  say("Words that you typed before and did not send stand in their field again.");
}

// A form that leaves the page: the next one says whether it arrived.

function rememberSent(form) {
  const fields = [...form.elements].filter(isAside).map(({ id }) => id);
  if (!fields.length) return;
  try {
    sessionStorage.setItem(SENT, JSON.stringify({ page: location.pathname, fields }));
  } catch {
    // They are offered once more.
  }
}

function takeSent() {
  try {
    const found = JSON.parse(sessionStorage.getItem(SENT));
    sessionStorage.removeItem(SENT);
    return found;
  } catch {
    return null;
  }
}
