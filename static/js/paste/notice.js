// One line below the text says what a paste has left out; it opens, and names each thing.
// A picture that is missing has a button that leads to its place.

import { say } from "../parts/voice.js";
import { lineOf, sentencesOf } from "./losses.js";
import { goTo } from "./missing.js";

const PAUSE = 300; // ms: a paste is translated several times, and is told of once.
const GONE = "That place is no longer in the text.";

const waiting = new Map(); // Editor -> what was lost and is not told yet.
const shown = new Map(); // Editor -> its notice, until somebody closes it.

// A loss is {kind, name, place, address, reason}: `place` and what follows only of a picture.
export function tell(editor, losses, { isPasted = false } = {}) {
  if (!losses.length) return;
  if (!waiting.has(editor)) {
    waiting.set(editor, { losses: [], isPasted: false });
    window.setTimeout(() => {
      const found = waiting.get(editor);
      waiting.delete(editor);
      show(editor, found);
    }, PAUSE);
  }
  const found = waiting.get(editor);
  found.losses.push(...losses);
  found.isPasted ||= isPasted;
}

function show(editor, { losses, isPasted }) {
  const before = shown.get(editor);
  // A picture that is missing is named until the notice is closed.
  const missing = before?.losses.filter(({ kind }) => kind === "picture") ?? [];
  const all = [...missing, ...losses];
  const line = lineOf(all, isPasted || Boolean(before?.isPasted && missing.length));
  const notice = made("div", "pasted");
  const box = made("details", "pasted__box");
  const list = made("ul", "pasted__list");
  for (const each of sentencesOf(editor.config.foreign.sentences, all)) {
    const item = made("li", "", each.words);
    if (each.kind === "picture") item.append(picturesOf(editor, each.losses));
    list.append(item);
  }
  box.open = Boolean(before?.notice.querySelector("details").open);
  box.append(made("summary", "pasted__line", line), list);
  const close = made("button", "pasted__close");
  close.type = "button";
  close.setAttribute("aria-label", "Close what was left out");
  close.addEventListener("click", () => {
    forget(editor);
    editor.focus();
  });
  notice.append(box, close);
  notice.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    forget(editor);
    editor.focus();
  });
  before?.notice.remove();
  editor.container.$.after(notice);
  shown.set(editor, { notice, losses: all, isPasted });
  say(line);
}

export function forget(editor) {
  shown.get(editor)?.notice.remove();
  shown.delete(editor);
}

function picturesOf(editor, losses) {
  const list = made("ul", "pasted__pictures");
  losses.forEach(({ name, place, address, reason }, order) => {
    const called = name ? `“${name}”` : `Picture ${order + 1}`;
    const item = made("li", "", reason ? `${called}: ${reason} ` : `${called} `);
    if (place) item.append(jumpTo(editor, place, called), " ");
    if (address) item.append(linkTo(address, called));
    if (place) list.append(item);
  });
  return list;
}

function jumpTo(editor, place, called) {
  const jump = made("button", "pasted__jump", "Show the place");
  jump.type = "button";
  jump.append(made("span", "visually-hidden", ` of ${called}`));
  jump.addEventListener("click", () => {
    if (goTo(editor, place)) return;
    jump.disabled = true;
    jump.textContent = GONE;
    say(GONE);
  });
  return jump;
}

// What lies on another site can be fetched from there, by hand.
function linkTo(address, called) {
  const link = made("a", "", "Open the picture");
  link.append(made("span", "visually-hidden", ` ${called} in a new tab`));
  Object.assign(link, { href: address, target: "_blank", rel: "noopener noreferrer" });
  return link;
}

function made(name, className, words = "") {
  const element = document.createElement(name);
  if (className) element.className = className;
  element.textContent = words;
  return element;
}
