// Topics as chips, chosen and made by typing. The browser's own lists stay the fields that are sent:
// that of the topics, and that of the first one, which is the first chip.

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

  // Readers are never shown the topic "Start here", so it cannot be the first.
  const first = document.querySelector("select[data-first-topic]");
  const hint = document.createElement("p");
  hint.className = "topics__hint";
  hint.textContent = "Cards and mails name the first. Press another topic to make it the first.";
  hint.id = `${select.id}_first`;
  if (first) {
    first.closest(".form-row").hidden = true;
    chips.after(hint);
  }

  const canBeFirst = (option) => option.dataset.slug !== first?.dataset.firstTopic;

  // The first topic stands first; the others by name, and those that were added behind them.
  function chosen() {
    const all = [...select.selectedOptions];
    const named = all.filter(canBeFirst);
    const leads = named.find((option) => option.value === first?.value) ?? named[0];
    return leads ? [leads, ...all.filter((option) => option !== leads)] : all;
  }

  function changed(leads) {
    if (first) put(leads && canBeFirst(leads) ? leads : chosen().find(canBeFirst));
    show();
    select.dispatchEvent(new Event("change", { bubbles: true }));
  }

  // Without a choice it is the first by name. So it is written down as soon as it might be another.
  function put(leads) {
    const others = [...select.selectedOptions].filter((each) => canBeFirst(each) && each !== leads);
    const isSure = others.every(
      ({ text }) => leads.text < text && leads.text.localeCompare(text) < 0,
    );
    write(leads && (first.value || !isSure) ? leads : null);
  }

  function write(option) {
    const isListed = [...first.options].some((each) => each.value === option?.value);
    if (option && !isListed) first.append(new Option(option.text, option.value));
    first.value = option?.value ?? "";
  }

  function show() {
    chips.replaceChildren(...chosen().map(chip));
    chips.hidden = chips.children.length === 0;
    hint.hidden = chosen().filter(canBeFirst).length < 2;
  }

  function makeFirst(option) {
    if (first.value !== option.value) {
      write(option);
      show();
      first.dispatchEvent(new Event("change", { bubbles: true }));
      say(`${option.textContent} is the first topic`);
    }
    chips.querySelector("button").focus();
  }

  // Of several, each is a button that makes it the first.
  function nameOf(option) {
    const among = chosen().filter(canBeFirst);
    if (!first || among.length < 2 || !canBeFirst(option)) {
      const name = document.createElement("span");
      name.textContent = option.textContent;
      return name;
    }
    const name = document.createElement("button");
    const isFirst = option === among[0];
    name.type = "button";
    name.className = "chip__name";
    name.textContent = option.textContent;
    name.setAttribute("aria-label", `${option.textContent}: the first topic`);
    name.setAttribute("aria-pressed", String(isFirst));
    name.addEventListener("click", () => makeFirst(option));
    if (isFirst) {
      const mark = document.createElement("span");
      mark.className = "chip__first";
      mark.setAttribute("aria-hidden", "true");
      mark.textContent = "First";
      name.append(mark);
    }
    return name;
  }

  function chip(option) {
    const item = document.createElement("li");
    const remove = document.createElement("button");
    const name = nameOf(option);
    item.className = "chip";
    remove.type = "button";
    remove.className = "chip__remove";
    remove.setAttribute("aria-label", `Remove ${option.textContent}`);
    remove.textContent = "×";
    remove.addEventListener("click", () => {
      const place = [...chips.children].indexOf(item);
      drop(option);
      (chips.children[place]?.querySelector(".chip__remove") ?? input).focus();
    });
    item.append(name, remove);
    return item;
  }

  function drop(option) {
    const after = chosen().filter((each) => each !== option);
    option.selected = false;
    changed(after.find(canBeFirst));
    say(`${option.textContent} removed`);
  }

  function add(pk, name, slug) {
    let option = [...select.options].find((each) => each.value === String(pk));
    if (!option) {
      option = new Option(name, pk);
      if (slug) option.dataset.slug = slug;
      select.append(option);
    }
    const was = option.selected;
    const leads = chosen().find(canBeFirst);
    option.selected = true;
    if (!was) changed(leads);
    say(was ? `${option.textContent} is chosen already` : `${option.textContent} added`);
  }

  async function make(name) {
    const body = new URLSearchParams({ name, csrfmiddlewaretoken: token() });
    input.disabled = true;
    const answer = await request(select.dataset.newTopic, { body });
    input.disabled = false;
    input.focus();
    if (answer.state === "found") return add(answer.pk, answer.name, answer.slug);
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
        .map(({ pk, name, slug, articles }) => ({
          pk,
          slug,
          label: name,
          note: `${articles} article${articles === 1 ? "" : "s"}`,
        }));
      if (words && answer.same === null && "newTopic" in select.dataset) {
        entries.push({ name: words, label: `Create the topic “${words}”`, isNew: true });
      }
      return entries;
    },
    choose: (entry) => (entry.isNew ? make(entry.name) : add(entry.pk, entry.label, entry.slug)),
    back() {
      const last = chosen().at(-1);
      if (last) drop(last);
    },
  });
  show();
}
