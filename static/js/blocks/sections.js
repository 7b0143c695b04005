// Key points and case examples: a section around one or more paragraphs and lists.

import { around, emptyParagraph, isEmpty, keepLineAfter, placeCursor, topLevel } from "./dom.js";

const CKEDITOR = window.CKEDITOR;

// The first has a list, because points are one.
const SECTIONS = [
  { name: "key-points", command: "keypoints", button: "KeyPoints", label: "Key points", list: true },
  { name: "case-example", command: "caseexample", button: "CaseExample", label: "Case example" },
];

export function sectionAround(editor) {
  return around(editor, "section");
}

export function sections(editor) {
  for (const section of SECTIONS) {
    editor.addCommand(section.command, {
      contextSensitive: true,
      exec: () => toggle(editor, section),
      refresh(_, path) {
        const here = path.contains("section")?.hasClass(section.name);
        this.setState(here ? CKEDITOR.TRISTATE_ON : CKEDITOR.TRISTATE_OFF);
      },
    });
    editor.ui.addButton(section.button, { label: section.label, command: section.command });
  }
}

function toggle(editor, { name, list }) {
  const here = sectionAround(editor);
  if (here?.hasClass(name)) {
    unwrap(editor, here);
  } else if (here) {
    for (const each of SECTIONS) here.removeClass(each.name);
    here.addClass(name);
  } else {
    wrap(editor, name, list);
  }
  editor.selectionChange(true);
}

// The paragraphs of a section stay.
export function unwrap(editor, section) {
  const bookmarks = editor.getSelection().createBookmarks();
  section.remove(true);
  editor.getSelection().selectBookmarks(bookmarks);
}

function wrap(editor, name, list) {
  const selection = editor.getSelection();
  const range = selection.getRanges()[0];
  if (!range) return;
  const first = topLevel(editor, range.startContainer);
  const last = topLevel(editor, range.endContainer);
  const section = new CKEDITOR.dom.element("section", editor.document);
  section.addClass(name);
  if (!first || !last) {
    editor.editable().append(section);
    fill(editor, section, list);
    return;
  }
  const bookmarks = selection.createBookmarks();
  section.insertBefore(first);
  for (let part = first; part; ) {
    const next = part.equals(last) ? null : part.getNext();
    section.append(part);
    part = next;
  }
  selection.selectBookmarks(bookmarks);
  if (isEmpty(section)) {
    section.setHtml("");
    fill(editor, section, list);
  } else {
    keepLineAfter(editor, section);
  }
}

// A new one has an empty line, in which the cursor stands.
function fill(editor, section, list) {
  if (list) {
    const points = section.append(new CKEDITOR.dom.element("ul", editor.document));
    points.append(new CKEDITOR.dom.element("li", editor.document)).appendBogus();
  } else {
    section.append(emptyParagraph(editor));
  }
  keepLineAfter(editor, section);
  placeCursor(editor, section);
}
