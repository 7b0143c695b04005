// Cropping a picture by dragging on it. The number fields still work, and say the same.

const form = document.querySelector("[data-crop]");
const stage = form.querySelector(".crop__stage");
const image = stage.querySelector("img");
const fields = Object.fromEntries(["left", "top", "width", "height"].map((name) => [name, form.elements[name]]));

const canvas = document.createElement("canvas");
canvas.setAttribute("role", "img");
const part = document.createElement("div");
part.className = "crop__box";
const help = document.createElement("p");
help.className = "help";
help.textContent = "Drag over the part that stays, or type it below.";

const number = (name) => Number(fields[name].value) || 0;

function draw() {
  const degrees = Number(form.elements.turn.value);
  const isAcross = degrees % 180 !== 0;
  const scale = Math.min(1, 1200 / Math.max(image.naturalWidth, image.naturalHeight));
  const [width, height] = [image.naturalWidth * scale, image.naturalHeight * scale];
  canvas.width = isAcross ? height : width;
  canvas.height = isAcross ? width : height;
  const pen = canvas.getContext("2d");
  pen.translate(canvas.width / 2, canvas.height / 2);
  pen.rotate((degrees * Math.PI) / 180);
  pen.drawImage(image, -width / 2, -height / 2, width, height);
  canvas.setAttribute("aria-label", degrees ? `The original, turned by ${degrees} degrees` : "The original");
}

function show() {
  part.style.left = `${number("left")}%`;
  part.style.top = `${number("top")}%`;
  part.style.width = `${Math.min(number("width"), 100 - number("left"))}%`;
  part.style.height = `${Math.min(number("height"), 100 - number("top"))}%`;
}

function set(values) {
  for (const [name, value] of Object.entries(values)) fields[name].value = Math.round(value * 10) / 10;
  show();
}

let from = null;

function at(event) {
  const box = canvas.getBoundingClientRect();
  const inside = (value) => Math.min(100, Math.max(0, value));
  return [
    inside((100 * (event.clientX - box.left)) / box.width),
    inside((100 * (event.clientY - box.top)) / box.height),
  ];
}

function start() {
  stage.classList.add("crop__stage--live");
  stage.replaceChildren(canvas, part);
  stage.after(help);
  draw();
  show();
  stage.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    stage.setPointerCapture(event.pointerId);
    from = at(event);
  });
  stage.addEventListener("pointermove", (event) => {
    if (!from) return;
    const to = at(event);
    const [left, top] = [Math.min(from[0], to[0]), Math.min(from[1], to[1])];
    const [width, height] = [Math.abs(from[0] - to[0]), Math.abs(from[1] - to[1])];
    // A click is no part.
    if (width >= 2 && height >= 2) set({ left, top, width, height });
  });
  for (const name of ["pointerup", "pointercancel"]) stage.addEventListener(name, () => (from = null));
  for (const field of Object.values(fields)) field.addEventListener("input", show);
  for (const radio of form.elements.turn) {
    radio.addEventListener("change", () => {
      // Another picture, so another part.
      set({ left: 0, top: 0, width: 100, height: 100 });
      draw();
    });
  }
}

if (image.complete && image.naturalWidth) start();
else image.addEventListener("load", start, { once: true });
