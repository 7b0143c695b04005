// The id of a form in a tab, new for each time that the form is loaded, and whether it is alive.

export function newTabId() {
  // randomUUID() is there under https only.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

// Holds a lock as long as this page uses the id, or until the function that it returns is called.
export function claimTab(tab) {
  rememberTab(tab);
  let release = () => {};
  const released = new Promise((resolve) => {
    release = resolve;
  });
  // Without https there are no locks; then a copy may be sent twice, which changes nothing.
  navigator.locks?.request(lockOf(tab), () => released).catch(() => {});
  return release;
}

// Runs `work` unless another page uses the id.
export async function ifAbandoned(tab, work) {
  if (!navigator.locks) return work();
  return navigator.locks.request(lockOf(tab), { ifAvailable: true }, (lock) => lock && work());
}

function lockOf(tab) {
  return `desk-form-${tab}`;
}

// Where one of these tabs, which the desk knows of this account, is open: "here" in this browser,
// "elsewhere" in another one, or "" if each was here and has ended.
export async function whereOpen(tabs) {
  const held = new Set(((await navigator.locks?.query())?.held ?? []).map(({ name }) => name));
  if (tabs.some((tab) => held.has(lockOf(tab)))) return "here";
  const here = remembered();
  return tabs.some((tab) => !here.includes(tab)) ? "elsewhere" : "";
}

// The ids that this browser has used, the last ones.

const USED = "desk-tabs";
const MOST_USED = 200;

function rememberTab(tab) {
  try {
    const used = [...remembered().filter((known) => known !== tab), tab];
    localStorage.setItem(USED, JSON.stringify(used.slice(-MOST_USED)));
  } catch {
    // A browser that keeps nothing: its own tabs count as those of another one.
  }
}

function remembered() {
  try {
    const used = JSON.parse(localStorage.getItem(USED));
    return Array.isArray(used) ? used : [];
  } catch {
    return [];
  }
}

// What this browser tab last sent by Save, so that the page that answers knows whether it is the
// same form again.

const SUBMITTED = "desk-submitted";

export function rememberSubmitted(copy, place) {
  try {
    const { account, object, tab, number } = copy;
    sessionStorage.setItem(SUBMITTED, JSON.stringify({ account, object, tab, number, place }));
  } catch {
    // A browser that keeps nothing: the page that answers then counts as a new form.
  }
}

export function takeSubmitted() {
  return take(SUBMITTED);
}

// The form whose files were not saved, because somebody was asked which of two texts is meant.

const WAITING = "desk-files-waiting";

export function rememberWaiting(sent) {
  try {
    sessionStorage.setItem(WAITING, JSON.stringify(sent));
  } catch {
    // The page has said that the file is to be chosen again.
  }
}

export function takeWaiting(account, object) {
  const found = take(WAITING);
  if (found?.account === account && found.object === object) return found;
  if (found) rememberWaiting(found);
  return null;
}

function take(key) {
  try {
    const found = JSON.parse(sessionStorage.getItem(key));
    sessionStorage.removeItem(key);
    return found;
  } catch {
    return null;
  }
}
