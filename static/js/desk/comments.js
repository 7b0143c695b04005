// Comments beside the text: taken without leaving the page, on the paragraph where the caret is, with
// names completed after an @. Without this script the same buttons lead back to the article.

import { forgetWords } from "./side-words.js";

const form = document.getElementById("comments-form");
const section = document.getElementById("section-comments");
const LONGEST_QUOTE = 300;
// Where somebody wanted to go while the editor still loaded.
let wanted = null;

if (form && section) {
  form.addEventListener("submit", send);
  section.addEventListener("click", jump);
  section.addEventListener("input", ({ target }) => target.matches("[data-comment]") && offer(target));
  section.addEventListener("keydown", choose);
  document.addEventListener("keydown", onKey);
  const listen = (editor) => editor.document?.$.addEventListener("keydown", onKey);
  for (const editor of editors()) {
    if (editor.status === "ready") listen(editor);
    editor.on("contentDom", () => listen(editor));
  }
  window.CKEDITOR?.on("instanceReady", ({ editor }) => {
    listen(editor);
    if (wanted) goTo(wanted);
    editor.on("contentDom", () => listen(editor));
  });
  if (location.hash === "#section-comments") section.open = true;
}

function editors() {
  return Object.values(window.CKEDITOR?.instances ?? {});
}

async function send(event) {
  event.preventDefault();
  const button = event.submitter;
  const body = new FormData(form, button);
  if (button) button.disabled = true;
  const typed = [...section.querySelectorAll("[data-comment]")].map(({ id, value }) => [id, value]);
  try {
    const answer = await fetch(form.action, {
      method: "POST",
      body,
      headers: { "X-Requested-With": "fetch" },
    });
    if (answer.redirected || ![200, 422].includes(answer.status)) throw new Error(answer.status);
    const html = await answer.text();
    section.querySelector("[data-comments]").outerHTML = html;
    const done = answer.ok && (button?.name === "answer" ? `comment-${button.value}` : button?.name === "add" && "comment-new");
    if (done) forgetWords(done);
    // What was begun elsewhere stays.
    for (const [id, value] of typed) {
      const field = document.getElementById(id);
      if (field && id !== done) field.value = value;
    }
    const open = section.querySelectorAll(".cm:not(.cm--new)").length - section.querySelectorAll(".cm__resolved .cm").length;
    section.querySelector("[data-line]").textContent = open ? `${open} open` : "None open";
    section.querySelector(answer.ok ? "#comment-new" : `#${done || "comment-new"}`)?.focus();
  } catch {
    if (button) button.disabled = false;
    section.querySelector("[data-comments-said]").textContent =
      "It was not sent: no connection, or you are signed out. Your words stay here; try again.";
  }
}

// The paragraph where the caret is

function onKey(event) {
  const wanted = event.ctrlKey && event.altKey && event.code === "KeyM";
  if (!wanted || event.handledByComments) return;
  event.handledByComments = true;
  event.preventDefault();
  const [editor] = editors();
  const body = editor?.editable()?.$;
  let node = editor?.getSelection()?.getStartElement()?.$;
  while (node && node !== body && node.parentNode !== body) node = node.parentNode;
  const found = node && node !== body ? node : null;
  const quote = found ? found.textContent.replace(/\s+/gu, " ").trim().slice(0, LONGEST_QUOTE) : "";
  const field = (name) => section.querySelector(`input[name="${name}"]`);
  field("quote").value = quote;
  field("place").value = found && quote ? [...body.children].indexOf(found) : "";
  const shown = section.querySelector("[data-comment-on]");
  shown.textContent = quote ? `On: “${quote.slice(0, 120)}”` : "";
  shown.hidden = !quote;
  open();
  const input = document.getElementById("comment-new");
  input.scrollIntoView({ block: "center" });
  input.focus();
}

function open() {
  section.open = true;
  const drawer = document.querySelector("[data-rail-open]");
  if (drawer?.offsetParent && drawer.getAttribute("aria-expanded") === "false") drawer.click();
}

function jump({ target }) {
  const button = target.closest("[data-jump]");
  if (button) goTo(button);
}

function goTo(button) {
  const [editor] = editors();
  const body = editor?.editable()?.$;
  // It is gone to as soon as the text is there.
  wanted = editor?.status === "ready" && body ? null : button;
  if (wanted) return;
  const plain = (node) => node.textContent.replace(/\s+/gu, " ").trim().slice(0, LONGEST_QUOTE);
  const blocks = [...body.children];
  const block = blocks.find((each) => plain(each) === button.dataset.quote) ?? blocks[button.dataset.jump];
  if (!block) return;
  document.querySelector("[data-rail-close]")?.offsetParent && document.querySelector("[data-rail-close]").click();
  editor.focus();
  const range = editor.createRange();
  range.moveToElementEditStart(new window.CKEDITOR.dom.element(block));
  range.select();
  block.scrollIntoView({ block: "center" });
}

// Names after an @

function offer(input) {
  input.nextElementSibling?.matches(".cm__names") && input.nextElementSibling.remove();
  const before = input.value.slice(0, input.selectionStart);
  const at = before.lastIndexOf("@");
  const begun = at < 0 ? "" : before.slice(at + 1).toLowerCase();
  if (at < 0 || begun.length > 150 || /\s/u.test(begun) || /[\p{L}\p{N}]$/u.test(before.slice(0, at))) return;
  const people = section.querySelector("[data-comments]").dataset.people.split("\n").filter(Boolean);
  const found = people
    .map((line) => [line.slice(0, line.indexOf("|")), line.slice(line.indexOf("|") + 1)])
    .filter((names) => names.some((name) => name.toLowerCase().startsWith(begun)))
    .slice(0, 6);
  if (!found.length) return;
  const list = document.createElement("div");
  list.className = "cm__names";
  list.setAttribute("role", "group");
  list.setAttribute("aria-label", "People who may see this article");
  for (const [name, full] of found) {
    const button = document.createElement("button");
    button.type = "button";
    button.dataset.name = name;
    button.textContent = full === name ? `@${name}` : `@${name}, ${full}`;
    button.addEventListener("click", () => {
      input.setRangeText(`@${name} `, at, input.selectionStart, "end");
      list.remove();
      input.focus();
    });
    list.append(button);
  }
  input.after(list);
}

function choose(event) {
  const list = event.target.closest(".cm")?.querySelector(".cm__names");
  if (!list) return;
  const buttons = [...list.children];
  const at = buttons.indexOf(document.activeElement);
  const input = list.previousElementSibling;
  if (event.key === "ArrowDown") buttons[Math.min(at + 1, buttons.length - 1)].focus();
  else if (event.key === "ArrowUp") (buttons[at - 1] ?? input).focus();
  else if (event.key === "Escape") {
    list.remove();
    input.focus();
  } else return;
  event.preventDefault();
  event.stopPropagation();
}
