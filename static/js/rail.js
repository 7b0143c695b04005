// The rail beside a text: its sections remember whether they are open and say what they hold; on a
// narrow screen the rail is a drawer.

const form = document.querySelector("[data-frame]");
const rail = form.querySelector("[data-rail]");
const narrow = matchMedia("(max-width: 68.74rem)");

if (rail) {
  remember();
  describe();
  drawer();
}

function remember() {
  const key = `desk.rail.${form.dataset.remembers}`;
  let open = {};
  try {
    open = JSON.parse(localStorage.getItem(key)) ?? {};
  } catch {
    // Storage is off, or what it holds is not ours.
  }
  for (const section of rail.querySelectorAll("[data-section]")) {
    const name = section.dataset.section;
    // A section with an error stays open, whatever was remembered.
    if (typeof open[name] === "boolean" && !section.classList.contains("rs--wrong")) {
      section.open = open[name];
    }
    let before = section.open;
    section.addEventListener("toggle", () => {
      if (section.open === before) return;
      before = section.open;
      open[name] = section.open;
      try {
        localStorage.setItem(key, JSON.stringify(open));
      } catch {
        // Storage is off or full: the section opens all the same.
      }
    });
  }
}

function describe() {
  const field = (name) => form.elements.namedItem(name);
  const chosen = (select) => [...(select?.selectedOptions ?? [])].filter((option) => option.value);
  const counted = (number, word) => `${number} ${word}${number === 1 ? "" : "s"}`;

  const lines = {
    "author-and-topics"() {
      const author = chosen(field("author"))[0]?.textContent.trim() || "No author";
      return `${author}, ${counted(chosen(field("tags")).length, "topic")}`;
    },
    cover() {
      const file = field("cover_file");
      if (!chosen(field("cover")).length && !file?.files.length) return "None";
      return field("cover_alt")?.value.trim() ? "With alternative text" : "Alternative text is missing";
    },
    related() {
      const rows = [...rail.querySelectorAll(".rows .row:not(.empty-form)")].filter(
        (row) =>
          chosen(row.querySelector("select")).length &&
          !row.querySelector("[name$=-DELETE]")?.checked,
      );
      return rows.length ? counted(rows.length, "article") : "None yet";
    },
    address: addressOf,
    "address-and-search-title": addressOf,
  };

  function addressOf() {
    return field("slug")?.value ? `/${field("slug").value}/` : "Made from the title";
  }

  function show() {
    for (const [name, line] of Object.entries(lines)) {
      const place = rail.querySelector(`[data-section="${name}"] [data-line]`);
      // Whoever may only look has no fields.
      if (place && rail.querySelector(`[data-section="${name}"] :is(input, select, textarea)`)) {
        place.textContent = line();
      }
    }
  }

  // Select2 tells of a change by jQuery only.
  window.django?.jQuery(form).on("change input", show);
  document.addEventListener("formset:added", show);
  document.addEventListener("formset:removed", show);
  window.django?.jQuery(() => setTimeout(show));
}

function drawer() {
  const opener = form.querySelector("[data-rail-open]");
  const shade = document.createElement("div");
  const rest = [form.querySelector(".sheet"), form.querySelector("[data-eh]")];
  shade.className = "rail__shade";
  rail.before(shade);
  form.classList.add("frame--live");

  function set(open, { focus = true } = {}) {
    if (form.classList.contains("frame--drawer") === open) return;
    form.classList.toggle("frame--drawer", open);
    opener.setAttribute("aria-expanded", String(open));
    for (const part of rest) part.inert = open;
    if (!focus) return;
    if (open) rail.querySelector("[data-rail-close]").focus();
    else opener.focus();
  }

  opener.addEventListener("click", () => set(true));
  rail.querySelector("[data-rail-close]").addEventListener("click", () => set(false));
  shade.addEventListener("click", () => set(false));
  rail.addEventListener("keydown", (event) => {
    // Esc closes an open list of choices first.
    if (event.key === "Escape" && !document.querySelector(".select2-container--open")) set(false);
  });
  rail.addEventListener("desk:show", () => {
    if (narrow.matches) set(true, { focus: false });
  });
  narrow.addEventListener("change", () => set(false, { focus: false }));
}
