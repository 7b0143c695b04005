// Who else has this form open, and whether it was saved meanwhile.

import { say } from "../parts/voice.js";
import { hide, paragraph, show, strong } from "./notices.js";
import { addressOf, request } from "./requests.js";
import { whereOpen } from "./tabs.js";

const EVERY = 15_000; // ms, while the page is seen
const NAMED = 3; // people; more are counted
const PLACES = {
  here: "You have this open in another tab.",
  elsewhere: "You have this open in another browser too.",
};
const OTHERS = "desk-presence";
const CHANGED = "desk-changed";

export function watchPresence(autosave) {
  let timer = null;

  async function ask() {
    clearTimeout(timer);
    if (document.visibilityState !== "visible") return;
    autosave.look();
    const outcome = await request(addressOf(autosave.presence, autosave.tab));
    if (outcome.others) showOthers(outcome);
    clearTimeout(timer);
    timer = setTimeout(ask, EVERY);
  }

  document.addEventListener("visibilitychange", ask);
  window.addEventListener("pageshow", ({ persisted }) => persisted && ask());
  ask();
}

// `answer` is {others, changed}, and with `changed`, if the server says so, {saved: {name, at}}.
export async function showOthers(answer) {
  const others = answer.others ?? [];
  const people = others.filter((other) => !other.self);
  const lines = people.slice(0, NAMED).map(line);
  if (people.length > NAMED) {
    lines.push(paragraph(`And ${people.length - NAMED} more have it open.`));
  }
  if (people.length) {
    lines.push(
      paragraph(
        "Nothing is overwritten: different parts are put together, and you are asked about the " +
          "same paragraph.",
      ),
    );
  }
  const own = PLACES[await whereOpen(others.find((other) => other.self)?.tabs ?? [])];
  if (own) lines.push(paragraph(strong(own), " Nothing is overwritten."));
  if (lines.length) show(OTHERS, lines);
  else hide(OTHERS);
  sayOnce(people.map((other) => `${other.name} is editing this too.`));

  if (answer.changed) {
    const { name, self, at } = answer.saved ?? {};
    const words = name
      ? `${self ? "You, in another tab," : name} saved a newer version at ${at}.`
      : "A newer version was saved meanwhile.";
    show(CHANGED, [paragraph(strong(words), " When you save, both are put together.")]);
    sayOnce([`${words} When you save, both are put together.`]);
  } else {
    hide(CHANGED);
  }
}

function line({ name, seconds }) {
  return paragraph(strong(`${name} is editing this too.`), ` Last change ${ago(seconds)}.`);
}

export function ago(seconds) {
  if (seconds < 60) return `${Math.round(seconds)} s ago`;
  if (seconds < 3600) return `${Math.round(seconds / 60)} min ago`;
  return `${Math.round(seconds / 3600)} h ago`;
}

const said = new Set();

function sayOnce(sentences) {
  const fresh = sentences.filter((sentence) => !said.has(sentence));
  for (const sentence of fresh) said.add(sentence);
  if (fresh.length) say(fresh.join(" "));
}
