// Words that are more than they look: code, quoted words, an abbreviation, another language; and how
// a list is numbered. All of it is under "…" in the toolbar (toolbar.js).

import { ask } from "./dialog.js";
import { around } from "./dom.js";

const CKEDITOR = window.CKEDITOR;
const STYLES = { code: "code", quoted: "q" }; // Command -> element.
const LANGUAGES = {
  es: "Spanish",
  ar: "Arabic",
  zh: "Chinese",
  fr: "French",
  de: "German",
  ht: "Haitian Creole",
  ko: "Korean",
  pl: "Polish",
  pt: "Portuguese",
  ru: "Russian",
  so: "Somali",
  tl: "Tagalog",
  uk: "Ukrainian",
  vi: "Vietnamese",
};
const FROM_RIGHT = new Set(["ar", "fa", "he", "ur"]);
const ABBREVIATION = `
  <div class="ask__field">
    <label for="ask-abbreviation-title">What it stands for</label>
    <input id="ask-abbreviation-title" name="title" maxlength="200" aria-describedby="ask-abbreviation-help">
    <p id="ask-abbreviation-help" class="ask__help">Readers see it when they point at the letters.</p>
  </div>`;
const LANGUAGE = `
  <div class="ask__field">
    <label for="ask-language-code">Language of these words</label>
    <select id="ask-language-code" name="lang" aria-describedby="ask-language-help"></select>
    <p id="ask-language-help" class="ask__help">So that screen readers speak them as they are spoken.</p>
  </div>`;
const NUMBERING = `
  <div class="ask__field">
    <label for="ask-start">Begin at</label>
    <input id="ask-start" name="start" type="number" min="-9999" max="9999" step="1">
  </div>
  <div class="ask__field">
    <label for="ask-kind">Count in</label>
    <select id="ask-kind" name="kind">
      <option value="">1, 2, 3</option><option value="a">a, b, c</option><option value="A">A, B, C</option>
      <option value="i">i, ii, iii</option><option value="I">I, II, III</option>
    </select>
  </div>
  <label class="ask__tick"><input type="checkbox" name="reversed"> Count down</label>`;
const NOTHING = "Choose the words in the text first.";

export function words(editor) {
  for (const [name, element] of Object.entries(STYLES)) {
    const style = new CKEDITOR.style({ element });
    if (!editor.filter.check(style)) continue;
    editor.addCommand(name, new CKEDITOR.styleCommand(style));
    editor.attachStyleStateChange(style, (state) => editor.getCommand(name).setState(state));
  }
  for (const [name, exec] of Object.entries({ abbreviation, language, numbering })) {
    editor.addCommand(name, { canUndo: false, exec });
  }
}

function isNothing(editor) {
  return editor.getSelection()?.getRanges()[0]?.collapsed !== false;
}

// Asks what an element around the cursor, or around the chosen words, is to have.
function askAbout(editor, found, isEmpty, { attributesOf, element, ...window }) {
  const asked = ask(editor, {
    ...window,
    main: "Keep",
    submit(form) {
      const attributes = attributesOf(form);
      if (!found && isEmpty) {
        asked.say(NOTHING);
        return null;
      }
      return () => {
        // What it was is taken away first: one element has it, and not one within another.
        if (found) {
          const range = editor.createRange();
          range.selectNodeContents(found);
          range.select();
          const bookmarks = editor.getSelection().createBookmarks();
          found.remove(true);
          editor.getSelection().selectBookmarks(bookmarks);
        }
        if (attributes) editor.applyStyle(new CKEDITOR.style({ element, attributes }));
      };
    },
  });
  return asked;
}

function abbreviation(editor) {
  const found = around(editor, "abbr");
  const isEmpty = isNothing(editor);
  const asked = askAbout(editor, found, isEmpty, {
    name: "abbreviation",
    title: "Abbreviation",
    body: ABBREVIATION,
    element: "abbr",
    attributesOf: ({ elements }) => elements.title.value.trim() && { title: elements.title.value.trim() },
  });
  asked.form.elements.title.value = found?.getAttribute("title") ?? "";
  asked.form.elements.title.focus();
}

function language(editor) {
  const found = around(editor, "span", (each) => each.hasAttribute("lang"));
  const isEmpty = isNothing(editor);
  const asked = askAbout(editor, found, isEmpty, {
    name: "language",
    title: "Language",
    body: LANGUAGE,
    element: "span",
    attributesOf({ elements }) {
      const lang = elements.lang.value;
      return lang && { lang, ...(FROM_RIGHT.has(lang) && { dir: "rtl" }) };
    },
  });
  const select = asked.form.elements.lang;
  const now = found?.getAttribute("lang") ?? "";
  const known = now && !LANGUAGES[now] ? { [now]: now, ...LANGUAGES } : LANGUAGES;
  select.add(new Option("As the article", ""));
  for (const [code, name] of Object.entries(known)) select.add(new Option(name, code));
  select.value = now || (found ? "" : "es");
  select.focus();
}

function numbering(editor) {
  const list = around(editor, "ol");
  const asked = ask(editor, {
    name: "numbering",
    title: "Numbering",
    body: NUMBERING,
    main: "Keep",
    submit({ elements }) {
      if (!list) {
        asked.say("Put the cursor into a numbered list first.");
        return null;
      }
      const start = Math.trunc(Number(elements.start.value)) || 1;
      const set = (name, value) => (value ? list.setAttribute(name, value) : list.removeAttribute(name));
      return () => {
        set("start", start === 1 ? "" : String(Math.max(-9999, Math.min(9999, start))));
        set("type", elements.kind.value);
        if (elements.reversed.checked) list.setAttribute("reversed", "reversed");
        else list.removeAttribute("reversed");
      };
    },
  });
  const { start, kind, reversed } = asked.form.elements;
  start.value = list?.getAttribute("start") ?? "1";
  kind.value = list?.getAttribute("type") ?? "";
  reversed.checked = list?.hasAttribute("reversed") ?? false;
  start.focus();
}
