// Home's calendar: what is scheduled is moved to another day by dragging it, or by keys on its
// "Move…": Space lifts, the arrows move, Enter puts down, Esc takes back. Without this, "Move…"
// leads to a page that asks for the day.

import { say } from "../parts/voice.js";

const form = document.getElementById("move-form");
const list = document.querySelector(".coming");
const STEPS = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7 };
const FARTHEST = 366; // days

let lifted = null; // { row, link, day, words }

if (form && list) {
  for (const link of list.querySelectorAll("[data-move]")) {
    const row = link.closest("li");
    row.draggable = true;
    link.setAttribute("aria-describedby", "move-help");
    link.addEventListener("keydown", (event) => onKey(event, row, link));
    link.addEventListener("blur", () => takeBack(""));
    row.addEventListener("dragstart", (event) => {
      event.dataTransfer.effectAllowed = "move";
      event.dataTransfer.setData("text/plain", row.dataset.title);
      lift(row, link);
    });
    row.addEventListener("dragend", () => takeBack(""));
  }
  for (const cell of document.querySelectorAll("[data-months] td[data-day]")) {
    cell.addEventListener("dragover", (event) => {
      if (!lifted || cell.dataset.day < form.dataset.today) return;
      event.preventDefault();
      if (lifted.day !== cell.dataset.day) carryTo(cell.dataset.day);
    });
    cell.addEventListener("drop", (event) => {
      event.preventDefault();
      if (lifted) putDown();
    });
  }
  // The row that was moved a moment ago has the focus.
  if (location.hash.startsWith("#coming-")) {
    document.getElementById(location.hash.slice(1))?.querySelector("[data-move]")?.focus();
  }
}

function onKey(event, row, link) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (!lifted) {
    if (event.key !== " ") return;
    event.preventDefault();
    lift(row, link);
    say(`Lifted: ${row.dataset.title}. ${name(lifted.day)}. Arrows move it, Enter puts it down, Escape takes it back.`);
    return;
  }
  if (event.key in STEPS) {
    event.preventDefault();
    const day = later(lifted.day, STEPS[event.key]);
    if (day < form.dataset.today || day > later(form.dataset.today, FARTHEST)) {
      return say("No farther.");
    }
    carryTo(day);
    say(name(day));
  } else if (event.key === "Enter" || event.key === " ") {
    event.preventDefault();
    putDown();
  } else if (event.key === "Escape") {
    event.preventDefault();
    takeBack("Taken back. It stays where it was.");
  }
}

function lift(row, link) {
  takeBack("");
  const detail = row.querySelector("[data-detail]");
  lifted = { row, link, detail, day: row.dataset.day, words: detail.textContent };
  row.classList.add("coming__row--lifted");
  carryTo(row.dataset.day);
}

function carryTo(day) {
  unmark();
  lifted.day = day;
  document.querySelector(`[data-months] td[data-day="${day}"]`)?.classList.add("month__target");
  lifted.detail.textContent =
    day === lifted.row.dataset.day
      ? "Lifted. Choose another day."
      : `Moving to ${name(day)}, ${lifted.row.dataset.clock}. Enter keeps it, Esc puts it back.`;
}

function putDown() {
  const { row, link, day } = lifted;
  if (day === row.dataset.day) return takeBack("It stays where it was.");
  form.action = link.href;
  form.elements.day.value = day;
  form.elements.seen.value = row.dataset.seen;
  lifted = null;
  form.submit();
}

function takeBack(words) {
  if (!lifted) return;
  unmark();
  lifted.row.classList.remove("coming__row--lifted");
  lifted.detail.textContent = lifted.words;
  lifted = null;
  if (words) say(words);
}

function unmark() {
  for (const cell of document.querySelectorAll(".month__target")) {
    cell.classList.remove("month__target");
  }
}

// Days are counted in UTC, where each has 24 hours.
function later(day, count) {
  const at = new Date(`${day}T00:00:00Z`);
  at.setUTCDate(at.getUTCDate() + count);
  return at.toISOString().slice(0, 10);
}

function name(day) {
  const options = { weekday: "long", month: "long", day: "numeric", timeZone: "UTC" };
  return new Intl.DateTimeFormat("en-US", options).format(new Date(`${day}T00:00:00Z`));
}
