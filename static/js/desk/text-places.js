// The places in a text that the checks name.

const CKEDITOR = window.CKEDITOR;
// In the order of the text, as posts/checks/manuscript.py counts them.
const BLOCKS = "p, li, td, th, pre, figcaption, caption, h2, h3, h4";

// Leads to a place in the text and selects it. Returns whether it was found.
export function goToText(form, { block, text, picture }) {
  const editor = Object.values(window.CKEDITOR?.instances ?? {}).find(
    (one) => one.element.$.form === form && one.element.$.name === "body",
  );
  if (editor?.mode !== "wysiwyg" || editor.status !== "ready") return false;
  closeDrawer();
  const body = editor.document.getBody().$;
  const blocks = [...body.querySelectorAll(BLOCKS)];
  const wanted = block === undefined ? 0 : Number(block);
  if (picture) {
    const found = nearest(
      [...body.querySelectorAll("img")].filter((image) => sourceOf(image) === picture),
      blocks,
      wanted,
    );
    if (!found) return false;
    select(editor, found);
    return true;
  }
  const range = text ? rangeOf(editor, body, blocks, wanted, text) : null;
  if (range) {
    editor.focus();
    editor.getSelection().selectRanges([range]);
    range.startContainer.getAscendant((node) => node.type === CKEDITOR.NODE_ELEMENT, true)
      .$.scrollIntoView({ block: "center" });
    return true;
  }
  if (blocks[wanted]) {
    editor.focus();
    const whole = editor.createRange();
    whole.moveToElementEditStart(new CKEDITOR.dom.element(blocks[wanted]));
    editor.getSelection().selectRanges([whole]);
    blocks[wanted].scrollIntoView({ block: "center" });
    return true;
  }
  return false;
}

function sourceOf(image) {
  return image.getAttribute("data-cke-saved-src") ?? image.getAttribute("src");
}

function select(editor, image) {
  editor.focus();
  editor.getSelection().selectElement(new CKEDITOR.dom.element(image));
  image.scrollIntoView({ block: "center" });
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
function rangeOf(editor, body, blocks, wanted, text) {
  const near = blocks
    .map((block, number) => [Math.abs(number - wanted), block])
    .sort(([a], [b]) => a - b)
    .map(([, block]) => block);
  for (const block of [...near, body]) {
    const found = wordsIn(block, text);
    if (!found) continue;
    const range = editor.createRange();
    const [start, end] = found;
    range.setStart(new CKEDITOR.dom.text(start.node), start.at);
    range.setEnd(new CKEDITOR.dom.text(end.node), end.at);
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
