// Adding pictures to the library: dropped, chosen or pasted, each with its own progress.

import { token } from "./account.js";
import { say } from "../parts/voice.js";
import { renewToken, request } from "./requests.js";

const AT_ONCE = 3; // The server decodes each: no more of them in its memory than these.

const library = document.querySelector(".library");
const panel = library.querySelector("[data-uploads]");
const list = panel.querySelector("ul");
const heading = panel.querySelector("h2");
const { uploads: address, types } = panel.dataset;
const most = Number(panel.dataset.most);
const mostBytes = Number(panel.dataset.bytes);
const all = [];

class Upload {
  constructor(file) {
    this.file = file;
    this.row = document.getElementById("upload-row").content.cloneNode(true).firstElementChild;
    this.said = this.row.querySelector(".upload__said");
    this.bar = this.row.querySelector("progress");
    this.button = this.row.querySelector(".upload__button");
    this.words = this.row.querySelector("form");
    this.row.querySelector(".upload__name").textContent = file.name;
    this.bar.setAttribute("aria-label", file.name);
    this.button.addEventListener("click", () => {
      if (this.isOpen) this.stop();
      else {
        this.again();
        next();
      }
    });
    this.words.addEventListener("submit", (event) => {
      event.preventDefault();
      this.describe();
    });
    this.words.addEventListener("change", () => this.describe());
    list.append(this.row);
    this.again();
  }

  get isOpen() {
    return this.state === "waiting" || this.state === "sending";
  }

  again() {
    if (this.file.size > mostBytes) {
      const megabytes = Math.ceil(this.file.size / 1e6);
      this.end(
        "refused",
        `This picture is ${megabytes} MB; the limit is ${Math.floor(mostBytes / 1e6)} MB. ` +
          "Save a smaller copy and add that.",
      );
      return;
    }
    this.show("waiting", "Waits for the others");
  }

  show(state, words, button = "") {
    this.state = state;
    this.row.className = `upload upload--${state}`;
    this.said.textContent = words;
    const label = button || (this.isOpen ? "Stop" : "");
    this.button.hidden = !label;
    this.button.textContent = label;
    this.button.setAttribute("aria-label", `${label}: ${this.file.name}`);
  }

  end(state, words, button = "") {
    this.show(state, words, button);
    next();
  }

  stop() {
    this.ask?.abort();
    this.end("stopped", "Stopped", "Try again");
  }

  send(isSecond = false) {
    this.show("sending", "0%");
    this.bar.value = 0;
    const body = new FormData();
    body.set("upload", this.file);
    const ask = new XMLHttpRequest();
    this.ask = ask;
    ask.open("POST", address);
    ask.setRequestHeader("X-CSRFToken", token());
    ask.setRequestHeader("Accept", "application/json");
    ask.upload.addEventListener("progress", ({ loaded, total }) => {
      this.bar.value = (100 * loaded) / total;
      this.said.textContent = loaded < total ? `${Math.floor((100 * loaded) / total)}%` : "Being read";
    });
    ask.addEventListener("load", () => this.answered(ask, isSecond));
    ask.addEventListener("error", () => {
      this.end("refused", "No connection. It is still chosen here.", "Try again");
    });
    ask.send(body);
  }

  async answered(ask, isSecond) {
    let answer = null;
    try {
      answer = JSON.parse(ask.responseText);
    } catch {
      // A page of the web server, which says nothing to an editor.
    }
    if (answer?.uploaded) {
      this.take(answer);
    } else if (ask.status === 403 && !isSecond && (await renewToken()).state === "signed-in") {
      if (this.state === "sending") this.send(true);
    } else {
      const isOurs = ask.status === 400 || ask.status === 413;
      const words = answer?.error?.message ?? "The server did not answer as it should.";
      this.end("refused", words, isOurs ? "" : "Try again");
    }
  }

  take(answer) {
    this.picture = answer;
    const link = answer.page ? document.createElement("a") : document.createElement("span");
    link.textContent = answer.title;
    if (answer.page) link.href = answer.page;
    if (answer.same) this.end("known", "This picture is here already: ");
    else this.end("done", "Added: ");
    this.said.append(link);
    if (!answer.describe) return;
    const { alt, decorative } = this.words.elements;
    this.words.querySelector("img").src = answer.small;
    alt.value = answer.alt;
    alt.setAttribute("aria-label", `Alt text of ${answer.title}`);
    decorative.checked = answer.decorative;
    this.words.hidden = Boolean(answer.same && (answer.alt || answer.decorative));
  }

