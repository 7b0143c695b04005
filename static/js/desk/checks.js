// The checks beside a text: asks for them after each change, and leads to the places they name.
//
// The list is made by the server of what the form holds (posts/admin/checking.py). One request is
// in flight at a time; what was typed meanwhile is asked for after it.

import { FormContent, onChange } from "./form-content.js";

const WAIT = 1000; // ms after the last change
// In the order of the text, as posts/checks/manuscript.py counts them.
const BLOCKS = "p, li, td, th, pre, figcaption, caption, h2, h3, h4";

const place = document.querySelector("#desk-checks");
if (place) start(place.closest("form"));

function start(form) {
  const content = new FormContent(form);
  const section = place.closest("details");
  const line = section?.querySelector("[data-line]");
  const said = section?.querySelector("[data-checks-said]");
  let timer = 0;
  let isAsking = false;
  let isAhead = false; // Whether the form has changed since it was last asked for.
  let at = -1; // Where F8 stands in the list.

  async function refresh() {
    clearTimeout(timer);
    if (isAsking) {
      isAhead = true;
      return;
    }
    isAsking = true;
    do {
      isAhead = false;
      await ask();
    } while (isAhead);
    isAsking = false;
  }

  async function ask() {
    const body = new URLSearchParams(content.read().pairs);
    body.set("csrfmiddlewaretoken", form.elements.namedItem("csrfmiddlewaretoken").value);
    try {
      const response = await fetch(place.dataset.checksAddress, {
        method: "POST",
        body,
        redirect: "manual",
        credentials: "same-origin",
      });
      if (!response.ok) throw new Error(String(response.status));
      const text = await response.text();
      // What changed meanwhile makes this answer old.
      if (!isAhead) show(text);
    } catch {
      // The last list stays.
      place.dataset.is = "old";
      say("The checks are not up to date: the desk did not answer.");
    }
  }

  function show(html) {
    const list = new DOMParser().parseFromString(html, "text/html").querySelector("[data-checks]");
    if (!list) throw new Error("no list");
    const focused = place.contains(document.activeElement)
      ? document.activeElement.dataset.check
      : null;
    delete place.dataset.is;
    place.replaceChildren(document.adoptNode(list));
    // One stop for the Tab key, however many there are; the arrows go on from there, as F8 does.
    for (const link of links().slice(1)) link.tabIndex = -1;
    if (focused) (place.querySelector(`[data-check="${focused}"]`) ?? section).focus();
    if (line) {
      line.textContent = list.dataset.line;
      line.classList.toggle("checks__line--stop", list.dataset.errors !== "0");
    }
    say(`Checks: ${list.dataset.line}`);
  }

  function say(text) {
    if (said && said.textContent !== text) said.textContent = text;
  }

  place.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-check]");
    if (!link) return;
    at = links().indexOf(link);
    // Other fields: static/js/writing.js leads to them.
    if (link.dataset.field === "body" && goToText(form, link.dataset)) event.preventDefault();
  });

  place.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const all = links();
    const from = all.indexOf(document.activeElement);
    if (!step || from < 0) return;
    event.preventDefault();
    all[from + step]?.focus();
  });

  function links() {
    return [...place.querySelectorAll("a[data-check]")];
  }

  function onKey(event) {
    if (event.key !== "F8" || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    const all = links();
    if (!all.length) {
      say("Nothing to fix.");
      return;
    }
    const step = event.shiftKey ? -1 : 1;
    const next = at < 0 && step < 0 ? all.length - 1 : (at + step + all.length) % all.length;
    at = next;
    all[next].click();
    const what = all[next].closest("li").querySelector(".check__what").textContent;
    say(`${next + 1} of ${all.length}: ${what}`);
  }

  document.addEventListener("keydown", onKey);
  watchEditors(form, (editor) => editor.document.$.addEventListener("keydown", onKey));
  onChange(form, (editor) => {
    if (editor) content.stale.add(editor);
    clearTimeout(timer);
    timer = setTimeout(refresh, WAIT);
  });
  whenReady(form, refresh);
}

// Calls back with each editor of the form whenever it has a new document.
function watchEditors(form, callback) {
  const { CKEDITOR } = window;
  const watch = (editor) => {
    if (editor.element.$.form !== form) return;
    editor.on("contentDom", () => callback(editor));
    if (editor.mode === "wysiwyg") callback(editor);
  };
  CKEDITOR?.on("instanceReady", ({ editor }) => watch(editor));
  for (const editor of Object.values(CKEDITOR?.instances ?? {})) {
    if (editor.status === "ready") watch(editor);
  }
}

// Calls back once the editors of the form hold their texts.
function whenReady(form, callback) {
  const waits = () =>
    Object.values(window.CKEDITOR?.instances ?? {}).some((editor) => editor.status !== "ready");
  if (!window.CKEDITOR || (Object.keys(CKEDITOR.instances).length && !waits())) {
    callback();
    return;
  }
  CKEDITOR.on("instanceReady", () => {
    if (!waits()) callback();
  });
}

// Leads to a place in the text and selects it. Returns whether it was found.
function goToText(form, { block, text, picture }) {
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
