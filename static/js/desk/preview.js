// The preview beside the form, or in a tab of its own: what others will see of what the form holds.
//
// The server makes the page at each change (posts/views/preview.py). A tab of its own asks over a
// channel for what it shows (preview-tab.js); only the page with the form asks the server.

import { FormContent, onChange } from "./form-content.js";
import { PreviewFrame } from "./preview-frame.js";

const WAIT = 250; // ms after the last change
const CHANNEL = "desk-preview-channel";

const link = document.querySelector("a[data-preview]");
const panel = document.querySelector("#desk-preview");
if (link && panel) start(link.closest("form") ?? document.querySelector("form[method=post]"));

function start(form) {
  const view = new PreviewFrame(panel);
  const content = new FormContent(form);
  const channel = new BroadcastChannel(`desk-preview:${channelName()}`);
  let inTab = null; // What the other tab shows, while there is one.
  let timer = 0;
  let asking = false;
  let isAhead = false; // Whether the form, or what is wanted, has changed since it was asked for.

  const wanted = () => new Set([panel.hidden ? null : view.kind, inTab].filter(Boolean));

  async function refresh() {
    clearTimeout(timer);
    isAhead = true;
    if (asking) return;
    asking = true;
    while (isAhead) {
      isAhead = false;
      for (const kind of wanted()) await ask(kind);
    }
    asking = false;
  }

  async function ask(kind) {
    const body = new URLSearchParams(content.read().pairs);
    body.set("csrfmiddlewaretoken", form.elements.namedItem("csrfmiddlewaretoken").value);
    try {
      const response = await fetch(view.address(kind), {
        method: "POST",
        body,
        redirect: "manual",
        credentials: "same-origin",
      });
      if (!response.ok) throw new Error(String(response.status));
      const at = response.headers.get("X-Desk-Clock");
      const html = await response.text();
      if (kind === inTab) channel.postMessage({ kind, html, at });
      if (!panel.hidden) await view.show(html, kind, at);
    } catch {
      if (kind === inTab) channel.postMessage({ kind, missed: true });
      if (!panel.hidden && kind === view.kind) view.missed();
    }
  }

  channel.addEventListener("message", ({ data }) => {
    if (data.wants) {
      inTab = data.wants;
      if (data.now) refresh();
    } else if (data.gone) {
      inTab = null;
    }
  });
  // A tab that was open before this page was loaded says what it wants.
  channel.postMessage({ here: true });
  window.addEventListener("pageshow", ({ persisted }) => persisted && channel.postMessage({ here: true }));
  window.addEventListener("pagehide", () => channel.postMessage({ left: true }));

  function open(yes) {
    panel.hidden = !yes;
    document.documentElement.classList.toggle("has-preview", yes);
    link.setAttribute("aria-expanded", String(yes));
    if (!yes) return;
    view.fit();
    refresh();
  }

  link.setAttribute("role", "button");
  link.setAttribute("aria-expanded", "false");
  link.setAttribute("aria-controls", panel.id);
  link.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    open(panel.hidden);
  });
  link.addEventListener("keydown", (event) => {
    if (event.key !== " ") return;
    event.preventDefault();
    open(panel.hidden);
  });
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.shiftKey && event.key.toLowerCase() === "p") {
      event.preventDefault();
      open(panel.hidden);
    } else if (event.key === "Escape" && !panel.hidden && panel.contains(document.activeElement)) {
      open(false);
      link.focus();
    }
  });
  panel.addEventListener("click", ({ target }) => {
    const button = target.closest("button");
    if (button && "again" in button.dataset) {
      refresh();
    } else if (button && "close" in button.dataset) {
      open(false);
      link.focus();
    }
  });
  // It stands in the form, but says nothing of the article.
  view.select.addEventListener("input", (event) => event.stopPropagation());
  view.select.addEventListener("change", (event) => {
    event.stopPropagation();
    refresh();
  });
  const tab = panel.querySelector("a[data-tab]");
  if (tab) tab.hash = channelName();
  onChange(form, (editor) => {
    if (editor) content.stale.add(editor);
    clearTimeout(timer);
    if (wanted().size) timer = setTimeout(refresh, WAIT);
  });
}

// The same for each page that this tab loads, so that the preview goes on after a save.
function channelName() {
  let name = sessionStorage.getItem(CHANNEL);
  if (!name) {
    name = crypto.randomUUID?.() ?? String(Math.random()).slice(2);
    sessionStorage.setItem(CHANNEL, name);
  }
  return name;
}
