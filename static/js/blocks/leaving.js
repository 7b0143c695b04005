// How the keyboard leaves our blocks: Enter on an empty last line, the arrow key at the end of the
// text; Backspace at the start takes the section away and leaves its words.

import { around, cursorAt, emptyParagraph, isEmpty, isPart, placeCursor, topLevel } from "./dom.js";
import { sectionAround, unwrap } from "./sections.js";

const CKEDITOR = window.CKEDITOR;
const [BACKSPACE, ENTER, DOWN] = [8, 13, 40];

export function leaving(editor) {
  // While a picture is chosen and the text is replaced, the cursor is nowhere: a paste would be lost.
  editor.on("paste", () => {
    if (!editor.getSelection()?.getRanges().length) placeCursor(editor, editor.editable(), true);
  }, null, null, 0);
  editor.on(
    "key",
    (event) => {
      if (editor.mode !== "wysiwyg") return;
      const key = event.data.keyCode;
      const act = { [BACKSPACE]: backspace, [ENTER]: enter, [DOWN]: down }[key]?.(editor);
      if (!act) return;
      event.cancel();
      editor.fire("saveSnapshot");
      act();
      editor.fire("saveSnapshot");
      editor.selectionChange(true);
    },
    null,
    null,
    1,
  );
}

// Each returns what is to be done instead of the key's own work, if anything is.

function enter(editor) {
  const section = sectionAround(editor);
  const line = around(editor, "p");
  if (!section || !line || !line.getParent().equals(section) || !isEmpty(line)) return null;
  const isLast = !line.getNext((node) => node.type === CKEDITOR.NODE_ELEMENT);
  const isOnly = !line.getPrevious((node) => node.type === CKEDITOR.NODE_ELEMENT);
  if (!isLast || isOnly) return null;
  return () => {
    line.insertAfter(section);
    placeCursor(editor, line);
  };
}

function backspace(editor) {
  const section = sectionAround(editor);
  if (!section || !cursorAt(editor, section, "start")) return null;
  return () => {
    const list = around(editor, "li");
    if (list && isEmpty(section)) {
      const line = emptyParagraph(editor);
      line.replace(section);
      placeCursor(editor, line);
    } else {
      unwrap(editor, section);
    }
  };
}

function down(editor) {
  const range = editor.getSelection()?.getRanges()[0];
  const block = range?.collapsed ? topLevel(editor, range.startContainer) : null;
  if (!block?.is("section", "blockquote", "ul", "ol", "table", "figure", "pre")) return null;
  const isLast = !block.getNext(isPart);
  if (!isLast || !cursorAt(editor, block, "end")) return null;
  return () => {
    const line = emptyParagraph(editor);
    line.insertAfter(block);
    placeCursor(editor, line);
  };
}
