// The page /saved/: what this device alone remembers (reader.js), and how to forget it.

const KEY = "reader";
const page = document.querySelector("[data-saved]");
const said = page.querySelector("[role=status]");
const OURS = /^\/(articles|weekly-alarm)\/[\w-]+\/$/;

const stored = () => {
  const text = localStorage.getItem(KEY);
  return text === "off" ? null : JSON.parse(text ?? "{}");
};

// Only what is a title and an address of ours; titles are shown as text.
const entries = (found) =>
  Object.entries(found ?? {})
    .filter(([path, entry]) => OURS.test(path) && Array.isArray(entry) && entry[0])
    .sort((a, b) => b[1][1] - a[1][1]);

const row = (kind, [path, [title, , share]]) => {
  const item = document.createElement("li");
  const link = document.createElement("a");
  const drop = document.createElement("button");
  link.href = path;
  link.textContent = String(title);
  item.append(link);
  if (share) item.append(` ${Math.round(share * 100)} % read`);
  drop.type = "button";
  drop.textContent = "Remove";
  drop.setAttribute("aria-label", `Remove ${title}`);
  drop.onclick = () => {
    const state = stored();
    delete state?.[kind]?.[path];
    keep(JSON.stringify(state));
    said.textContent = "Removed.";
    page.querySelector("h1").focus();
  };
  item.append(" ", drop);
  return item;
};

const keep = (text) => {
  try {
    if (text === null) localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, text);
  } catch {
    // Nothing is kept anyway.
  }
  show();
};

const show = () => {
  let state = null;
  try {
    state = stored();
  } catch {
    page.dataset.state = "none";
    return;
  }
  page.dataset.state = state ? "on" : "off";
  for (const kind of ["saved", "places"]) {
    const rows = entries(state?.[kind]).map((entry) => row(kind, entry));
    page.querySelector(`[data-list=${kind}]`).replaceChildren(...rows);
    page.querySelector(`[data-if=${kind}]`).hidden = rows.length === 0;
    page.querySelector(`[data-unless=${kind}]`)?.toggleAttribute("hidden", rows.length > 0);
  }
};

const does = (name, words, text) => {
  page.querySelector(`[data-do=${name}]`).onclick = () => {
    keep(text);
    said.textContent = words;
    page.querySelector("h1").focus();
  };
};

does("forget", "All of it is forgotten.", null);
does("off", "All of it is forgotten, and nothing is kept from now on.", "off");
does("on", "From now on, this device remembers again.", null);
addEventListener("storage", show);
addEventListener("pageshow", show);
show();
