// The page on which a text is written: its keys, its menus, the list of errors, the length.

const form = document.querySelector("[data-frame]");
const CKEDITOR = window.CKEDITOR;
const title = form.querySelector(".sheet__title");
const dek = form.querySelector(".sheet__dek");
const quietly = form.querySelector(".frame__enter");
const SINGLE_LINE =
  "input:not([type=checkbox], [type=radio], [type=file], [type=submit], [type=button])";

const editorOf = (id) => CKEDITOR?.instances[id];
const mainEditor = () => Object.values(CKEDITOR?.instances ?? {})[0];

// Leads to a field: opens the section that it is in, and the drawer on a narrow screen.
function goTo(id) {
  const editor = editorOf(id);
  const field = document.getElementById(id);
  if (!field) return;
  for (let at = field.closest("details"); at; at = at.parentElement.closest("details")) {
    at.open = true;
  }
  field.dispatchEvent(new CustomEvent("desk:show", { bubbles: true }));
  if (editor) {
    editor.focus();
    editor.container.$.scrollIntoView({ block: "nearest" });
    return;
  }
  const card = field.closest(".row--card")?.querySelector("[data-lift]");
  const picker = card ?? field.nextElementSibling?.querySelector?.(".select2-selection, [data-focus]");
  const target = picker ?? field;
  target.focus();
  target.scrollIntoView({ block: "center" });
}

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("[data-problems] a, [data-to-field], [data-to-text]");
  if (!link) return;
  event.preventDefault();
  link.closest("details.menu")?.removeAttribute("open");
  if ("toText" in link.dataset) {
    const editor = mainEditor();
    if (editor) editor.focus();
    else form.querySelector(".sheet textarea:last-of-type")?.focus();
  } else {
    goTo(decodeURIComponent(link.hash.slice(1)));
  }
});

const problems = form.querySelector("[data-problems]");
if (problems) problems.focus();
else if ("new" in form.dataset) title?.focus();

// Keys

function saveByKey(event) {
  if (event.key.toLowerCase() !== "s" || event.altKey || event.shiftKey) return;
  if (!(event.ctrlKey || event.metaKey)) return;
  event.preventDefault();
  const inDialog = document.querySelector(".cke_dialog_container:not([style*='display: none'])");
  if (quietly && !inDialog) form.requestSubmit(quietly);
}

form.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.isComposing) return;
  if (event.target === title) {
    event.preventDefault();
    dek?.focus();
  } else if (event.target === dek) {
    event.preventDefault();
    mainEditor()?.focus();
  } else if (event.target.matches(`${SINGLE_LINE}, [data-one-line]`)) {
    // Enter would press a button of the form.
    event.preventDefault();
  }
});
document.addEventListener("keydown", saveByKey);
CKEDITOR?.on("instanceReady", ({ editor }) => {
  const listen = () => editor.document.$.addEventListener("keydown", saveByKey);
  editor.on("contentDom", listen);
  if (editor.mode === "wysiwyg") listen();
});

// Title, dek and captions are as high as their words.

if (!CSS.supports("field-sizing", "content")) {
  for (const area of form.querySelectorAll(".sheet__title, .sheet__dek, [data-one-line]")) {
    const fit = () => {
      area.style.height = "auto";
      area.style.height = `${area.scrollHeight}px`;
    };
    area.addEventListener("input", fit);
    addEventListener("resize", fit);
    fit();
  }
}

// Menus

for (const menu of form.querySelectorAll("[data-menu]")) {
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !menu.open) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
  menu.addEventListener("toggle", () => {
    if (!menu.open) return;
    for (const other of form.querySelectorAll("[data-menu][open]")) {
      if (other !== menu) other.open = false;
    }
  });
}

function closeMenus(event) {
  for (const menu of form.querySelectorAll("[data-menu][open]")) {
    if (!event || !menu.contains(event.target)) menu.open = false;
  }
}

document.addEventListener("pointerdown", closeMenus);
document.addEventListener("focusin", closeMenus);
// A click into the text is no event of this page, but takes the focus from it.
addEventListener("blur", () => closeMenus());

// The main action is named for what it does: with a date, it schedules.

const day = document.getElementById("id_published_at_0");
const hour = document.getElementById("id_published_at_1");
const schedule = form.querySelector("[data-schedule]");
const menuName = form.querySelector("[data-menu-name]");
const TIME = /^\s{0,9}(\d{1,2})(?:[:.](\d{2}))?\s{0,9}(a|p)?/i;

function isPast() {
  const offset = Number(document.body.dataset.adminUtcOffset ?? 0) * 1000;
  const [date, time] = new Date(Date.now() + offset).toISOString().split("T");
  const typed = day.value.trim();
  if (!/^\d{4}-\d{2}-\d{2}$/.test(typed) || typed !== date) return typed < date && typed !== "";
  const found = TIME.exec(hour?.value ?? "");
  if (!found) return false;
  const hours = found[3] ? (Number(found[1]) % 12) + (/p/i.test(found[3]) ? 12 : 0) : Number(found[1]);
  return `${String(hours).padStart(2, "0")}:${found[2] ?? "00"}` <= time.slice(0, 5);
}

function nameTheAction() {
  const hasDate = day.value.trim() !== "";
  schedule.hidden = !hasDate;
  schedule.textContent = hasDate && isPast() ? "Publish with this date" : "Schedule";
  menuName?.classList.toggle("btn--main", !hasDate);
}

if (day && schedule) {
  for (const name of ["input", "change", "focusin", "click"]) {
    document.addEventListener(name, () => setTimeout(nameTheAction));
  }
  nameTheAction();
}

// Words and minutes

const WORDS_PER_MINUTE = 230;
const BLOCKS = new Set(
  "P,H2,H3,H4,LI,UL,OL,TD,TH,TR,CAPTION,FIGCAPTION,BLOCKQUOTE,PRE,BR,DT,DD,DIV,HR".split(","),
);
const words = form.querySelector("[data-words]");
const minutes = form.querySelector("[data-minutes]");

function count(editor) {
  const body = editor.mode === "wysiwyg" && editor.editable()?.$;
  if (!body) return;
  const parts = [];
  const walker = document.createTreeWalker(body, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode;
    if (node.nodeType === Node.TEXT_NODE) parts.push(node.data);
    else if (BLOCKS.has(node.nodeName)) parts.push(" ");
  }
  const number = parts.join("").split(/[\s\u200b]/).filter(Boolean).length;
  words.textContent = number.toLocaleString("en-US");
  minutes.textContent = Math.max(1, Math.ceil(number / WORDS_PER_MINUTE));
}

if (words) {
  CKEDITOR?.on("instanceReady", ({ editor }) => {
    let waiting = 0;
    count(editor);
    editor.on("change", () => {
      clearTimeout(waiting);
      waiting = setTimeout(() => count(editor), 400);
    });
  });
}
