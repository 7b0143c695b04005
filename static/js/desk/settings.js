// Marks which settings differ from what is saved, and counts them beside "Save settings".

const form = document.querySelector("#publication_form");
const said = form?.querySelector("[data-settings-changed]");
const discard = form?.querySelector("[data-settings-discard]");
if (said) start();

function start() {
  const problems = form.querySelector("[data-problems]");
  problems?.focus();
  problems?.addEventListener("click", (event) => {
    const link = event.target.closest("a");
    const field = link && document.getElementById(link.hash.slice(1));
    if (!field) return;
    event.preventDefault();
    field.focus();
  });
  const rows = [...form.querySelectorAll("[data-setting]")];
  look(rows);
  form.addEventListener("input", () => look(rows));
  form.addEventListener("change", () => look(rows));
  form.addEventListener("reset", () => {
    // The browser puts back what the page came with, after this event. A page with errors came
    // with what was typed.
    setTimeout(() => {
      for (const row of rows) putBack(row);
      form.dispatchEvent(new Event("input", { bubbles: true }));
    });
  });
}

function look(rows) {
  let count = 0;
  for (const row of rows) {
    const changed = [...row.querySelectorAll("input, textarea, select")].some((control) =>
      isChanged(control, row.dataset.saved),
    );
    mark(row, changed);
    count += changed;
  }
  const words = count ? `${count} change${count === 1 ? "" : "s"} not saved yet` : "";
  if (said.textContent !== words) said.textContent = words;
  discard.hidden = !count;
}

function isChanged(control, saved) {
  if (control.type === "file") return control.files.length > 0;
  if (control.type === "checkbox") return control.checked;
  if (control.type === "radio") return control.checked && control.value !== saved;
  return control.value !== saved;
}

function putBack(row) {
  const { saved } = row.dataset;
  for (const control of row.querySelectorAll("input, textarea")) {
    if (control.type === "checkbox") control.checked = false;
    else if (control.type === "radio") control.checked = control.value === saved;
    else if (control.type !== "file") control.value = saved;
  }
}

function mark(row, changed) {
  const label = row.querySelector("label, legend");
  let pill = row.querySelector(".set__pill");
  if (!changed) {
    pill?.remove();
  } else if (!pill && label) {
    pill = document.createElement("span");
    pill.className = "set__pill";
    pill.textContent = "changed";
    label.append(" ", pill);
  }
}
