// The window for a link: an article or a page by its title, or an address.

import { combobox } from "../parts/combobox.js";
import { ask } from "./dialog.js";

const CKEDITOR = window.CKEDITOR;
const BODY = `
  <div class="ask__field">
    <label for="ask-link-to">Where it leads</label>
    <input id="ask-link-to" name="to" maxlength="2000" aria-describedby="ask-link-help ask-link-goal">
    <p id="ask-link-help" class="ask__help">Type words of a title, or paste an address.</p>
  </div>
  <p id="ask-link-goal" class="ask__goal" role="status"></p>
  <div class="ask__field" data-words>
    <label for="ask-link-words">Words of the link</label>
    <input id="ask-link-words" name="words" maxlength="300">
  </div>`;
const REMOVE = '<button type="button" class="ask__remove">Take the link out</button>';

export function links(editor) {
  editor.addCommand("link", { canUndo: false, exec: () => open(editor) });
  // After the editor's own, which would open another window.
  editor.on(
    "doubleclick",
    ({ data }) => {
      if (data.dialog !== "link") return;
      data.dialog = "";
      open(editor);
    },
    null,
    null,
    30,
  );
}

function open(editor) {
  const link = CKEDITOR.plugins.link.getSelectedLink(editor);
  const isEmpty = !link && editor.getSelection().getRanges()[0]?.collapsed !== false;
  let goal = null;
  const asked = ask(editor, {
    name: "link",
    title: "Link",
    body: BODY,
    main: link ? "Change the link" : "Link it",
    others: link ? REMOVE : "",
    submit,
  });
  const { to, words } = asked.form.elements;
  const said = asked.form.querySelector(".ask__goal");
  asked.form.querySelector("[data-words]").hidden = !isEmpty;

  function choose(entry) {
    goal = entry;
    said.textContent = entry ? `Leads to ${entry.isAddress ? entry.href : `“${entry.label}”`}.` : "";
    if (isEmpty && entry && !words.value) words.value = entry.isAddress ? "" : entry.label;
  }

  function submit() {
    const typed = addressOf(to.value);
    if (typed) choose({ href: typed, isAddress: true });
    if (!goal) {
      asked.say("Choose a title from the list, or type an address such as https://example.org.", to);
      return null;
    }
    const { href } = goal;
    const text = words.value.trim() || (goal.isAddress ? href : goal.label);
    return () => apply(editor, link, href, text);
  }

  combobox(to, {
    async find(typed, signal) {
      const found = await find(editor, typed, signal, asked);
      if (!goal) said.textContent = found.length ? "" : "No title has these words.";
      return found;
    },
    choose(entry) {
      choose(entry);
      asked.form.querySelector(".ask__main").focus();
    },
  });
  asked.form.querySelector(".ask__remove")?.addEventListener("click", () => {
    asked.finish(() => editor.execCommand("unlink"));
  });
  if (link) showGoal(editor, link, choose);
  to.focus();
}

async function showGoal(editor, link, choose) {
  const href = link.data("cke-saved-href") ?? link.getAttribute("href") ?? "";
  const [found] = href.includes("/to/") ? await request(editor, { to: href }) : [];
  choose(found ? { ...found, href } : { href, isAddress: true });
}

async function find(editor, typed, signal, asked) {
  const href = addressOf(typed);
  if (href) return [{ label: href, note: "Address", href, isAddress: true }];
  try {
    return await request(editor, { q: typed }, signal);
  } catch (error) {
    if (error.name !== "AbortError") {
      asked.say("The desk did not answer. Try again in a moment, or paste an address.");
    }
    return [];
  }
}

async function request(editor, asked, signal) {
  const url = `${editor.config.linksUrl}?${new URLSearchParams(asked)}`;
  const response = await fetch(url, { signal, headers: { Accept: "application/json" } });
  if (!response.ok) throw new Error(String(response.status));
  const { found } = await response.json();
  return found.map(({ title, note, href }) => ({ label: title, note, href }));
}

// An address as it may be typed or pasted, whole; or nothing, if it is words.
function addressOf(typed) {
  const text = typed.trim();
  if (!text || /\s/.test(text)) return "";
  if (/^(?:https?:\/\/|mailto:|tel:|#|\/)./i.test(text)) return text;
  if (/^[^@/]+@[^@/]+\.[^@/]+$/.test(text)) return `mailto:${text}`;
  return /^[a-z0-9-]+(?:\.[a-z0-9-]+)+(?:[/?#]|$)/i.test(text) ? `https://${text}` : "";
}

function apply(editor, link, href, words) {
  const attributes = { href, "data-cke-saved-href": href };
  if (link) {
    link.setAttributes(attributes);
    return;
  }
  const range = editor.getSelection().getRanges()[0];
  if (!range) return;
  if (range.collapsed) {
    const text = new CKEDITOR.dom.text(words, editor.document);
    range.insertNode(text);
    range.selectNodeContents(text);
  }
  const style = new CKEDITOR.style({ element: "a", attributes });
  style.type = CKEDITOR.STYLE_INLINE;
  style.applyToRange(range, editor);
  range.collapse(false);
  range.select();
}
