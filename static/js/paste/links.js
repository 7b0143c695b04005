// Links within the text.

import { footnotes, writeNotes } from "./footnotes.js";
import { decoded, unwrap } from "./tree.js";

const HEADINGS = "h1, h2, h3, h4, h5, h6";

function goalOf(text, link) {
  const href = (link.getAttribute("href") ?? "").trim();
  if (href.startsWith("#")) return decoded(href.slice(1));
  const ours = [window.location.origin, text.tables.site, ""].some((origin) =>
    /^\/admin(?:[/?#]|$)/.test(href.startsWith(origin) ? href.slice(origin.length) : ""),
  );
  if (!ours && !/^(?:file|about|blob):/i.test(href)) return null;
  return href.includes("#") ? decoded(href.slice(href.indexOf("#") + 1)) : "";
}

export function links(text) {
  const named = new Map();
  for (const each of text.all("[id], [name]")) {
    for (const name of [each.id, each.getAttribute("name")]) {
      if (name && !named.has(name)) named.set(name, each);
    }
  }
  const goals = new Map();
  for (const link of text.all("a[href]")) {
    const goal = goalOf(text, link);
    if (goal !== null) goals.set(link, goal);
  }
  const notes = text.tables.short ? [] : footnotes(text, goals, named);
  const done = new Set(notes.flatMap((note) => [...note.marks, ...note.back]));
  for (const [link, goal] of goals) {
    if (done.has(link)) continue;
    const heading = named.get(goal)?.closest(HEADINGS);
    if (heading) {
      if (!heading.id) heading.id = goal;
      link.setAttribute("href", `#${heading.id}`);
    } else if (/^s-./.test(goal) || (goal && text.knows(goal))) {
      // The anchor that a heading will get, or that a heading in the text has already.
      link.setAttribute("href", `#${goal}`);
    } else {
      text.lose("link", link.textContent);
      unwrap(link);
    }
  }
  writeNotes(text, notes);
}
