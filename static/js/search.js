// Suggests topics and articles while somebody types: the combobox of the ARIA practices, with
// the list shown but the focus left in the field. The form around it works without this.

const WAIT = 150; // ms after the last key

for (const input of document.querySelectorAll("[data-suggest]")) {
  const list = document.createElement("ul");
  list.className = "suggestions";
  list.id = `${input.id}-suggestions`;
  list.hidden = true;
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", "Suggestions");

  const said = document.createElement("p");
  said.className = "finder__said";
  said.setAttribute("role", "status");

  input.after(list, said);
  input.setAttribute("role", "combobox");
  input.setAttribute("aria-autocomplete", "list");
  input.setAttribute("aria-controls", list.id);
  input.setAttribute("aria-expanded", "false");

  let timer = 0;
  let asking = null;
  let chosen = -1;

  const choose = (number) => {
    chosen = number;
    [...list.children].forEach((one, index) => {
      one.setAttribute("aria-selected", String(index === number));
      if (index === number) {
        one.scrollIntoView({ block: "nearest" });
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
    asking?.abort();
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
    choose(-1);
  };

  const show = (suggestions) => {
    list.replaceChildren(
      ...suggestions.map(({ kind, label, url }, index) => {
        const one = document.createElement("li");
        one.id = `${list.id}-${index}`;
        one.className = "suggestions__one";
        one.setAttribute("role", "option");
        one.dataset.url = url;
        const name = document.createElement("span");
        name.textContent = label;
        one.append(name);
        if (kind !== "article") {
          const what = document.createElement("span");
          what.className = "suggestions__kind";
          what.textContent = kind === "topic" ? "Topic" : "Author";
          one.append(what);
        }
        return one;
      }),
    );
    choose(-1);
    list.hidden = suggestions.length === 0;
    input.setAttribute("aria-expanded", String(suggestions.length > 0));
    const many = suggestions.length === 1 ? "1 suggestion" : `${suggestions.length} suggestions`;
    said.textContent = suggestions.length ? `${many}, use the down arrow` : "";
  };

  const ask = async () => {
    asking?.abort();
    const text = input.value.trim();
    if (text.length < 2) {
      show([]);
      return;
    }
    asking = new AbortController();
    try {
      const address = `${input.dataset.suggest}?${new URLSearchParams({ q: text })}`;
      const response = await fetch(address, { signal: asking.signal, credentials: "omit" });
      if (response.ok && document.activeElement === input) {
        show((await response.json()).suggestions);
      }
    } catch {
      // Offline, or overtaken by the next key: the form still searches.
    }
  };

  input.addEventListener("input", () => {
    // What was chosen belongs to what was typed before.
    choose(-1);
    clearTimeout(timer);
    timer = setTimeout(ask, WAIT);
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

  // On pointerdown the field would lose the focus, and the list close before the click.
  list.addEventListener("pointerdown", (event) => event.preventDefault());
  list.addEventListener("click", (event) => {
    const one = event.target.closest("[data-url]");
    if (one) {
      location.assign(one.dataset.url);
    }
  });
  input.addEventListener("blur", close);
}
