// The words about saving in the bar: "Saving", "Saved 14:02", "Not saved: no connection, …".
//
// What is seen changes at once. What a screen reader says changes at most once a minute, because
// autosave would talk without end.

const SHOWN_AFTER = 400; // ms
const SAID_EVERY = 60_000; // ms

export class SavingState {
  constructor(place) {
    this.seen = document.createElement("span");
    this.seen.className = "desk-saving__seen";
    this.seen.setAttribute("aria-hidden", "true");
    this.said = document.createElement("span");
    this.said.className = "desk-saving__said";
    place.classList.add("desk-saving");
    place.replaceChildren(this.seen, this.said);
    this.place = place;
    this.saidAt = -SAID_EVERY;
  }

  saving() {
    this.timer ??= setTimeout(() => this.show("saving", "Saving"), SHOWN_AFTER);
  }

  nothing() {
    this.show("", "");
  }

  saved(at) {
    this.show("saved", at ? `Saved ${at}` : "Saved");
  }

  // `why` is a short clause; `keptHere` says whether the browser has the text.
  notSaved(why, keptHere) {
    const where = keptHere ? "kept on this computer" : "do not close this tab";
    // On a phone there is room for what matters only.
    this.show(keptHere ? "kept" : "stop", part("why", `Not saved: ${why}, `), part("where", where));
  }

  show(kind, ...words) {
    clearTimeout(this.timer);
    this.timer = null;
    const text = words.map((one) => one.textContent ?? one).join("");
    if (this.place.dataset.state === kind && this.seen.textContent === text) return;
    this.place.dataset.state = kind;
    this.seen.replaceChildren(...(text ? words : []));
    if (kind !== "saving") this.say();
  }

  say() {
    clearTimeout(this.saying);
    const wait = Math.max(0, this.saidAt + SAID_EVERY - performance.now());
    this.saying = setTimeout(() => {
      if (this.said.textContent === this.seen.textContent) return;
      this.saidAt = performance.now();
      this.said.textContent = this.seen.textContent;
    }, wait);
  }
}

function part(name, words) {
  const made = document.createElement("span");
  made.className = `desk-saving__${name}`;
  made.textContent = words;
  return made;
}

// The place in the bar, or one that is made where a page has none.
export function savingPlace(form) {
  const found = document.getElementById("desk-saving");
  if (found) return found;
  const made = document.createElement("span");
  made.id = "desk-saving";
  made.setAttribute("role", "status");
  (form.querySelector(".submit-row") ?? form).prepend(made);
  return made;
}
