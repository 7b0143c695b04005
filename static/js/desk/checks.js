// The checks beside a text: asks for them after each change, and leads to the places they name.
//
// The list is made by the server of what the form holds (posts/admin/checking.py). One request is
// in flight at a time; what was typed meanwhile is asked for after it.

import { CheckMarks } from "./check-marks.js";
import { FormContent, onChange } from "./form-content.js";
import { goToText } from "./text-places.js";

const WAIT = 1000; // ms after the last change

const place = document.querySelector("#desk-checks");
if (place) start(place.closest("form"));

function start(form) {
  const content = new FormContent(form);
  const section = place.closest("details");
  const marks = new CheckMarks(form, goToList);
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
    marks.set(links().map(checkOf));
    if (list.dataset.line) say(`Checks: ${list.dataset.line}`);
  }

  // From a number beside the text to the same in the list.
  function goToList(number) {
    const link = place.querySelector(`[data-check="${Number(number)}"]`);
    if (!link) return;
    const panel = document.querySelector("#desk-preview:not([hidden]) [data-close]");
    if (panel?.offsetParent) panel.click(); // It takes the place of the rail.
    section.open = true;
    section.dispatchEvent(new CustomEvent("desk:show", { bubbles: true }));
    at = links().indexOf(link);
    link.focus();
    link.closest("li").scrollIntoView({ block: "nearest" });
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
  watchEditors(form, (editor) => {
    editor.document.$.addEventListener("keydown", onKey);
    marks.find();
  });
  onChange(form, (editor) => {
    if (editor) content.stale.add(editor);
    requestAnimationFrame(() => marks.place());
    clearTimeout(timer);
    timer = setTimeout(refresh, WAIT);
  });
  whenReady(form, refresh);
}

function checkOf(link) {
  const item = link.closest("li");
  const { check, field, block, text, picture } = link.dataset;
  const message = item.querySelector(".check__what").textContent;
  return { number: check, message, isError: item.matches(".check--error"), field, block, text, picture };
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
