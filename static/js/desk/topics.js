// Topics as chips, chosen and made by typing. The browser's own list stays the field that is sent.

import { token } from "./account.js";
import { combobox } from "../parts/combobox.js";
import { say } from "../parts/voice.js";
import { request } from "./requests.js";

const select = document.querySelector("select[data-topics]");

if (select) start();

function start() {
  const label = document.querySelector(`label[for="${select.id}"]`);
  const box = document.createElement("div");
  const chips = document.createElement("ul");
  const input = document.createElement("input");
  const trouble = document.createElement("p");
  box.className = "topics";
  chips.className = "chips";
  chips.setAttribute("aria-label", "Topics chosen");
  input.type = "text";
  input.id = `${select.id}_typed`;
  input.maxLength = Number(select.dataset.longest);
  input.placeholder = "newTopic" in select.dataset ? "Find or create a topic" : "Find a topic";
  input.dataset.focus = "";
  trouble.className = "topics__trouble";
  trouble.setAttribute("role", "alert");
  label.htmlFor = input.id;
  select.hidden = true;
  // The help of the browser's own list.
  const help = document.getElementById(`${select.id}_helptext`);
  if (help) help.hidden = true;
  box.append(chips, input, trouble);
  select.after(box);

  const chosen = () => [...select.selectedOptions];

  function changed() {
    show();
    select.dispatchEvent(new Event("change", { bubbles: true }));
  }

  function show() {
    chips.replaceChildren(...chosen().map(chip));
    chips.hidden = chips.children.length === 0;
  }

  function chip(option) {
    const item = document.createElement("li");
    const remove = document.createElement("button");
    const name = document.createElement("span");
    item.className = "chip";
    name.textContent = option.textContent;
    remove.type = "button";
    remove.className = "chip__remove";
    remove.setAttribute("aria-label", `Remove ${option.textContent}`);
    remove.textContent = "×";
    remove.addEventListener("click", () => {
      const place = [...chips.children].indexOf(item);
      drop(option);
      (chips.children[place]?.querySelector("button") ?? input).focus();
    });
    item.append(name, remove);
    return item;
  }

  function drop(option) {
    option.selected = false;
    changed();
    say(`${option.textContent} removed`);
  }

  function add(pk, name) {
    let option = [...select.options].find((each) => each.value === String(pk));
    if (!option) {
      option = new Option(name, pk);
      select.append(option);
    }
    const was = option.selected;
    option.selected = true;
    if (!was) changed();
    say(was ? `${option.textContent} is chosen already` : `${option.textContent} added`);
  }

  async function make(name) {
    const body = new URLSearchParams({ name, csrfmiddlewaretoken: token() });
    input.disabled = true;
    const answer = await request(select.dataset.newTopic, { body });
    input.disabled = false;
    input.focus();
    if (answer.state === "found") return add(answer.pk, answer.name);
    // Nothing typed is lost.
    input.value = name;
    trouble.textContent =
      answer.state === "refused" && answer.error
        ? answer.error
        : "The topic was not created: the desk did not answer. Try again.";
  }

  combobox(input, {
    none: "No topic fits",
    async find(words, signal) {
      trouble.textContent = "";
      const url = new URL(select.dataset.topics, location.href);
      url.searchParams.set("q", words);
      const answer = await request(url.href, { signal });
      if (signal.aborted) return [];
      if (answer.state !== "found") {
        trouble.textContent = "The topics cannot be searched now. Try again.";
        return [];
      }
      const taken = new Set(chosen().map((option) => option.value));
      const entries = answer.topics
        .filter(({ pk }) => !taken.has(String(pk)))
        .map(({ pk, name, articles }) => ({
          pk,
          label: name,
          note: `${articles} article${articles === 1 ? "" : "s"}`,
        }));
      if (words && answer.same === null && "newTopic" in select.dataset) {
        entries.push({ name: words, label: `Create the topic “${words}”`, isNew: true });
      }
      return entries;
    },
    choose: (entry) => (entry.isNew ? make(entry.name) : add(entry.pk, entry.label)),
    back() {
      const last = chosen().at(-1);
      if (last) drop(last);
    },
  });
  show();
}
