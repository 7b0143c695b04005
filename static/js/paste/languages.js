// Languages and directions, on the elements that may carry them.

import { wrapChildren } from "./tree.js";

export function languages(text, element, lang, direction) {
  const page = text.tables.language;
  const given = element.getAttribute("lang") ?? "";
  const said = given.split("-")[0].toLowerCase();
  if (!given || !allows(text, "lang", given) || (said === lang && lang === page)) {
    element.removeAttribute("lang");
  } else {
    lang = said;
  }
  const way = (element.getAttribute("dir") ?? "").toLowerCase();
  if (!allows(text, "dir", way) || (way === "ltr" && direction === "ltr")) {
    element.removeAttribute("dir");
  } else {
    element.setAttribute("dir", way);
    direction = way;
  }
  for (const { name, value } of [...element.attributes]) {
    if (text.tables.values[name] && !allows(text, name, value)) element.removeAttribute(name);
  }
  if (!text.tables.carriesLanguage.includes(element.localName)) handDown(text, element);
  for (const child of [...element.children]) languages(text, child, lang, direction);
}

function allows(text, name, value) {
  return new RegExp(`^(?:${text.tables.values[name]})$`).test(value);
}

function handDown(text, element) {
  const kept = ["lang", "dir"].filter((name) => element.hasAttribute(name));
  const values = kept.map((name) => [name, element.getAttribute(name)]);
  if (!kept.length) return;
  kept.forEach((name) => element.removeAttribute(name));
  const say = (node) =>
    values.forEach(([name, value]) => node.hasAttribute(name) || node.setAttribute(name, value));
  if (text.isInline(element)) {
    say(wrapChildren(element, "span"));
    return;
  }
  for (const child of [...element.childNodes]) {
    if (child.nodeType === 1) {
      say(child);
    } else if (child.data?.trim()) {
      const span = text.doc.createElement("span");
      child.replaceWith(span);
      span.append(child);
      say(span);
    }
  }
}
