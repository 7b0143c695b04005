// Where a picture is missing in a text: a place that stays true while the text changes around it.
//
// In what is pasted such a place is an empty element, which the editor keeps through its filters
// and never gives away. As soon as the text stands in the editor, a range takes its place.

const CKEDITOR = window.CKEDITOR;
const ATTRIBUTE = "data-cke-missing";
const BLOCKS = "p, li, td, th, pre, figcaption, caption, h2, h3, h4";
const FEW_WORDS = 80;

const places = new Map();
let number = 0;

// Puts such an element where something was, and returns the key of the place.
export function mark(element) {
  number += 1;
  const placeholder = element.ownerDocument.createElement("span");
  placeholder.setAttribute(ATTRIBUTE, number);
  placeholder.setAttribute("data-cke-survive", "1"); // So that it may be empty.
  element.before(placeholder);
  return number;
}

// The place of something that stands in the editor, and leaves it.
export function placeOf(element) {
  number += 1;
  remember(number, element);
  return number;
}

// Once a paste is in the text: the elements give way to ranges.
export function takeMarks(editor) {
  const body = editor.editable()?.$;
  const marks = [...(body?.querySelectorAll(`[${ATTRIBUTE}]`) ?? [])];
  if (!marks.length) return;
  editor.fire("lockSnapshot");
  const cursor = editor.getSelection()?.getStartElement()?.$;
  for (const each of marks) {
    const block = each.closest(BLOCKS);
    const isAlone = block && !block.textContent.trim() && block.querySelectorAll("img, span").length < 2;
    const goes = isAlone && block.parentElement === body && !block.contains(cursor) ? block : each;
    remember(Number(each.getAttribute(ATTRIBUTE)), goes);
    goes.remove();
  }
  editor.fire("unlockSnapshot");
}

function remember(key, element) {
  const range = element.ownerDocument.createRange();
  range.setStartBefore(element);
  range.collapse(true);
  const near = element.closest(BLOCKS) ?? element.previousElementSibling;
  places.set(key, { range, words: near?.textContent.trim().slice(0, FEW_WORDS) ?? "" });
}

// Leads to a place. Returns false if it is no longer in the text.
export function goTo(editor, key) {
  const body = editor.mode === "wysiwyg" ? editor.editable()?.$ : null;
  const found = places.get(key);
  if (!body || !found) return false;
  const range = editor.createRange();
  const { startContainer, startOffset } = found.range;
  const block = blockWith(body, found.words);
  // Undoing makes the text anew; the range then stands at its start, whose words are others.
  if (body.contains(startContainer) && (startContainer !== body || startOffset > 0 || !found.words)) {
    range.setStart(nodeOf(startContainer), startOffset);
    range.collapse(true);
  } else if (block) {
    range.moveToElementEditEnd(new CKEDITOR.dom.element(block));
  } else {
    return false;
  }
  editor.focus();
  range.select();
  const at = range.startContainer;
  const seen = at.equals(editor.editable())
    ? (body.childNodes[startOffset] ?? body.lastElementChild)
    : at.getAscendant((node) => node.type === CKEDITOR.NODE_ELEMENT, true).$;
  (seen.nodeType === Node.ELEMENT_NODE ? seen : seen.parentElement).scrollIntoView({ block: "center" });
  return true;
}

function nodeOf(node) {
  return node.nodeType === Node.TEXT_NODE ? new CKEDITOR.dom.text(node) : new CKEDITOR.dom.element(node);
}

function blockWith(body, words) {
  if (!words) return null;
  return [...body.querySelectorAll(BLOCKS)].find((each) => each.textContent.trim().startsWith(words));
}
