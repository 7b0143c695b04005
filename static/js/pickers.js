// The boxes that search while one types (Select2) get the names that their labels give them.

const $ = window.django?.jQuery;

function labelOf(select) {
  return document.querySelector(`label[for="${CSS.escape(select.id)}"]`);
}

function name(select) {
  const label = labelOf(select);
  const container = select.nextElementSibling;
  if (!label || !container?.classList.contains("select2-container")) return;
  label.id ||= `${select.id}_label`;
  const words = label.textContent.replace(/:\s*$/, "").trim();
  const box = container.querySelector(".select2-selection");
  const shown = container.querySelector(".select2-selection__rendered");
  box.setAttribute("aria-labelledby", [label.id, select.multiple ? "" : shown.id].join(" ").trim());
  // While nothing is chosen it has no words of its own.
  if (!select.multiple) shown.setAttribute("aria-labelledby", label.id);
  container.querySelector(".select2-search__field")?.setAttribute("aria-label", `Search: ${words}`);
  if (select.multiple) {
    // Its only children are the chosen entries and the search field, which are no list to axe.
    shown.setAttribute("role", "presentation");
    for (const entry of shown.children) entry.setAttribute("role", "presentation");
  }
}

const all = (root) => {
  for (const select of root.querySelectorAll("select.admin-autocomplete")) name(select);
};

// After the admin's own script has made the boxes.
$?.(() => setTimeout(() => all(document)));
document.addEventListener("formset:added", (event) => setTimeout(() => all(event.target)));
$?.(document).on("change", "select.admin-autocomplete", (event) =>
  setTimeout(() => name(event.target)),
);
$?.(document).on("select2:open", (event) => {
  const words = labelOf(event.target)?.textContent.replace(/:\s*$/, "").trim() ?? "";
  for (const part of document.querySelectorAll(
    ".select2-container--open :is(.select2-search__field, .select2-results__options)",
  )) {
    part.setAttribute("aria-label", `Search: ${words}`);
  }
});
