// What the blocks have in common: where the cursor is, and which paragraphs are chosen.

const CKEDITOR = window.CKEDITOR;

// The element of one of these names around the cursor that `is` true of, or null.
export function around(editor, names, is = () => true) {
  const path = editor.elementPath();
  return path?.contains((element) => element.is(...[names].flat()) && is(element)) ?? null;
}

// The part of the text, right in its root, in which a node is; null if that is no element.
export function topLevel(editor, node) {
  const root = editor.editable();
  let part = node;
  while (part && !part.getParent()?.equals(root)) part = part.getParent();
  return part?.type === CKEDITOR.NODE_ELEMENT ? part : null;
}

// Whether a node is an element of the text, and none by which the editor remembers a selection.
export function isPart(node) {
  return node.type === CKEDITOR.NODE_ELEMENT && !node.data("cke-hidden-sel") && !node.data("cke-temp");
}

export function isEmpty(element) {
  return !element.getText().replace(/[\s\u200b]/g, "") && !element.findOne("img, hr, .note-mark");
}

export function emptyParagraph(editor) {
  const paragraph = new CKEDITOR.dom.element("p", editor.document);
  paragraph.appendBogus();
  return paragraph;
}

// So that there is always a line after a block, to which the arrow keys lead.
export function keepLineAfter(editor, block) {
  if (!block.getNext(isPart)) {
    emptyParagraph(editor).insertAfter(block);
  }
}

export function placeCursor(editor, element, atEnd = false) {
  const range = editor.createRange();
  if (atEnd) range.moveToElementEditEnd(element);
  else range.moveToElementEditStart(element);
  range.select();
}

// Whether nothing is selected and the cursor stands at the beginning (or end) of an element.
export function cursorAt(editor, element, where) {
  const range = editor.getSelection()?.getRanges()[0];
  if (!range?.collapsed) return false;
  const type = where === "start" ? CKEDITOR.START : CKEDITOR.END;
  return range.checkBoundaryOfElement(element, type);
}
