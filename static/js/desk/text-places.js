// The places in a text that the checks name.

const CKEDITOR = window.CKEDITOR;
// In the order of the text, as posts/checks/manuscript.py counts them.
const BLOCKS = "p, li, td, th, pre, figcaption, caption, h2, h3, h4";

// The editor of the form's text, if its text can be seen in it.
export function editorOf(form) {
  const editor = Object.values(window.CKEDITOR?.instances ?? {}).find(
    (one) => one.element.$.form === form && one.element.$.name === "body",
  );
  return editor?.mode === "wysiwyg" && editor.status === "ready" ? editor : null;
}

// Where something stands in the text now: {picture} or {block}, which are elements, or {words}, a
// range, which follows them while the text around it changes. Words are looked for in their block
// and in the nearest ones, `within` so many. Null if it is nowhere.
export function placeIn(editor, { block, text, picture }, { within = Infinity } = {}) {
  const body = editor.document.getBody().$;
  const blocks = [...body.querySelectorAll(BLOCKS)];
  const wanted = block === undefined ? 0 : Number(block);
  if (picture) {
    const images = [...body.querySelectorAll("img")].filter((image) => sourceOf(image) === picture);
    const found = nearest(images, blocks, wanted);
    return found ? { picture: found } : null;
  }
  const words = text ? rangeOf(body, blocks, wanted, text, within) : null;
  if (words) return { words };
  return blocks[wanted] ? { block: blocks[wanted] } : null;
}

// Leads to a place in the text and selects it. Returns whether it was found.
export function goToText(form, wanted) {
  const editor = editorOf(form);
  const found = editor && placeIn(editor, wanted);
  if (!found) return false;
  closeDrawer();
  editor.focus();
  const { picture, words, block } = found;
  const range = editor.createRange();
  if (picture) {
    editor.getSelection().selectElement(new CKEDITOR.dom.element(picture));
  } else if (words) {
    range.setStart(new CKEDITOR.dom.text(words.startContainer), words.startOffset);
    range.setEnd(new CKEDITOR.dom.text(words.endContainer), words.endOffset);
    editor.getSelection().selectRanges([range]);
  } else {
    range.moveToElementEditStart(new CKEDITOR.dom.element(block));
    editor.getSelection().selectRanges([range]);
  }
  (picture ?? block ?? words.startContainer.parentElement).scrollIntoView({ block: "center" });
  return true;
}

function sourceOf(image) {
  return image.getAttribute("data-cke-saved-src") ?? image.getAttribute("src");
}

// Of several pictures with the same address, the one that stands nearest to the block.
function nearest(images, blocks, wanted) {
  const number = (image) => {
    const around = blocks.indexOf(image.closest(BLOCKS));
    return around < 0 ? wanted : around;
  };
  return images.sort((a, b) => Math.abs(number(a) - wanted) - Math.abs(number(b) - wanted))[0];
}

// The words of a finding, where they stand in the text now: in their block, or in the nearest one.
function rangeOf(body, blocks, wanted, text, within) {
  const near = blocks
    .map((block, number) => [Math.abs(number - wanted), block])
    .filter(([distance]) => distance <= within)
    .sort(([a], [b]) => a - b)
    .map(([, block]) => block);
  for (const block of within === Infinity ? [...near, body] : near) {
    const found = wordsIn(block, text);
    if (!found) continue;
    const range = body.ownerDocument.createRange();
    const [start, end] = found;
    range.setStart(start.node, start.at);
    range.setEnd(end.node, end.at);
    return range;
  }
  return null;
}

// Where a text begins and ends within an element. Every run of white space counts as one space.
function wordsIn(element, text) {
  if (!element.textContent) return null;
  const walker = element.ownerDocument.createTreeWalker(
    element,
    NodeFilter.SHOW_TEXT | NodeFilter.SHOW_ELEMENT,
  );
  const letters = [];
  const places = [];
  let isSpace = true;
  const add = (letter, node, at) => {
    const space = /\s/.test(letter);
    if (space && isSpace) return;
    isSpace = space;
    letters.push(space ? " " : letter);
    places.push({ node, at });
  };
  while (walker.nextNode()) {
    const node = walker.currentNode;
    if (node.nodeType === Node.TEXT_NODE) {
      for (let at = 0; at < node.data.length; at++) {
        if (node.data[at] !== "\u200b") add(node.data[at], node, at);
      }
    } else if (node.nodeName === "BR" && places.length) {
      const last = places[places.length - 1];
      add(" ", last.node, last.at);
    }
  }
  const begin = letters.join("").indexOf(text);
  if (begin < 0) return null;
  const last = places[begin + text.length - 1];
  return [places[begin], { node: last.node, at: last.at + 1 }];
}

// On a narrow screen the rail covers the text.
function closeDrawer() {
  const button = document.querySelector("[data-rail-close]");
  if (button?.offsetParent) button.click();
}
