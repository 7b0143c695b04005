// The notices at the top of a form, in #desk-notices.

export function noticePlace() {
  const found = document.getElementById("desk-notices");
  if (found) return found;
  const made = document.createElement("div");
  made.id = "desk-notices";
  document.querySelector("[data-working-copy]").closest("form").prepend(made);
  return made;
}

// Shows a notice, in the place of the one with this id; `kind` is "stop" or "note".
export function show(id, content, { kind = "note" } = {}) {
  const notice = document.getElementById(id) ?? document.createElement("div");
  notice.id = id;
  notice.className = `desk-notice desk-notice--${kind}`;
  // A notice that stops somebody is said at once.
  if (kind === "stop") notice.setAttribute("role", "alert");
  notice.replaceChildren(...content);
  const place = noticePlace();
  if (notice.parentElement !== place) place.prepend(notice);
  return notice;
}

export function hide(id) {
  document.getElementById(id)?.remove();
}

export function paragraph(...content) {
  const made = document.createElement("p");
  made.append(...content);
  return made;
}

export function strong(words) {
  const made = document.createElement("strong");
  made.textContent = words;
  return made;
}
