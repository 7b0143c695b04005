// Beside a day and a time that are typed: the browser's own picker, how they are understood, and
// what the clock shows where the editor is.

const WEEKDAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split(" ");
const own = Intl.DateTimeFormat().resolvedOptions().timeZone;

function start(box) {
  const { zone, place } = box.dataset;
  const inputs = [...box.querySelectorAll("input")];
  const line = document.getElementById(inputs[0]?.getAttribute("aria-describedby") ?? "")
    ?? box.parentElement.querySelector(".moment__zone");
  if (!inputs.length || !line) return;
  const [day, time] = inputs;

  // Year, month, day, hour, minute; null if it is not understood.
  function typed() {
    if (!time) {
      const found = /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d)/.exec(day.value);
      return found && found.slice(1).map(Number);
    }
    const date = parseDay(day.value, zone);
    const clock = parseTime(time.value);
    return date && clock && [...date, ...clock];
  }

  function show() {
    const parts = typed();
    if (!parts) {
      line.textContent = `The time in ${place}.`;
      return;
    }
    const at = momentOf(parts, zone);
    const said = new Intl.DateTimeFormat("en-US", {
      timeZone: "UTC", weekday: "long", month: "long", day: "numeric",
      ...(parts[0] === yearNow(zone) ? {} : { year: "numeric" }),
    }).format(new Date(Date.UTC(parts[0], parts[1] - 1, parts[2])));
    const there = clockOf(at, zone);
    const here = clockOf(at, own);
    line.textContent = `${said}, ${two(parts[3])}:${two(parts[4])} in ${place}.`;
    if (there !== here) {
      const sameDay = dayOf(at, zone) === dayOf(at, own);
      const other = sameDay ? "" : ` on ${dayOf(at, own)}`;
      line.textContent += ` That is ${here}${other} where you are (${cityOf(own)}).`;
    }
  }

  for (const input of inputs) input.addEventListener("input", show);
  if (time) {
    // "tomorrow" is another day tomorrow: the field keeps the day that is meant.
    day.addEventListener("change", () => {
      const date = parseDay(day.value, zone);
      if (date) day.value = `${date[0]}-${two(date[1])}-${two(date[2])}`;
      show();
    });
    day.closest("p").append(picker());
  }
  show();

  function picker() {
    const made = document.createElement("span");
    const button = document.createElement("button");
    const native = document.createElement("input");
    button.type = "button";
    button.className = "moment__pick";
    button.setAttribute("aria-label", "Pick day and time");
    button.innerHTML =
      '<svg class="icon" aria-hidden="true" viewBox="0 0 24 24"><path d="M4 6.5h16v13H4zM4 10.5h16M8 4v4m8-4v4"/></svg>';
    native.type = "datetime-local";
    native.className = "moment__native";
    native.tabIndex = -1;
    native.setAttribute("aria-hidden", "true");
    native.setAttribute("form", ""); // It is no part of the form.
    made.className = "moment__picker";
    made.append(native, button);
    button.addEventListener("click", () => {
      const parts = typed();
      if (parts) {
        const [year, month, date, hour, minute] = parts;
        native.value = `${year}-${two(month)}-${two(date)}T${two(hour)}:${two(minute)}`;
      }
      try {
        native.showPicker();
      } catch {
        day.focus(); // A browser without: the fields are typed.
      }
    });
    for (const name of ["input", "change"]) {
      native.addEventListener(name, (event) => {
        event.stopPropagation();
        const [date, clock] = native.value.split("T");
        if (!clock) return;
        day.value = date;
        time.value = clock.slice(0, 5);
        for (const input of [day, time]) {
          input.dispatchEvent(new Event("input", { bubbles: true }));
        }
      });
    }
    return made;
  }
}

const two = (number) => String(number).padStart(2, "0");
const cityOf = (zone) => zone.split("/").at(-1).replaceAll("_", " ");
const partsOf = (at, zone) => {
  const format = new Intl.DateTimeFormat("en-CA", {
    timeZone: zone, hourCycle: "h23", year: "numeric", month: "2-digit", day: "2-digit",
    hour: "2-digit", minute: "2-digit", second: "2-digit",
  });
  return Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, Number(value)]));
};
const yearNow = (zone) => partsOf(new Date(), zone).year;
const clockOf = (at, zone) => {
  const { hour, minute } = partsOf(at, zone);
  return `${two(hour)}:${two(minute)}`;
};
const dayOf = (at, zone) =>
  new Intl.DateTimeFormat("en-US", { timeZone: zone, month: "long", day: "numeric" }).format(at);

// The moment at which the clock of a zone shows this.
function momentOf([year, month, day, hour, minute], zone) {
  const wanted = Date.UTC(year, month - 1, day, hour, minute);
  let at = wanted;
  for (let round = 0; round < 2; round += 1) {
    const shown = partsOf(new Date(at), zone);
    at += wanted - Date.UTC(shown.year, shown.month - 1, shown.day, shown.hour, shown.minute);
  }
  return new Date(at);
}

// As alarmroom/desk/days.py and moments.py read them; what they know besides is not said here.
function parseDay(text, zone) {
  const words = text.toLowerCase().replace(/[,.]/g, " ").trim().split(/\s+/);
  const iso = /^(\d{4})-(\d\d?)-(\d\d?)$/.exec(words[0]);
  if (iso && words.length === 1) return iso.slice(1).map(Number);
  const now = partsOf(new Date(), zone);
  const today = new Date(Date.UTC(now.year, now.month - 1, now.day));
  const after = (days) => {
    const found = new Date(today.getTime() + days * 864e5);
    return [found.getUTCFullYear(), found.getUTCMonth() + 1, found.getUTCDate()];
  };
  const weekday = WEEKDAYS.indexOf(words[0].slice(0, 3));
  const isWeekday = weekday >= 0 && /^(\w{3}|\w+day)$/.test(words[0]);
  if (words.length === 1) {
    if (words[0] === "today") return after(0);
    if (words[0] === "tomorrow") return after(1);
    return isWeekday ? after(((weekday - today.getUTCDay() + 6) % 7) + 1) : null;
  }
  const [first, second, year] = isWeekday ? words.slice(1) : words;
  const month = [first, second].map((word) => MONTHS.indexOf((word ?? "").slice(0, 3)) + 1);
  const number = Number(month[0] ? second : first);
  const found = month[0] || month[1];
  if (!found || !Number.isInteger(number) || number < 1 || number > 31) return null;
  if (year) return /^\d{4}$/.test(year) ? [Number(year), found, number] : null;
  const isOver = found < now.month || (found === now.month && number < now.day);
  return [now.year + (isOver ? 1 : 0), found, number];
}

function parseTime(text) {
  const typed = text.toLowerCase().replace(/[\s.]*([ap])\.?m\.?$/, "$1").trim();
  if (typed === "noon") return [12, 0];
  const found = /^(\d{1,2})(?:[:.]?(\d\d))?(?::\d\d)?\s?([ap])?$/.exec(typed);
  if (!found || (!found[2] && !found[3])) return null;
  const [, hours, minutes = "0", half] = found;
  let hour = Number(hours);
  if (half) {
    if (hour < 1 || hour > 12) return null;
    hour = (hour % 12) + (half === "p" ? 12 : 0);
  }
  return hour < 24 && Number(minutes) < 60 ? [hour, Number(minutes)] : null;
}

for (const box of document.querySelectorAll("[data-moment]")) start(box);
