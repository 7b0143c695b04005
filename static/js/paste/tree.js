// What the steps of the translation do to elements.

export function firstIn(element) {
  const first = [...element.childNodes].find((each) => each.nodeType === 1 || each.data?.trim());
  return first?.nodeType === 1 ? first : null;
}

export function styleOf(element) {
  return (element.getAttribute("style") ?? "").toLowerCase().replace(/\s+/g, "");
}

export function wordsOf(text) {
  return text.split(/\s+/).filter(Boolean).join(" ");
}

export function unwrap(element) {
  element.replaceWith(...element.childNodes);
}

export function rename(element, name) {
  const other = element.ownerDocument.createElement(name);
  for (const { name: key, value } of element.attributes) other.setAttribute(key, value);
  other.append(...element.childNodes);
  element.replaceWith(other);
}

export function wrapChildren(element, name) {
  const inner = element.ownerDocument.createElement(name);
  inner.append(...element.childNodes);
  element.append(inner);
  return inner;
}

export function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
