// Sets a picture's focal point by a click or a drag on the picture. The two number fields still work.

for (const box of document.querySelectorAll("[data-focal]")) {
  const whole = box.querySelector(".focal__whole");
  const parts = box.querySelectorAll(".focal__part");
  const [x, y] = ["x", "y"].map((side) => document.getElementById(`id_focal_${side}`));
  // Without the permission to change the picture, there are no fields.
  if (!x || !y) continue;

  const point = document.createElement("span");
  point.className = "focal__point";
  whole.append(point);
  whole.classList.add("focal__whole--live");
  const help = document.createElement("p");
  help.className = "help";
  help.textContent = "Click what must stay in view where a page shows only a part.";
  box.append(help);

  const percent = (field) => Math.min(100, Math.max(0, Number(field.value) || 0));

  function show() {
    point.style.left = `${percent(x)}%`;
    point.style.top = `${percent(y)}%`;
    for (const part of parts) {
      part.hidden = false;
      part.style.objectPosition = `${percent(x)}% ${percent(y)}%`;
    }
  }

  function setPoint(event) {
    const frame = whole.getBoundingClientRect();
    const percentOf = (at, from, length) => Math.round(Math.min(1, Math.max(0, (at - from) / length)) * 100);
    x.value = percentOf(event.clientX, frame.left, frame.width);
    y.value = percentOf(event.clientY, frame.top, frame.height);
    show();
  }

  whole.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    whole.setPointerCapture(event.pointerId);
    setPoint(event);
  });
  whole.addEventListener("pointermove", (event) => {
    if (whole.hasPointerCapture(event.pointerId)) setPoint(event);
  });
  for (const field of [x, y]) field.addEventListener("input", show);
  show();
}
