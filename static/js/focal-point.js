// A picture's focal point is set by a click or a drag on the picture, beside the two numbers.

for (const box of document.querySelectorAll("[data-focal]")) {
  const whole = box.querySelector(".focal__whole");
  const parts = box.querySelectorAll(".focal__part");
  const [x, y] = ["x", "y"].map((side) => document.getElementById(`id_focal_${side}`));
  // Somebody who may only look has no fields.
  if (!x || !y) continue;

  const point = document.createElement("span");
  point.className = "focal__point";
  whole.append(point);
  whole.classList.add("focal__whole--live");
  const says = document.createElement("p");
  says.className = "help";
  says.textContent = "Click what must stay in view where a page shows only a part.";
  box.append(says);

  const percent = (field) => Math.min(100, Math.max(0, Number(field.value) || 0));

  function show() {
    point.style.left = `${percent(x)}%`;
    point.style.top = `${percent(y)}%`;
    for (const part of parts) {
      part.hidden = false;
      part.style.objectPosition = `${percent(x)}% ${percent(y)}%`;
    }
  }

  function aim(event) {
    const frame = whole.getBoundingClientRect();
    const share = (at, from, length) => Math.round(Math.min(1, Math.max(0, (at - from) / length)) * 100);
    x.value = share(event.clientX, frame.left, frame.width);
    y.value = share(event.clientY, frame.top, frame.height);
    show();
  }

  whole.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    whole.setPointerCapture(event.pointerId);
    aim(event);
  });
  whole.addEventListener("pointermove", (event) => {
    if (whole.hasPointerCapture(event.pointerId)) aim(event);
  });
  for (const field of [x, y]) field.addEventListener("input", show);
  show();
}