  async describe() {
    const kept = this.row.querySelector(".upload__kept");
    const { alt, decorative } = this.words.elements;
    if (decorative.checked) alt.value = "";
    alt.disabled = decorative.checked;
    const body = new URLSearchParams({ alt: alt.value });
    if (decorative.checked) body.set("decorative", "on");
    const text = body.toString();
    if (text === this.described) return;
    kept.textContent = "Saving";
    let outcome = await this.sendWords(body);
    if (outcome.state === "forbidden" && (await renewToken()).state === "signed-in") {
      outcome = await this.sendWords(body);
    }
    const isSaved = outcome.state === "saved";
    if (isSaved) this.described = text;
    kept.classList.toggle("upload__kept--refused", !isSaved);
    kept.textContent = isSaved ? "Saved" : outcome.error || "Not saved: no connection. Press Save to try again.";
  }

  sendWords(body) {
    body.set("csrfmiddlewaretoken", token());
    return request(this.picture.describe, { body });
  }
}

function add(files) {
  const chosen = [...files];
  if (!chosen.length) return;
  panel.hidden = false;
  const taken = chosen.slice(0, most);
  for (const file of taken) all.push(new Upload(file));
  const rest = chosen.length - taken.length;
  next(
    rest
      ? `${chosen.length} pictures were chosen. ${most} go at once: add the other ${rest} after these.`
      : "",
  );
  panel.scrollIntoView({ block: "nearest" });
}

let notice = "";

function next(words = notice) {
  notice = words;
  const sending = all.filter((each) => each.state === "sending").length;
  const waiting = all.filter((each) => each.state === "waiting");
  for (const upload of waiting.slice(0, AT_ONCE - sending)) upload.send();
  const open = all.filter((each) => each.isOpen).length;
  const done = all.filter((each) => each.state === "done").length;
  const known = all.filter((each) => each.state === "known").length;
  const count = (number) => `${number} picture${number === 1 ? "" : "s"}`;
  let title = `Adding ${count(open)}`;
  if (!open) {
    title = `${count(done)} added`;
    if (known) title += `, ${known} here already`;
    const failed = all.length - done - known;
    if (failed) title += `, ${failed} not added`;
  }
  heading.textContent = notice ? `${title}. ${notice}` : title;
  panel.querySelector("[data-stop]").hidden = !open;
  panel.querySelector("[data-show]").hidden = Boolean(open) || !done;
  if (!open && all.length) say(heading.textContent);
}

panel.querySelector("[data-stop]").addEventListener("click", () => {
  // Those that wait first, so that none of them begins meanwhile.
  for (const each of all.filter((upload) => upload.state === "waiting")) each.show("stopped", "Stopped", "Try again");
  for (const each of all.filter((upload) => upload.state === "sending")) each.stop();
  next();
  heading.focus();
});

const input = document.createElement("input");
input.type = "file";
input.multiple = true;
input.accept = types;
input.hidden = true;
input.setAttribute("aria-label", "Pictures to add");
library.append(input);
input.addEventListener("change", () => {
  add(input.files);
  input.value = "";
});
library.querySelector("[data-add-pictures]")?.addEventListener("click", (event) => {
  event.preventDefault();
  input.click();
});

library.querySelector("[data-drop]").hidden = false;
const hasFiles = ({ dataTransfer }) => dataTransfer?.types.includes("Files");
window.addEventListener("dragover", (event) => {
  if (!hasFiles(event)) return;
  event.preventDefault();
  library.classList.add("library--over");
});
window.addEventListener("dragleave", ({ relatedTarget }) => {
  if (!relatedTarget) library.classList.remove("library--over");
});
window.addEventListener("drop", (event) => {
  library.classList.remove("library--over");
  if (!hasFiles(event)) return;
  event.preventDefault();
  add(event.dataTransfer.files);
});
window.addEventListener("paste", ({ clipboardData }) => add(clipboardData?.files ?? []));
window.addEventListener("beforeunload", (event) => {
  if (all.some((each) => each.isOpen)) event.preventDefault();
});
