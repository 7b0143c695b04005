// The library as a grid in the window for a picture, and what comes from this computer.

const PAUSE = 200; // ms after a key, before it is asked
const FIND = `
  <div class="ask__find">
    <input type="search" maxlength="100" aria-label="Search the library" placeholder="Search the library">
    <span class="ask__count" role="status"></span>
    <label class="ask__upload">From this computer…<input type="file" multiple></label>
  </div>
  <ul class="ask__grid"></ul>
  <button type="button" class="ask__more" hidden>Show more</button>`;

// `choose(picture)` is called with each one that is chosen.
export function library(editor, asked, place, choose) {
  place.innerHTML = FIND;
  const search = place.querySelector("[type=search]");
  const file = place.querySelector("[type=file]");
  const grid = place.querySelector(".ask__grid");
  const more = place.querySelector(".ask__more");
  const count = place.querySelector(".ask__count");
  let page = 1;
  let asking = null;
  let waiting = 0;

  async function load(next) {
    asking?.abort();
    const mine = new AbortController();
    asking = mine;
    const query = new URLSearchParams({ q: search.value.trim(), page: String(next) });
    try {
      const response = await fetch(`${editor.config.picturesUrl}?${query}`, { signal: mine.signal });
      const answer = await response.json();
      if (!response.ok) return asked.say(answer.error ?? "The library did not answer.");
      if (next === 1) grid.replaceChildren(...grid.querySelectorAll(".ask__new"));
      grid.append(...answer.pictures.map((picture) => tile(picture)));
      page = next;
      more.hidden = !answer.more;
      count.textContent = search.value.trim()
        ? `${answer.count} of ${answer.total}`
        : `${answer.total} ${answer.total === 1 ? "picture" : "pictures"}`;
    } catch (error) {
      if (error.name !== "AbortError") asked.say("The library did not answer. Try again in a moment.");
    }
  }

  function tile(picture) {
    const item = document.createElement("li");
    const label = item.appendChild(document.createElement("label"));
    const radio = label.appendChild(document.createElement("input"));
    Object.assign(radio, { type: "radio", name: "picture" });
    const image = label.appendChild(document.createElement("img"));
    Object.assign(image, { src: picture.thumb ?? picture.url, alt: "", loading: "lazy" });
    label.append(words("strong", picture.title), words("small", noteOf(picture)));
    radio.addEventListener("change", () => choose(picture));
    return item;
  }

  function upload(each) {
    const item = document.createElement("li");
    item.className = "ask__new";
    const bar = document.createElement("progress");
    bar.max = 1;
    bar.value = 0;
    bar.setAttribute("aria-label", `Uploading ${each.name}`);
    const note = words("small", "Waiting");
    item.append(bar, words("strong", each.name), note);
    grid.prepend(item);
    send(editor, each, (done) => {
      bar.value = done;
      note.textContent = `${megabytes(done * each.size)} of ${megabytes(each.size)} MB`;
    }).then(
      ({ url, width, height, ...rest }) => {
        const title = each.name.replace(/\.[^.]*$/, "");
        const made = tile({ title, ...rest, url, width, height, isNew: true });
        made.className = "ask__new";
        item.replaceWith(made);
        made.querySelector("input").click();
      },
      (error) => {
        bar.remove();
        note.textContent = error.message;
        note.className = "ask__refused";
        note.setAttribute("role", "alert");
      },
    );
  }

  search.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => load(1), PAUSE);
  });
  search.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    clearTimeout(waiting);
    load(1);
  });
  more.addEventListener("click", () => load(page + 1));
  file.accept = editor.config.imageTypes;
  file.addEventListener("change", () => {
    [...file.files].forEach(upload);
    file.value = "";
  });
  if (!editor.config.imageUploadUrl) place.querySelector(".ask__upload").remove();
  load(1);
  search.focus();
}

function words(name, text) {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}

function noteOf({ width, height, uses, isNew }) {
  const used = uses ? `used ${uses === 1 ? "once" : `${uses} times`}` : isNew ? "just uploaded" : "not used yet";
  return `${width} × ${height} · ${used}`;
}

function megabytes(bytes) {
  return (bytes / 1e6).toFixed(1);
}

// Resolves to the picture as the desk answers; an error says in words why not.
function send(editor, file, progress) {
  const limit = editor.config.imageMaxBytes;
  if (file.size > limit) {
    const sizes = `${Math.ceil(file.size / 1e6)} MB; the limit is ${Math.floor(limit / 1e6)} MB`;
    return Promise.reject(new Error(`This picture is ${sizes}. Save a smaller copy and upload that.`));
  }
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const data = new FormData();
    data.append("upload", file);
    request.open("POST", editor.config.imageUploadUrl);
    const token = editor.element.$.form.elements.namedItem("csrfmiddlewaretoken").value;
    request.setRequestHeader("X-CSRFToken", token);
    request.upload.addEventListener("progress", ({ loaded, total }) => progress(total ? loaded / total : 0));
    request.addEventListener("load", () => {
      try {
        const answer = JSON.parse(request.responseText);
        if (answer.uploaded) resolve(answer);
        else reject(new Error(answer.error.message));
      } catch {
        reject(new Error("The desk did not take it. Try again in a moment."));
      }
    });
    const lost = () => reject(new Error("There is no connection to the desk. Try again in a moment."));
    request.addEventListener("error", lost);
    request.addEventListener("abort", lost);
    request.send(data);
  });
}
