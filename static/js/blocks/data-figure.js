// A figure with data: a table with a name and a number in each row, which readers also see as bars
// (posts/text/bars.py). The window asks for its lines; the table can be changed by hand, too.

import { ask } from "./dialog.js";
import { around, keepLineAfter, placeCursor, topLevel } from "./dom.js";

const CKEDITOR = window.CKEDITOR;
const MOST_MARKED = 2;
const BODY = `
  <div class="ask__field">
    <label for="ask-data-title">What the figure shows, in one sentence</label>
    <input id="ask-data-title" name="title" maxlength="200" required>
  </div>
  <div class="ask__field">
    <label for="ask-data-lines">One line for each bar: its name, then its number</label>
    <textarea id="ask-data-lines" name="lines" rows="7" maxlength="4000" aria-describedby="ask-data-help"></textarea>
    <p id="ask-data-help" class="ask__help">Such as “Year 1 34 %”, or two columns of a spreadsheet. A * before a name, in at most two lines, marks what the article is about.</p>
  </div>
  <div class="ask__field">
    <label for="ask-data-source">Source (may be left empty)</label>
    <input id="ask-data-source" name="source" maxlength="300">
  </div>`;
const REMOVE = '<button type="button" class="ask__remove">Take the figure out</button>';

export function dataFigure(editor) {
  editor.addCommand("datafigure", {
    contextSensitive: true,
    canUndo: false,
    exec: () => open(editor),
    refresh(_, path) {
      const here = path.contains("table")?.hasClass("figures");
      this.setState(here ? CKEDITOR.TRISTATE_ON : CKEDITOR.TRISTATE_OFF);
    },
  });
  editor.ui.addButton("DataFigure", { label: "Figure with data", command: "datafigure" });
}

function open(editor) {
  const table = around(editor, "table", (each) => each.hasClass("figures"));
  const asked = ask(editor, {
    name: "data",
    title: "Figure with data",
    body: BODY,
    main: table ? "Change the figure" : "Insert the figure",
    others: table ? REMOVE : "",
    submit,
  });
  const { title, lines, source } = asked.form.elements;
  if (table) {
    title.value = table.findOne("caption")?.getText().trim() ?? "";
    lines.value = rowsOf(table).map(asLine).join("\n");
    source.value = table.findOne("tfoot")?.getText().trim() ?? "";
  }
  asked.form.querySelector(".ask__remove")?.addEventListener("click", () => {
    asked.finish(() => table.remove());
  });
  title.focus();

  function submit() {
    if (!title.value.trim()) {
      asked.say("Say in one sentence what the figure shows.", title);
      return null;
    }
    const rows = lines.value.split("\n").map((line) => line.trim()).filter(Boolean).map(asRow);
    const wrong = rows.findIndex((row) => !row);
    if (wrong >= 0 || rows.length < 2) {
      asked.say(
        wrong >= 0 ? `Line ${wrong + 1} needs a name and a number.` : "A figure needs at least two lines.",
        lines,
      );
      return null;
    }
    if (rows.filter((row) => row.marked).length > MOST_MARKED) {
      asked.say("Mark at most two lines with *: where many are marked, none stands out.", lines);
      return null;
    }
    return () => write(editor, table, { title: title.value.trim(), rows, source: source.value.trim() });
  }
}

function rowsOf(table) {
  return table
    .find("tr")
    .toArray()
    .filter((row) => !row.getAscendant({ thead: 1, tfoot: 1 }));
}

function asLine(row) {
  const cells = row.find("th, td").toArray();
  const mark = row.findOne("strong") ? "*" : "";
  return mark + cells.map((cell) => cell.getText().trim()).join("\t");
}

// The number is what follows the last tab, or the last words from the last word with a digit on.
function asRow(line) {
  const marked = line.startsWith("*");
  const text = marked ? line.slice(1).trim() : line;
  let at = text.lastIndexOf("\t");
  if (at < 0) {
    const words = text.split(" ");
    const last = words.findLastIndex((word) => hasDigit(word));
    at = words.slice(0, last).join(" ").length;
  }
  const name = text.slice(0, at).trim();
  const number = text.slice(at).trim();
  if (!name || !hasDigit(number)) return null;
  return { name: name.endsWith(":") ? name.slice(0, -1) : name, number, marked };
}

function hasDigit(text) {
  return [...text].some((character) => character >= "0" && character <= "9");
}

function write(editor, old, { title, rows, source }) {
  const escaped = CKEDITOR.tools.htmlEncode;
  const body = rows.map(({ name, number, marked }) => {
    const words = marked ? `<strong>${escaped(name)}</strong>` : escaped(name);
    return `<tr><th scope="row">${words}</th><td>${escaped(number)}</td></tr>`;
  });
  const foot = source ? `<tfoot><tr><td colspan="2">${escaped(source)}</td></tr></tfoot>` : "";
  const table = CKEDITOR.dom.element.createFromHtml(
    `<table class="figures"><caption>${escaped(title)}</caption><tbody>${body.join("")}</tbody>${foot}</table>`,
    editor.document,
  );
  const place = old ?? topLevel(editor, editor.getSelection()?.getRanges()[0]?.startContainer);
  if (place) table.insertAfter(place);
  else editor.editable().append(table);
  old?.remove();
  keepLineAfter(editor, table);
  placeCursor(editor, table.getNext());
}
