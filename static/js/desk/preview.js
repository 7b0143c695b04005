// The preview beside the form: what readers will see of what the form holds now.
//
// The page is made by the server at each change, and its <body> is put into the frame in place of
// the old one, so that the place where one reads stays and the browser's history does not grow.
// The frame runs no script (see posts/views/preview.py).

import { FormContent, onChange } from "./form-content.js";

const WAIT = 250; // ms after the last change
const WIDTHS = { phone: 390, tablet: 820, desktop: 1280 };
const KEY = "desk-preview-width";

const link = document.querySelector("a[data-preview]");
const panel = document.querySelector("#desk-preview");
if (link && panel) start(link.closest("form") ?? document.querySelector("form[method=post]"));

function start(form) {
  const frame = panel.querySelector("iframe");
  const said = panel.querySelector("[data-preview-state]");
  const content = new FormContent(form);
  let width = WIDTHS[localStorage.getItem(KEY)] ? localStorage.getItem(KEY) : "phone";
  let timer = 0;
  let asking = null;
  let isAhead = false; // Whether the form has changed since it was last asked for.

  const isOpen = () => !panel.hidden;

  async function refresh() {
    clearTimeout(timer);
    if (!isOpen()) return;
    if (asking) {
      isAhead = true;
      return;
    }
    isAhead = false;
    asking = ask();
    await asking;
    asking = null;
    if (isAhead) refresh();
  }

  async function ask() {
    const body = new URLSearchParams(content.read().pairs);
    body.set("csrfmiddlewaretoken", form.elements.namedItem("csrfmiddlewaretoken").value);
    try {
      const response = await fetch(link.dataset.preview, {
        method: "POST",
        body,
        redirect: "manual",
        credentials: "same-origin",
      });
      if (!response.ok) throw new Error(String(response.status));
      await show(await response.text());
      said.textContent = "Up to date";
      panel.dataset.is = "fresh";
    } catch {
      // The last picture stays.
      said.textContent = "Not up to date: the desk did not answer.";
      panel.dataset.is = "old";
    }
  }

  async function show(html) {
    const made = new DOMParser().parseFromString(html, "text/html");
    const inside = frame.contentDocument;
    const { scrollX, scrollY } = frame.contentWindow;
    if (!inside.querySelector("link[rel=stylesheet]")) {
      for (const sheet of made.querySelectorAll("head link[rel=stylesheet], head style")) {
        const copy = inside.importNode(sheet, true);
        inside.head.append(copy);
        if (copy.localName === "link") await loaded(copy);
      }
      inside.documentElement.lang = made.documentElement.lang;
    }
    inside.documentElement.dataset.theme = panel.dataset.theme || "light";
    inside.body.replaceWith(inside.adoptNode(made.body));
    frame.contentWindow.scrollTo(scrollX, scrollY);
  }

  function fit() {
    for (const button of panel.querySelectorAll("[data-width]")) {
      button.setAttribute("aria-pressed", String(button.dataset.width === width));
    }
    const box = panel.querySelector(".preview__box");
    const scale = box.clientWidth / WIDTHS[width];
    frame.width = WIDTHS[width];
    frame.height = Math.floor(box.clientHeight / scale);
    // Through the object model: a style in the HTML would be against the policy.
    frame.style.transform = `scale(${scale})`;
  }

  function open(yes) {
    panel.hidden = !yes;
    document.documentElement.classList.toggle("has-preview", yes);
    link.setAttribute("aria-expanded", String(yes));
    if (!yes) return;
    fit();
    refresh();
  }

  link.setAttribute("role", "button");
  link.setAttribute("aria-expanded", "false");
  link.setAttribute("aria-controls", panel.id);
  link.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    open(!isOpen());
  });
  link.addEventListener("keydown", (event) => {
    if (event.key !== " ") return;
    event.preventDefault();
    open(!isOpen());
  });
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.shiftKey && event.key.toLowerCase() === "p") {
      event.preventDefault();
      open(!isOpen());
    } else if (event.key === "Escape" && isOpen() && panel.contains(document.activeElement)) {
      open(false);
      link.focus();
    }
  });
  panel.addEventListener("click", ({ target }) => {
    const button = target.closest("button");
    if (!button) return;
    if (button.dataset.width) {
      width = button.dataset.width;
      localStorage.setItem(KEY, width);
      fit();
    } else if ("dark" in button.dataset) {
      const dark = panel.dataset.theme !== "dark";
      panel.dataset.theme = dark ? "dark" : "light";
      button.setAttribute("aria-pressed", String(dark));
      frame.contentDocument.documentElement.dataset.theme = panel.dataset.theme;
    } else if ("print" in button.dataset) {
      frame.contentWindow.print();
    } else if ("again" in button.dataset) {
      refresh();
    } else if ("close" in button.dataset) {
      open(false);
      link.focus();
    }
  });
  new ResizeObserver(() => isOpen() && fit()).observe(panel);
  onChange(form, (editor) => {
    if (editor) content.stale.add(editor);
    clearTimeout(timer);
    if (isOpen()) timer = setTimeout(refresh, WAIT);
  });
}

function loaded(sheet) {
  return new Promise((done) => {
    sheet.addEventListener("load", done, { once: true });
    sheet.addEventListener("error", done, { once: true });
  });
}
