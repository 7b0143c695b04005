// Home's calendar: what is scheduled is moved to another day by dragging it, in the list or in the
// calendar, or by keys: M on a day of the calendar, or Space on "Move…", lifts; the arrows move,
// Enter puts down, Esc takes back. Without this, "Move…" leads to a page that asks for the day.

import { say } from "../parts/voice.js";

const form = document.getElementById("move-form");
const list = document.querySelector(".coming");
const STEPS = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7 };
const FARTHEST = 366; // days

let lifted = null; // { row, link, day, words }

if (form && list) {
  for (const link of list.querySelectorAll("[data-move]")) {
    const row = link.closest("li");
    link.setAttribute("aria-describedby", "move-help");
    link.addEventListener("keydown", (event) => onKey(event, row, link));
    link.addEventListener("blur", () => takeBack(""));
    link.addEventListener("click", (event) => {
      if (!lifted) return;
      event.preventDefault();
      putDown();
    });
    canBeDragged(row, row, link);
  }
  for (const day of document.querySelectorAll("[data-months] [data-moves]")) {
    const link = document.getElementById(`coming-${day.dataset.moves}`);
    const row = link.closest("li");
    canBeDragged(day, row, link);
    day.addEventListener("keydown", (event) => {
      if (!isM(event) || document.body.dataset.singleKeys === "off") return;
      event.preventDefault();
      link.focus();
      liftByKey(row, link);
    });
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
}

function canBeDragged(element, row, link) {
  element.draggable = true;
  element.addEventListener("dragstart", (event) => {
    event.stopPropagation();
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", row.dataset.title);
    // Chromium gives up dragging what changes its size in this handler.
    setTimeout(() => lift(row, link));
  });
  element.addEventListener("dragend", () => takeBack(""));
}

function isM(event) {
  return event.key.toLowerCase() === "m" && !event.ctrlKey && !event.metaKey && !event.altKey;
}

function onKey(event, row, link) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (!lifted) {
    if (event.key !== " ") return;
    event.preventDefault();
    liftByKey(row, link);
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
  } else if (isM(event) && document.body.dataset.singleKeys !== "off") {
    event.preventDefault();
    liftNext(row);
  }
}

function liftByKey(row, link) {
  lift(row, link);
  link.textContent = "Keep";
  link.setAttribute("aria-label", `Keep: ${row.dataset.title}`);
  link.classList.add("btn");
  say(
    `Lifted: ${row.dataset.title}. ${name(lifted.day)}. ` +
      "Arrows move it, Enter puts it down, Escape takes it back.",
  );
}

// M once more: what else stands on the same day.
function liftNext(row) {
  const rows = [...list.querySelectorAll("li[data-day]")].filter(
    (each) => each.dataset.day === row.dataset.day,
  );
  if (rows.length < 2) return say("Nothing else stands on that day.");
  const next = rows[(rows.indexOf(row) + 1) % rows.length];
  const link = next.querySelector("[data-move]");
  takeBack("");
  link.focus();
  liftByKey(next, link);
}

function lift(row, link) {
  takeBack("");
  const detail = row.querySelector("[data-detail]");
  const before = { text: link.textContent, label: link.getAttribute("aria-label") };
  lifted = { row, link, detail, before, day: row.dataset.day, words: detail.textContent };
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
      : `Moving to ${[name(day), lifted.row.dataset.clock].filter(Boolean).join(", ")}. Enter keeps it, Esc puts it back.`;
}

function putDown() {
  const { row, link, day } = lifted;
  if (day === row.dataset.day) return takeBack("It stays where it was.");
  if ("asks" in row.dataset) {
    // The page asks for the password, with this day filled in.
    const address = new URL(link.href);
    address.searchParams.set("day", day);
    lifted = null;
    location.assign(address);
    return;
  }
  form.action = link.href;
  form.elements.day.value = day;
  form.elements.seen.value = row.dataset.seen;
  lifted = null;
  form.submit();
}

function takeBack(words) {
  if (!lifted) return;
  unmark();
  const { row, link, detail, before, words: detailWords } = lifted;
  lifted = null;
  row.classList.remove("coming__row--lifted");
  detail.textContent = detailWords;
  link.textContent = before.text;
  link.setAttribute("aria-label", before.label);
  link.classList.remove("btn");
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
