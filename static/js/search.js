// Suggests topics and articles while somebody types. It is a combobox as in the ARIA Authoring
// Practices; the focus stays in the field. Without this script, the form still works.

const DELAY = 150; // ms after the last key

for (const input of document.querySelectorAll("[data-suggest]")) {
  const list = document.createElement("ul");
  list.className = "suggestions";
  list.id = `${input.id}-suggestions`;
  list.hidden = true;
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", "Suggestions");

  const status = document.createElement("p");
  status.className = "finder__said";
  status.setAttribute("role", "status");

  input.after(list, status);
  input.setAttribute("role", "combobox");
  input.setAttribute("aria-autocomplete", "list");
  input.setAttribute("aria-controls", list.id);
  input.setAttribute("aria-expanded", "false");

  let timer = 0;
  let request = null;
  let chosen = -1;

  const choose = (number) => {
    chosen = number;
    [...list.children].forEach((option, index) => {
      option.setAttribute("aria-selected", String(index === number));
      if (index === number) {
        option.scrollIntoView({ block: "nearest" });
      }
    });
    if (number < 0) {
      input.removeAttribute("aria-activedescendant");
    } else {
      input.setAttribute("aria-activedescendant", list.children[number].id);
    }
  };

  const close = () => {
    clearTimeout(timer);
    request?.abort();
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
    choose(-1);
  };

  const show = (suggestions) => {
    list.replaceChildren(
      ...suggestions.map(({ kind, label, url }, index) => {
        const option = document.createElement("li");
        option.id = `${list.id}-${index}`;
        option.className = "suggestions__one";
        option.setAttribute("role", "option");
        option.dataset.url = url;
        const name = document.createElement("span");
        name.textContent = label;
        option.append(name);
        if (kind !== "article") {
          const what = document.createElement("span");
          what.className = "suggestions__kind";
          what.textContent = kind === "topic" ? "Topic" : "Author";
          option.append(what);
        }
        return option;
      }),
    );
    choose(-1);
    list.hidden = suggestions.length === 0;
    input.setAttribute("aria-expanded", String(suggestions.length > 0));
    const many = suggestions.length === 1 ? "1 suggestion" : `${suggestions.length} suggestions`;
    status.textContent = suggestions.length ? `${many}, use the down arrow` : "";
  };

  const ask = async () => {
    request?.abort();
    const text = input.value.trim();
    if (text.length < 2) {
      show([]);
      return;
    }
    request = new AbortController();
    try {
      const address = `${input.dataset.suggest}?${new URLSearchParams({ q: text })}`;
      const response = await fetch(address, { signal: request.signal, credentials: "omit" });
      if (response.ok && document.activeElement === input) {
        show((await response.json()).suggestions);
      }
    } catch {
      // Offline, or aborted because of the next key. The form still works.
    }
  };

  input.addEventListener("input", () => {
    // The selected suggestion belongs to the former text.
    choose(-1);
    clearTimeout(timer);
    timer = setTimeout(ask, DELAY);
  });

  input.addEventListener("keydown", (event) => {
    const last = list.children.length - 1;
    if (event.isComposing) {
      return;
    }
    if (event.key === "ArrowDown" && last >= 0) {
      event.preventDefault();
      list.hidden = false;
      input.setAttribute("aria-expanded", "true");
      choose(chosen < last ? chosen + 1 : 0);
    } else if (event.key === "ArrowUp" && !list.hidden) {
      event.preventDefault();
      choose(chosen > 0 ? chosen - 1 : last);
    } else if (event.key === "Enter") {
      if (!list.hidden && chosen >= 0) {
        event.preventDefault();
        location.assign(list.children[chosen].dataset.url);
      }
      close();
    } else if (event.key === "Escape" && !list.hidden) {
      event.preventDefault();
      close();
    }
  });

  // Otherwise the field loses the focus on pointerdown, and the list closes before the click.
  list.addEventListener("pointerdown", (event) => event.preventDefault());
  list.addEventListener("click", (event) => {
    const option = event.target.closest("[data-url]");
    if (option) {
      location.assign(option.dataset.url);
    }
  });
  input.addEventListener("blur", close);
}

// The switch for the key "/" (slash.js).

for (const note of document.querySelectorAll("[data-slash]")) {
  const button = note.querySelector("button");
  const show = () => {
    button.textContent = localStorage.getItem("slash") ? "Switch it on" : "Switch it off";
  };
  try {
    show();
    note.hidden = false;
  } catch {
    // Storage is disabled: the switch could not be kept.
  }
  button.addEventListener("click", () => {
    try {
      if (localStorage.getItem("slash")) localStorage.removeItem("slash");
      else localStorage.setItem("slash", "off");
      show();
    } catch {
      button.textContent = "This device has no room to remember it";
    }
  });
}
