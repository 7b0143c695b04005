// Related articles as cards: added by typing a title or from what is suggested, put in order by drag
// or by keys. The rows of the form (posts/admin/related.py) stay what is sent.

import { combobox } from "../parts/combobox.js";
import { say } from "../parts/voice.js";
import { request } from "./requests.js";
import { sortable } from "./sortable.js";

const group = document.querySelector("[data-related]");

if (group) start();

function start() {
  const { prefix, related: address } = group.dataset;
  const form = group.closest("form");
  const section = group.closest("details");
  const list = group.querySelector("[data-rows]");
  const template = list.querySelector(".empty-form");
  const total = form.elements.namedItem(`${prefix}-TOTAL_FORMS`);
  const most = Number(form.elements.namedItem(`${prefix}-MAX_NUM_FORMS`).value);
  const mayAdd = Boolean(template);
  let number = Number(total.value);

  const rows = () => [...list.querySelectorAll(".row:not(.empty-form)")];
  const control = (row, name) => row.querySelector(`[name$="-${name}"]`);
  const pick = (row) => control(row, "related");
  const titleOf = (row) => pick(row).selectedOptions[0]?.textContent.trim() ?? "";
  const isRemoved = (row) => control(row, "DELETE")?.checked || !pick(row).value;
  const isStored = (row) => row.classList.contains("has_original");
  // Who may not remove it has no box for it.
  const stays = (row) => isStored(row) && !control(row, "DELETE");
  const shown = () => rows().filter((row) => !isRemoved(row));
  const chosen = () => new Set(shown().map((row) => pick(row).value));

  const changed = () => {
    shown().forEach((row, place) => {
      control(row, "position").value = place + 1;
    });
    hint();
    list.dispatchEvent(new Event("change", { bubbles: true }));
  };

  function card(row) {
    let made = row.querySelector(".related__card");
    row.hidden = Boolean(isRemoved(row));
    if (row.hidden) return;
    if (!made) {
      made = group.querySelector("[data-card]").content.cloneNode(true).firstElementChild;
      row.prepend(made);
      row.classList.add("row--card");
    }
    const title = titleOf(row);
    made.querySelector(".related__title").textContent = title;
    made.querySelector("[data-lift]").setAttribute("aria-label", `Order: ${title}`);
    made.querySelector("[data-remove]").setAttribute("aria-label", `Remove ${title}`);
    made.querySelector("[data-remove]").hidden = stays(row);
    made.querySelector("summary .visually-hidden").textContent = ` ${title}`;
  }

  // In the order that their numbers say; one without a number comes last.
  const placed = rows().map((row) => [Number(control(row, "position").value) || 1e9, row]);
  placed.sort(([one], [other]) => one - other);
  for (const [, row] of placed) {
    list.insertBefore(row, template ?? null);
    card(row);
  }

  function remove(row) {
    const place = shown().indexOf(row);
    const title = titleOf(row);
    const box = control(row, "DELETE");
    if (box && isStored(row)) {
      box.checked = true;
    } else {
      // A row that is not stored is left empty, as if it had never been filled.
      pick(row).value = "";
      control(row, "position").value = control(row, "position").defaultValue;
    }
    row.hidden = true;
    changed();
    say(`${title} removed`);
    const next = shown()[place] ?? shown().at(-1);
    (next?.querySelector("[data-remove]") ?? input)?.focus();
    suggest();
  }

  function add(pk, title) {
    if (chosen().has(String(pk))) return say(`${title} is chosen already`);
    let row = rows().find((each) => pick(each).value === String(pk) && isRemoved(each));
    if (row) {
      control(row, "DELETE").checked = false;
    } else {
      row = rows().find((each) => !pick(each).value) ?? fresh();
      if (!row) return say("No more can be added");
      pick(row).append(new Option(title, pk, true, true));
      pick(row).value = String(pk);
    }
    list.insertBefore(row, template);
    card(row);
    changed();
    say(`${title} added, place ${shown().length}`);
  }

  function fresh() {
    if (number >= most) return null;
    const row = template.cloneNode(true);
    row.classList.remove("empty-form", "last-related");
    row.id = `${prefix}-${number}`;
    for (const part of row.querySelectorAll("*")) {
      for (const { name, value } of [...part.attributes]) {
        if (value.includes("__prefix__")) {
          part.setAttribute(name, value.replaceAll("__prefix__", number));
        }
      }
    }
    number += 1;
    total.value = number;
    return row;
  }

  list.addEventListener("click", (event) => {
    const button = event.target.closest("[data-remove]");
    if (button) remove(button.closest(".row"));
  });
  sortable(list, { items: shown, nameOf: titleOf, moved: changed });

  // What can be done with the one that is picked up, for whoever sees it
  const help = group.querySelector("[data-help]");
  list.addEventListener("desk:lift", ({ detail }) => {
    help.hidden = !detail;
  });
  function hint() {
    group.classList.toggle("related--empty", shown().length === 0);
  }
  hint();

  // Added by typing

  const input = group.querySelector("[data-add]");
  if (mayAdd) {
    group.querySelector("[data-adding]").hidden = false;
    const trouble = group.querySelector("[data-trouble]");
    const source = pick(template).dataset;
    combobox(input, {
      none: "No article fits",
      async find(words, signal) {
        trouble.textContent = "";
        const url = new URL(source["ajax-Url"], location.href);
        url.searchParams.set("term", words);
        url.searchParams.set("app_label", source.appLabel);
        url.searchParams.set("model_name", source.modelName);
        url.searchParams.set("field_name", source.fieldName);
        const answer = await request(url.href, { signal });
        if (signal.aborted) return [];
        if (!answer.results) {
          trouble.textContent = "The articles cannot be searched now. Try again.";
          return [];
        }
        const taken = chosen();
        const own = group.dataset.own;
        return answer.results
          .filter(({ id }) => !taken.has(String(id)) && String(id) !== own)
          .slice(0, 8)
          .map(({ id, text }) => ({ pk: id, label: text }));
      },
      choose: ({ pk, label }) => {
        add(pk, label);
        input.focus();
        suggest();
      },
    });
  }

  // Suggested, and linked from

  let asking = null;
  let waiting = 0;

  async function ask() {
    const url = new URL(address, location.href);
    const field = (name) => form.elements.namedItem(name);
    url.searchParams.set("title", field("title")?.value ?? "");
    url.searchParams.set("summary", field("summary")?.value ?? "");
    for (const option of field("tags")?.selectedOptions ?? []) {
      url.searchParams.append("tag", option.value);
    }
    for (const pk of chosen()) url.searchParams.append("besides", pk);
    asking?.abort();
    asking = new AbortController();
    const mine = asking;
    const answer = await request(url.href, { signal: mine.signal });
    if (mine.signal.aborted || answer.state !== "found") return;
    fill("suggested", mayAdd ? answer.suggested : [], suggestion);
    fill("linked", answer.linked, link);
  }

  function suggest() {
    clearTimeout(waiting);
    if (section && !section.open) return;
    waiting = setTimeout(ask, 300);
  }

  function fill(name, entries, make) {
    const place = group.querySelector(`[data-${name}]`);
    const had = place.contains(document.activeElement);
    place.querySelector("ul").replaceChildren(...entries.map(make));
    place.hidden = entries.length === 0;
    if (had) (place.querySelector("button") ?? input).focus();
  }

  function suggestion({ pk, title, note }) {
    const item = document.createElement("li");
    const button = document.createElement("button");
    button.type = "button";
    button.className = "related__suggestion";
    button.setAttribute("aria-label", `Add ${title}`);
    button.append(words("related__title", title), words("related__note", note));
    button.addEventListener("click", () => {
      add(pk, title);
      const next = item.nextElementSibling ?? item.previousElementSibling;
      (next?.querySelector("button") ?? input).focus();
      item.remove();
      suggest();
    });
    item.append(button);
    return item;
  }

  function link({ title, note, url }) {
    const item = document.createElement("li");
    const made = document.createElement("a");
    made.href = url;
    made.textContent = title;
    item.append(made, " ", words("related__note", note));
    return item;
  }

  section?.addEventListener("toggle", suggest);
  for (const name of ["tags", "title", "summary"]) {
    form.elements.namedItem(name)?.addEventListener("change", suggest);
  }
  suggest();
}

function words(name, content) {
  const made = document.createElement("span");
  made.className = name;
  made.textContent = content;
  return made;
}
