// Footnotes: the text keeps [^name] and a paragraph "[^name]: …" (posts/text/structure.py). The
// editor shows each mark as its number, in the order of the text.

import { around, isEmpty, isPart, placeCursor } from "./dom.js";

const CKEDITOR = window.CKEDITOR;
const MARK = /\[\^([^[\]\s<>]{1,30})\]/g;
// A mark within code is code, and within a link there can be no other link.
const NO_MARKS = ["pre", "code", "a"];

export function footnotes(editor) {
  editor.widgets.add("note", {
    draggable: false,
    pathName: "footnote",
    template: '<span class="note-mark"></span>',
    init() {
      if (!this.data.name) this.setData("name", nameIn(this.element));
      this.on("key", (event) => {
        if (event.data.keyCode !== 13) return;
        event.stop();
        event.cancel();
        jump(editor, this);
      });
      this.on("doubleclick", (event) => {
        event.stop();
        event.cancel();
        jump(editor, this);
      });
    },
    downcast() {
      return new CKEDITOR.htmlParser.text(`[^${this.data.name}]`);
    },
  });

  editor.on("pluginsLoaded", () => {
    editor.dataProcessor.dataFilter.addRules({
      text(text, node) {
        if (!text.includes("[^")) return text;
        for (let each = node.parent; each; each = each.parent) {
          if (NO_MARKS.includes(each.name)) return text;
        }
        return text.replace(MARK, (_, name) => {
          const mark = new CKEDITOR.htmlParser.element("span", { class: "note-mark" });
          mark.add(new CKEDITOR.htmlParser.text(name));
          return editor.widgets.wrapElement(mark, "note").getOuterHtml();
        });
      },
    });
  });

  editor.addCommand("footnote", {
    contextSensitive: true,
    exec: () => insert(editor),
    refresh(_, path) {
      const closed = path.contains(NO_MARKS);
      this.setState(closed ? CKEDITOR.TRISTATE_DISABLED : CKEDITOR.TRISTATE_OFF);
    },
  });
  editor.ui.addButton("Footnote", { label: "Footnote", command: "footnote" });

  let waiting = 0;
  const soon = () => {
    waiting ||= window.setTimeout(() => {
      waiting = 0;
      number(editor);
    }, 60);
  };
  for (const name of ["change", "dataReady", "contentDom", "afterPaste"]) editor.on(name, soon);
}

// What stands in a mark as it comes in, the character that holds a line open not counted in.
function nameIn(element) {
  return element.getText().replace(/\u200b/g, "").trim();
}

function marksIn(editor) {
  if (editor.mode !== "wysiwyg") return [];
  const marks = Object.values(editor.widgets.instances).filter(
    ({ name, wrapper }) => name === "note" && editor.editable().contains(wrapper),
  );
  const position = CKEDITOR.POSITION_FOLLOWING;
  return marks.sort((one, other) => (one.wrapper.getPosition(other.wrapper) & position ? 1 : -1));
}

// A note begins with its own mark and a colon.
function isNote({ wrapper }) {
  const block = wrapper.getParent();
  if (!block.is("p")) return false;
  let before = "";
  for (let node = wrapper.getPrevious(); node && !node.is?.("br"); node = node.getPrevious()) {
    before += node.getText();
  }
  const after = wrapper.getNext()?.getText() ?? "";
  return !before.replace(/[\s\u200b]/g, "") && /^[\s\u200b]*:/.test(after);
}

function number(editor) {
  const marks = marksIn(editor);
  if (!marks.length) return;
  const numbers = new Map();
  const notes = new Set();
  for (const mark of marks) {
    if (isNote(mark)) notes.add(mark);
    else if (!numbers.has(mark.data.name)) numbers.set(mark.data.name, numbers.size + 1);
  }
  const defined = new Set([...notes].map((mark) => mark.data.name));
  const wrong = [];
  for (const mark of marks) {
    const own = numbers.get(mark.data.name);
    const [text, title] = notes.has(mark)
      ? [own ?? "?", own ? `Footnote ${own}. Enter leads back to the text.` : "Nothing in the text mentions this note."]
      : defined.has(mark.data.name)
        ? [own, `Footnote ${own}. Enter leads to the note.`]
        : [own, "This footnote has no note: start a paragraph with it and a colon."];
    if (mark.element.getText() !== String(text) || mark.element.getAttribute("title") !== title) {
      wrong.push([mark, String(text), title, notes.has(mark)]);
    }
  }
  if (!wrong.length) return;
  // The numbers are no change of the text, so they are no step to undo.
  editor.fire("lockSnapshot");
  for (const [mark, text, title, isOfNote] of wrong) {
    mark.element.setText(text);
    mark.element.setAttribute("title", title);
    mark.element[isOfNote ? "addClass" : "removeClass"]("note-mark--note");
  }
  editor.fire("unlockSnapshot");
}

function insert(editor) {
  const used = new Set(marksIn(editor).map((mark) => mark.data.name));
  let name = 1;
  while (used.has(String(name))) name += 1;
  const line = around(editor, "p");
  const inNote = line && marksIn(editor).some((mark) => isNote(mark) && line.contains(mark.wrapper));
  if (inNote) {
    editor.showNotification("A footnote stands in the text, and not in another footnote.", "info");
    return;
  }
  // After what is selected, and not instead of it.
  const [place] = editor.getSelection().getRanges();
  place?.collapse(false);
  place?.select();
  editor.insertHtml(`[^${name}]`);
  const root = editor.editable();
  const last = root.getLast(isPart);
  const note = new CKEDITOR.dom.element("p", editor.document);
  note.setHtml(editor.dataProcessor.toHtml(`[^${name}]`, { context: "p" }));
  const colon = note.append(new CKEDITOR.dom.text(":\u00a0", editor.document));
  const cursor = editor.getSelection().getRanges()[0]?.startContainer;
  if (last?.is("p") && isEmpty(last) && !(cursor && last.contains(cursor))) note.replace(last);
  else root.append(note);
  editor.widgets.checkWidgets({ initOnlyNew: true });
  number(editor);
  const end = editor.createRange();
  end.setStart(colon, 2);
  end.select();
  note.scrollIntoView();
}

function jump(editor, from) {
  const marks = marksIn(editor).filter((mark) => mark.data.name === from.data.name);
  const target = isNote(from)
    ? marks.find((mark) => !isNote(mark))
    : marks.find((mark) => isNote(mark));
  if (!target) return;
  if (isNote(target)) {
    placeCursor(editor, target.wrapper.getParent(), true);
  } else {
    const range = editor.createRange();
    range.moveToPosition(target.wrapper, CKEDITOR.POSITION_AFTER_END);
    range.select();
  }
  target.wrapper.scrollIntoView();
  editor.focus();
}
