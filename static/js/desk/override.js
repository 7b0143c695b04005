// Asks over the form why an article goes to readers in spite of the checks. The server has asked
// already (posts/admin/checking.py): without this script the field for the reason is in the rail.

import { goToText } from "./text-places.js";

const dialog = document.querySelector("[data-override]");
const field = document.getElementById("id__override_reason");

if (dialog && field) start();

function start() {
  const form = dialog.closest("form");
  const row = field.closest(".form-row");
  const go = dialog.querySelector("[data-override-do]");
  const least = Number(dialog.dataset.least);
  const section = field.closest("details");
  const error = document.createElement("p");
  const said = row.querySelector(".errorlist");

  row.querySelector("label").textContent = "Reason";
  error.className = "override__error";
  error.textContent = said?.textContent ?? "";
  error.setAttribute("role", "alert");
  said?.remove();
  error.id = "override-error";
  field.after(error);
  field.setAttribute("aria-describedby", "override-error id__override_reason_helptext");
  dialog.querySelector("[data-override-reason]").append(row);
  section.remove();

  function open() {
    // What is typed here counts only while the question is open.
    field.disabled = false;
    dialog.showModal();
    const isWrong = error.textContent.trim() !== "";
    (isWrong ? field : dialog.querySelector("[data-override-close]")).focus();
  }

  dialog.addEventListener("close", () => {
    field.disabled = true;
  });
  dialog.querySelector("[data-override-close]").addEventListener("click", () => dialog.close());
  for (const link of form.querySelectorAll(`a[href="#${field.id}"]`)) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      event.stopPropagation();
      open();
    });
  }
  // The keys of the page act on the form, not on this question.
  dialog.addEventListener("keydown", (event) => {
    event.stopPropagation();
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "s") event.preventDefault();
  });

  dialog.addEventListener("click", (event) => {
    const jump = event.target.closest("a[data-field]");
    if (!jump) return;
    dialog.close();
    // Other fields: static/js/writing.js leads to them, and to the text without its words.
    if (jump.dataset.field === "body" && goToText(form, jump.dataset)) event.preventDefault();
  });

  // Before anything is sent, so that the question stays open.
  go.addEventListener("click", (event) => {
    const length = field.value.split(/\s+/).filter(Boolean).join(" ").length;
    if (length >= least) return;
    event.preventDefault();
    error.textContent = length
      ? `A few words more, so that the next editor understands: ${length} of ${least} characters.`
      : "Say why, so that the next editor understands.";
    field.setAttribute("aria-invalid", "true");
    field.focus();
  });
  field.addEventListener("input", () => {
    error.textContent = "";
    field.removeAttribute("aria-invalid");
  });

  open();
}
