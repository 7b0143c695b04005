// For readers who return, on their own device alone: where they were in an article, what they saved
// for later, and what is new since their last visit. The page /saved/ lists it (saved-list.js), and
// forgets all of it with one click. If storage is disabled, full or "off", none of it is there.

const KEY = "reader";
const VISIT = 30 * 60 * 1000; // ms without a page, after which a visit is a new one
const MOST = 60; // places, and articles that are saved
const path = location.pathname;
// Not of a preview, whose address is no reader's.
const ours = /^\/(articles|weekly-alarm)\//.test(path);
const title = ours && document.querySelector("[data-title]")?.dataset.title;

// { seen, last: ms; places: { path: [title, ms, share] }; saved: { path: [title, ms] } }
const read = () => {
  const state = JSON.parse(localStorage.getItem(KEY) ?? "{}");
  return { seen: 0, last: 0, ...state, places: { ...state.places }, saved: { ...state.saved } };
};

const newest = (entries) =>
  Object.fromEntries(Object.entries(entries).sort((a, b) => b[1][1] - a[1][1]).slice(0, MOST));

// Reads anew, because another tab may have changed it.
const change = (how) => {
  const state = read();
  how(state);
  state.places = newest(state.places);
  state.saved = newest(state.saved);
  localStorage.setItem(KEY, JSON.stringify(state));
};

const button = (words, act) => {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "button";
  made.textContent = words;
  made.onclick = act;
  return made;
};

// At the foot of the screen, so that nothing moves.
const offerToGoOn = (text, share) => {
  const bar = document.createElement("p");
  bar.className = "resume on-night";
  bar.append(
    button(`Go on where you were (${Math.round(share * 100)} %)`, () => {
      const { top, height } = text.getBoundingClientRect();
      bar.remove();
      scrollTo(0, scrollY + top + share * height - innerHeight / 3);
    }),
    button("Not now", () => bar.remove()),
  );
  document.querySelector("main").append(bar);
  addEventListener("scroll", () => scrollY > innerHeight && bar.remove(), { passive: true });
};

const markPlace = (text) => {
  const share = read().places[path]?.[2];
  if (share > 0.1 && !location.hash) offerToGoOn(text, share);
  const note = () => {
    const { top, height } = text.getBoundingClientRect();
    const now = (innerHeight / 3 - top) / height;
    // Not at the beginning: a look at the top does not lose the place.
    if (!(now > 0.1)) return;
    try {
      change((state) => {
        if (now < 0.95) state.places[path] = [title, Date.now(), Math.round(now * 1000) / 1000];
        else delete state.places[path];
      });
    } catch {
      // The storage is full, or off by now.
    }
  };
  addEventListener("pagehide", note);
  document.addEventListener("visibilitychange", () => document.hidden && note());
};

const item = (made) => {
  const entry = document.createElement("li");
  entry.append(made);
  return entry;
};

const offerToSave = () => {
  const buttons = [];
  const show = () => {
    const is = path in read().saved;
    for (const each of buttons) each.setAttribute("aria-pressed", is);
  };
  for (const [selector, css] of [[".byline__ways", "byline__copy"], [".share__list", "share__link"]]) {
    for (const list of document.querySelectorAll(selector)) {
      const made = button("Save for later", () => {
        try {
          change(({ saved }) => {
            if (path in saved) delete saved[path];
            else saved[path] = [title, Date.now()];
          });
          show();
        } catch {
          made.textContent = "This device has no room for it";
        }
      });
      made.className = css;
      made.dataset.save = "";
      buttons.push(made);
      list.append(item(made));
    }
  }
  show();
};

const linkToList = () => {
  for (const list of document.querySelectorAll(".colophon .nav__list")) {
    const link = document.createElement("a");
    link.className = "nav__link";
    link.href = "/saved/";
    link.textContent = "Reading list";
    // Before “Subscribe”.
    list.lastElementChild.before(item(link));
  }
};

try {
  change((state) => {
    if (Date.now() - state.seen > VISIT) state.last = state.seen;
    state.seen = Date.now();
  });
  const { last } = read();
  const text = document.querySelector(".e-content");
  if (text && title) markPlace(text);
  if (title) offerToSave();
  for (const time of last ? document.querySelectorAll(".card time, .lead time") : []) {
    if (Date.parse(time.dateTime) > last) time.closest("article").dataset.new = "";
  }
  linkToList();
} catch {
  // Storage is disabled, full or off, or holds something else.
}
