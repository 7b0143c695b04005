// Numbers beside the text where the checks found something, the same as in their list (checks.js).
//
// They stand on the page over the margin, and never in the text: nothing of them can be saved, copied
// or counted. The words themselves are marked by the browser's highlights, which are no elements.

import { editorOf, placeIn } from "./text-places.js";

const SIZE = 24; // px
const GAP = 4;
const MARGIN = 52; // What a column of numbers needs beside the text.
const NEAR = 3; // Blocks: what has moved farther is found by the next check.
const BLOCKS = "p, li, td, th, pre, figcaption, caption, h2, h3, h4";
const LEVELS = ["error", "warning"];

// `choose(number)` is called with the number of one that is pressed.
export class CheckMarks {
  constructor(form, choose) {
    this.form = form;
    this.sheet = form.querySelector(".sheet__text");
    this.checks = [];
    this.shown = [];
    this.layer = document.createElement("div");
    this.layer.className = "check-marks";
    this.layer.setAttribute("role", "group");
    this.layer.setAttribute("aria-label", "Checks beside the text");
    this.layer.hidden = true;
    this.sheet.append(this.layer);
    this.layer.addEventListener("click", ({ target }) => {
      const mark = target.closest("button");
      if (mark) choose(mark.textContent);
    });
    this.layer.addEventListener("keydown", (event) => this.step(event));
    new ResizeObserver(() => this.place()).observe(this.sheet);
  }

  // The checks as the list has them: {number, message, isError, field, block, text, picture}.
  set(checks) {
    this.checks = checks;
    this.find();
  }

  // Looks for each of them in the text as it stands.
  find() {
    const editor = editorOf(this.form);
    const focused = this.layer.contains(document.activeElement) && document.activeElement.textContent;
    this.shown = [];
    for (const check of this.checks) {
      const found = this.targetOf(check, editor);
      if (found) this.shown.push({ check, ...found, mark: markOf(check) });
    }
    this.layer.replaceChildren(...this.shown.map(({ mark }) => mark));
    this.layer.hidden = !this.shown.length;
    const again = this.shown.find(({ check }) => check.number === focused);
    for (const { mark } of this.shown) mark.tabIndex = -1;
    if (this.shown.length) (again ?? this.shown[0]).mark.tabIndex = 0;
    again?.mark.focus();
    this.paint(editor);
    this.place();
  }

  targetOf(check, editor) {
    if (check.field === "body") return editor && placeIn(editor, check, { within: NEAR });
    const field = document.getElementById(`id_${check.field}`);
    return field && this.sheet.contains(field) ? { field } : null;
  }

  // Marks the words themselves.
  paint(editor) {
    const view = editor?.window.$;
    if (!view?.Highlight || !view.CSS?.highlights) return;
    for (const level of LEVELS) {
      const ranges = this.shown
        .filter(({ check, words }) => words && check.isError === (level === "error"))
        .map(({ words }) => words);
      if (ranges.length) view.CSS.highlights.set(`check-${level}`, new view.Highlight(...ranges));
      else view.CSS.highlights.delete(`check-${level}`);
    }
  }

  // Puts each number beside its line: in a column, or above its paragraph where there is no margin.
  place() {
    if (!this.shown.length) return;
    const base = this.sheet.getBoundingClientRect();
    const frame = editorOf(this.form)?.window.$.frameElement.getBoundingClientRect();
    const outer = this.sheet.parentElement.getBoundingClientRect();
    const inMargin = outer.right - base.right >= MARGIN;
    this.layer.classList.toggle("check-marks--above", !inMargin);
    const seen = [];
    for (const each of this.shown) {
      const top = this.topOf(each, frame, inMargin);
      each.mark.hidden = top === null;
      if (top !== null) seen.push({ mark: each.mark, top: top - base.top });
    }
    seen.sort((a, b) => a.top - b.top);
    let [last, beside] = [null, 0];
    for (const { mark, top } of seen) {
      let at = top;
      if (inMargin && last !== null) at = Math.max(top, last + SIZE + GAP);
      beside = !inMargin && last === top ? beside + 1 : 0;
      last = at;
      mark.style.top = `${Math.round(at)}px`;
      mark.style.right = inMargin ? "" : `${beside * (SIZE + GAP)}px`;
    }
  }

  // In pixels of the window; null where it is no longer in the text.
  topOf({ field, words, picture, block }, frame, inMargin) {
    if (field) {
      const { top } = field.getBoundingClientRect();
      return inMargin ? top + GAP : top - SIZE / 2;
    }
    const element = picture ?? block ?? words.startContainer.parentElement;
    if (!frame || !element?.isConnected || words?.collapsed) return null;
    const whole = element.closest(BLOCKS) ?? element;
    if (!inMargin) return frame.top + whole.getBoundingClientRect().top - SIZE;
    if (!words) return frame.top + element.getBoundingClientRect().top;
    const [line] = words.getClientRects();
    return line ? frame.top + line.top + line.height / 2 - SIZE / 2 : null;
  }

  // One stop for the Tab key, however many there are; the arrows go on from there.
  step(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const marks = this.shown.map(({ mark }) => mark).filter((mark) => !mark.hidden);
    marks.sort((a, b) => a.offsetTop - b.offsetTop);
    const next = marks[marks.indexOf(document.activeElement) + step];
    if (!next) return;
    for (const mark of marks) mark.tabIndex = mark === next ? 0 : -1;
    next.focus();
  }
}

function markOf({ number, message, isError }) {
  const mark = document.createElement("button");
  mark.type = "button";
  mark.className = `check-mark${isError ? " check-mark--error" : ""}`;
  mark.textContent = number;
  mark.title = message; // A screen reader says it after the name.
  mark.setAttribute("aria-label", `Check ${number}`);
  return mark;
}
