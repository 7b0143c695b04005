// The cover in the rail: the picture that is chosen is seen at once, from the library or from the
// computer, and its alternative text is asked for. A file can be dropped anywhere in the section.

import { onReturn } from "../parts/returning.js";
import { say } from "../parts/voice.js";

const section = document.querySelector('[data-section="cover"]');
const form = section?.closest("form");
const select = form?.elements.namedItem("cover");
const input = form?.elements.namedItem("cover_file");
const alt = form?.elements.namedItem("cover_alt");
const WIDTH = 640; // px: twice the rail

if (select?.dataset.small) start();

function start() {
  const figure = document.createElement("figure");
  const place = document.createElement("div");
  const about = document.createElement("figcaption");
  let version = 0;
  figure.className = "cover";
  figure.hidden = true;
  figure.append(place, about);
  section.querySelector(".rs__body").prepend(figure);
  // What the server shows of the stored cover, which this picture replaces.
  const stored = section.querySelector(".field-cover_now");
  const storedImage = stored?.querySelector("img");
  if (stored) stored.hidden = true;

  const file = () => input?.files[0];

  function askForAlt() {
    if (alt && !alt.value.trim()) setTimeout(() => alt.focus());
  }

  async function show() {
    version += 1;
    const mine = version;
    figure.hidden = !file() && !select.value;
    about.replaceChildren();
    if (file()) await showFile(file(), () => mine === version);
    else if (select.value) showStored(select.value);
    else place.replaceChildren();
  }

  function showStored(pk) {
    const image = new Image();
    image.alt = alt?.value ?? "";
    image.className = "thumbnail";
    const same = storedImage && pk === select.dataset.stored;
    image.src = same ? storedImage.src : select.dataset.small.replace("/0/", `/${pk}/`);
    image.addEventListener("error", () => {
      place.replaceChildren(words("The picture cannot be shown here now."));
    });
    place.replaceChildren(image);
  }

  async function showFile(chosen, isCurrent) {
    const size = sizeOf(chosen.size);
    const most = Number(input.dataset.most);
    let dimensions = "";
    try {
      const bitmap = await createImageBitmap(chosen);
      if (!isCurrent()) return bitmap.close();
      dimensions = `, ${bitmap.width} × ${bitmap.height} pixels`;
      const canvas = document.createElement("canvas");
      const scale = Math.min(1, WIDTH / bitmap.width);
      canvas.width = Math.max(1, Math.round(bitmap.width * scale));
      canvas.height = Math.max(1, Math.round(bitmap.height * scale));
      canvas.className = "thumbnail";
      canvas.setAttribute("role", "img");
      canvas.setAttribute("aria-label", `The chosen picture, ${chosen.name}`);
      canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, canvas.height);
      bitmap.close();
      place.replaceChildren(canvas);
    } catch {
      if (!isCurrent()) return;
      place.replaceChildren(words("This browser cannot show it. It is seen after the next save."));
    }
    const tooLarge = most && chosen.size > most;
    const line = words(
      tooLarge
        ? `${chosen.name}, ${size}: larger than the ${sizeOf(most)} that the library takes. Choose a smaller file.`
        : `${chosen.name}, ${size}${dimensions}. It is sent with the next save.`,
    );
    line.classList.toggle("cover__wrong", Boolean(tooLarge));
    about.replaceChildren(line, remover());
    say(line.textContent);
  }

  function remover() {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "btn btn--bare cover__remove";
    button.textContent = "Do not use this file";
    button.addEventListener("click", () => {
      input.value = "";
      input.dispatchEvent(new Event("change", { bubbles: true }));
      input.focus();
    });
    return button;
  }

  input?.addEventListener("change", (event) => {
    show();
    if (event.isTrusted && file()) askForAlt();
  });
  // Select2 tells of a change by jQuery only.
  let before = select.value;
  window.django?.jQuery(select).on("change", () => {
    if (select.value === before) return;
    before = select.value;
    show();
    if (select.value) askForAlt();
  });
  // Back from another page, on which the picture may have been cropped or replaced.
  onReturn(() => {
    const shown = place.querySelector("img");
    if (!shown || file() || !select.value) return;
    const now = new Image();
    now.className = shown.className;
    now.alt = shown.alt;
    now.addEventListener("load", () => shown.isConnected && shown.replaceWith(now));
    now.src = `${select.dataset.small.replace("/0/", `/${select.value}/`)}?at=${Date.now()}`;
  });
  alt?.addEventListener("input", () => {
    const image = place.querySelector("img");
    if (image) image.alt = alt.value;
  });

  // Dropped

  if (input) {
    const hasFile = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
    section.addEventListener("dragover", (event) => {
      if (!hasFile(event)) return;
      event.preventDefault();
      section.classList.add("is-dropping");
    });
    section.addEventListener("dragleave", (event) => {
      if (!section.contains(event.relatedTarget)) section.classList.remove("is-dropping");
    });
    section.addEventListener("drop", (event) => {
      section.classList.remove("is-dropping");
      if (!hasFile(event)) return;
      event.preventDefault();
      const dropped = [...event.dataTransfer.files];
      const pictures = dropped.filter(({ type, name }) => isPicture(type, name));
      if (!pictures.length) {
        say("That is no picture.");
        about.replaceChildren(words("That is no picture: drop a JPEG, PNG, GIF or WebP."));
        figure.hidden = false;
        return;
      }
      section.open = true;
      const chosen = new DataTransfer();
      chosen.items.add(pictures[0]);
      input.files = chosen.files;
      input.dispatchEvent(new Event("change", { bubbles: true }));
      askForAlt();
    });
  }
  show();
}

function isPicture(type, name) {
  return type.startsWith("image/") || /\.(jpe?g|png|gif|webp|heic|heif)$/i.test(name);
}

function sizeOf(bytes) {
  return bytes < 1e6 ? `${Math.max(1, Math.round(bytes / 1e3))} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

function words(content) {
  const made = document.createElement("p");
  made.textContent = content;
  return made;
}
