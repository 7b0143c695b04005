// Footnotes, in our own writing: [^1].

import { unwrap, wordsOf } from "./tree.js";

const MARK = /^[[(]?\s{0,3}[^\s[\]()]{1,8}\s{0,3}[\])]?$/;
export const NOTE_NAME = /\[\^([^[\]\s<>]{1,30})\]/g;
const HEADINGS = "h1, h2, h3, h4, h5, h6";

export function footnotes(text, goals, named) {
  const notes = new Map();
  const back = new Map();
  const used = new Set();
  for (const [link, goal] of goals) {
    const target = named.get(goal);
    if (!target || target.matches(HEADINGS) || used.has(link)) continue;
    if (!MARK.test(wordsOf(link.textContent))) continue;
    const box = text.isInline(target) || target.localName === "p" ? text.boxOf(target) : target;
    if (!back.has(box)) {
      back.set(box, [...box.querySelectorAll("a")].filter((each) => goals.has(each)));
    }
    const block = text.blockOf(link);
    const leadBack = back.get(box).filter((each) => {
      const place = named.get(goals.get(each));
      if (!place) return false;
      if (place === block || place.contains(link) || link.contains(place)) return true;
      return text.isInline(place) && text.blockOf(place) === block;
    });
    if (box.contains(link) || !leadBack.length) continue;
    if (!notes.has(box)) {
      notes.set(box, { box, marks: [], back: new Set() });
      back.get(box).forEach((each) => used.add(each));
    }
    notes.get(box).marks.push(link);
    // Two marks of one paragraph share the link that leads back to it.
    leadBack.forEach((each) => notes.get(box).back.add(each));
  }
  return [...notes.values()];
}

export function writeNotes(text, notes) {
  const used = new Set(text.takenNames);
  for (const [, name] of text.root.innerHTML.matchAll(NOTE_NAME)) used.add(name);
  let number = 0;
  for (const { box, marks, back } of notes) {
    do number += 1;
    while (used.has(String(number)));
    // One may have gone with what stood around another.
    for (const mark of marks) {
      if (mark.isConnected) text.aloneIn(mark).replaceWith(`[^${number}]`);
    }
    for (const link of back) {
      if (link.isConnected) text.aloneIn(link).remove();
    }
    for (const part of [...box.querySelectorAll("*")]) {
      if (text.isInline(part)) continue;
      part.before(text.doc.createElement("br"));
      unwrap(part);
    }
    trim(box);
    const paragraph = text.doc.createElement("p");
    paragraph.append(`[^${number}]: `, ...box.childNodes);
    place(text, box, paragraph);
  }
}

// Puts the note's paragraph in its place; removes the line above the notes, and an empty list.
function place(text, box, paragraph) {
  let outer = box;
  while (outer.parentElement !== text.root && !othersBeside(outer).length) outer = outer.parentElement;
  const line = outer.previousElementSibling;
  if (line?.localName === "hr" && !lineAfter(line, outer)) line.remove();
  if (box.matches("li, dd") && othersBeside(box).length) {
    // Other notes are left in the list, so this one is put before it.
    box.parentElement.before(paragraph);
    box.remove();
  } else if (box.matches("td, th")) {
    box.replaceChildren(paragraph);
  } else {
    outer.replaceWith(paragraph);
  }
}

function othersBeside(node) {
  return [...node.parentElement.childNodes].filter(
    (each) => each !== node && each.localName !== "hr" && (each.nodeType === 1 || each.data?.trim()),
  );
}

function lineAfter(line, node) {
  for (let each = line.nextSibling; each && each !== node; each = each.nextSibling) {
    if (each.data?.trim()) return true;
  }
  return false;
}

function trim(box) {
  const empty = (node) => node && (node.localName === "br" || (node.nodeType !== 1 && !node.data.trim()));
  while (empty(box.firstChild)) box.firstChild.remove();
  while (empty(box.lastChild)) box.lastChild.remove();
  if (box.firstChild?.nodeType === 3) box.firstChild.data = box.firstChild.data.trimStart();
  if (box.lastChild?.nodeType === 3) box.lastChild.data = box.lastChild.data.trimEnd();
}
