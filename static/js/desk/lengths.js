// How much of a text is seen where it is shown cut, such as a title in search results.

for (const field of document.querySelectorAll("[data-shown]")) watch(field, Number(field.dataset.shown));

function watch(field, most) {
  const line = document.createElement("p");
  const instead = document.getElementById("id_title");
  line.className = "help length";
  line.id = `${field.id}_length`;
  field.after(line);
  const described = field.getAttribute("aria-describedby");
  field.setAttribute("aria-describedby", described ? `${described} ${line.id}` : line.id);

  function show() {
    const text = (field.value || instead?.value || "").replace(/\s+/g, " ").trim();
    const lost = text.length > most ? text.slice(cutAt(text, most)).trim() : "";
    const about = `${text.length} of about ${most} characters`;
    const words = lost.length > 30 ? `${lost.slice(0, 30).trim()}…` : lost;
    line.textContent = lost ? `${about}: “${words}” may be cut.` : `${about}.`;
    line.classList.toggle("length--over", lost !== "");
  }

  field.addEventListener("input", show);
  instead?.addEventListener("input", show);
  show();
}

// Search engines end after a word.
function cutAt(text, most) {
  const at = text.lastIndexOf(" ", most);
  return at > 0 ? at : most;
}
