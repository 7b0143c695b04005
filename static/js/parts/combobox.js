// A field under which fitting entries are listed while somebody types, and by the arrow keys one of
// them is taken (the pattern "combobox" of the ARIA practices).

import { say } from "./voice.js";

const PAUSE = 150; // ms after a key, before it is asked
let number = 0;

// `find(words, signal)` resolves to entries {label, note, isNew, …}, or to null if it does not look; `choose(entry)` takes one.
// Backspace in the empty field calls `back`.
export function combobox(input, { find, choose, back = () => {}, none = "Nothing fits" }) {
  const list = document.createElement("ul");
  let entries = [];
  let at = -1;
  let waiting = 0;
  let asking = null;
  let answered = ""; // What the list was made for.

  number += 1;
  list.id = `combobox-${number}`;
  list.className = "combo__list";
  list.hidden = true;
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", input.getAttribute("aria-label") ?? input.labels?.[0]?.textContent ?? "");
  input.after(list);
  input.setAttribute("role", "combobox");
  input.setAttribute("aria-autocomplete", "list");
  input.setAttribute("aria-expanded", "false");
  input.setAttribute("aria-controls", list.id);
  input.autocomplete = "off";

  function close() {
    clearTimeout(waiting);
    asking?.abort();
    asking = null;
    list.hidden = true;
    list.replaceChildren();
    entries = [];
    at = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  }

  function mark(place) {
    list.children[at]?.setAttribute("aria-selected", "false");
    at = place;
    const option = list.children[at];
    if (!option) return input.removeAttribute("aria-activedescendant");
    option.setAttribute("aria-selected", "true");
    option.scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", option.id);
  }

  function show(found) {
    entries = found ?? [];
    at = -1;
    list.replaceChildren(...entries.map((entry, place) => option(entry, `${list.id}-${place}`)));
    if (found?.length === 0 && input.value.trim()) list.append(nothing());
    list.hidden = list.children.length === 0;
    input.setAttribute("aria-expanded", String(!list.hidden));
    list.scrollIntoView({ block: "nearest" });
    if (entries.length) mark(0);
    else if (!list.hidden) say(none);
  }

  async function ask() {
    clearTimeout(waiting);
    asking?.abort();
    const mine = new AbortController();
    asking = mine;
    const found = await find(input.value.trim(), mine.signal);
    // A later key, or Esc, has asked something else.
    if (asking !== mine || document.activeElement !== input) return;
    show(found);
    answered = input.value;
  }

  function later() {
    clearTimeout(waiting);
    waiting = setTimeout(ask, PAUSE);
  }

  function take(entry) {
    close();
    input.value = "";
    choose(entry);
  }

  input.addEventListener("input", (event) => {
    // What is typed here is no part of the form.
    event.stopPropagation();
    later();
  });
  input.addEventListener("change", (event) => event.stopPropagation());
  input.addEventListener("blur", close);
  input.addEventListener("click", () => list.hidden && ask());
  input.addEventListener("keydown", async (event) => {
    if (event.isComposing) return;
    const { key } = event;
    if (key === "ArrowDown" || key === "ArrowUp") {
      event.preventDefault();
      if (list.hidden) return ask();
      if (!entries.length) return;
      const step = key === "ArrowDown" ? 1 : -1;
      mark((at + step + entries.length) % entries.length);
    } else if (key === "Enter") {
      event.preventDefault();
      event.stopPropagation();
      if (!list.hidden && answered === input.value && entries[at]) return take(entries[at]);
      if (!input.value.trim()) return;
      // Enter came before the answer.
      await ask();
      if (entries[0]) take(entries[0]);
    } else if (key === "Escape" && !list.hidden) {
      event.preventDefault();
      event.stopPropagation();
      close();
    } else if (key === "Backspace" && input.value === "") {
      back();
    }
  });
  list.addEventListener("pointerdown", (event) => event.preventDefault()); // The focus stays.
  list.addEventListener("click", (event) => {
    const place = [...list.children].indexOf(event.target.closest("[role=option]"));
    if (entries[place]) take(entries[place]);
  });

  function nothing() {
    const made = document.createElement("li");
    made.className = "combo__option combo__option--none";
    made.setAttribute("role", "option");
    made.setAttribute("aria-disabled", "true");
    made.textContent = none;
    return made;
  }

  function option(entry, id) {
    const made = document.createElement("li");
    made.id = id;
    made.setAttribute("role", "option");
    made.setAttribute("aria-selected", "false");
    made.className = entry.isNew ? "combo__option combo__option--new" : "combo__option";
    made.append(part("combo__label", entry.label));
    if (entry.note) made.append(" ", part("combo__note", entry.note));
    return made;
  }

  return { close };
}

function part(name, words) {
  const made = document.createElement("span");
  made.className = name;
  made.textContent = words;
  return made;
}
