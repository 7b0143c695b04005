// The search box of the desk: what fits is listed while somebody types. Without this, it leads to
// a page of what was found.

import { combobox } from "../parts/combobox.js";
import { onKey } from "./keys.js";

const input = document.getElementById("desk-q");
const dialog = document.getElementById("desk-search");
const SHORTEST = 2;

if (input) {
  const form = input.form;
  combobox(input, {
    none: "Nothing fits",
    choose: ({ url }) => location.assign(url),
    async find(letters, signal) {
      if (letters.length < SHORTEST && !/^[0-9]$/.test(letters)) return null;
      const all = `${form.action}?${new URLSearchParams({ q: letters })}`;
      try {
        const response = await fetch(`${all}&format=json`, { credentials: "same-origin", signal });
        const { found } = await response.json();
        return found.length ? [...found, { label: `All that has “${letters}”`, url: all }] : [];
      } catch {
        // Signed out, or no connection: the page says so itself.
        return signal.aborted ? [] : [{ label: `Search for “${letters}”`, url: all }];
      }
    },
  });
  onKey("/", () => {
    dialog?.showModal();
    input.focus();
    input.select();
  });
  for (const link of document.querySelectorAll("[data-show-search]")) {
    link.addEventListener("click", (event) => {
      if (!dialog) return;
      event.preventDefault();
      link.closest("details")?.removeAttribute("open");
      dialog.showModal();
      input.focus();
    });
  }
}
