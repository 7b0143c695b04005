// The box of a table, or of code, is a stop for the keyboard only while it has something to scroll.

const boxes = document.querySelectorAll(".box");

if (boxes.length && typeof ResizeObserver === "function") {
  const observer = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      if (target.scrollWidth > target.clientWidth) target.tabIndex = 0;
      else target.removeAttribute("tabindex");
    }
  });
  for (const box of boxes) observer.observe(box);
}

// Some browsers print only the pictures that they have loaded.
addEventListener("beforeprint", () => {
  for (const picture of document.querySelectorAll("img[loading='lazy']")) {
    picture.loading = "eager";
  }
});
