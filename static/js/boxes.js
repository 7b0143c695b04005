// A table's box is a stop for the keyboard only while there is something to scroll in it.

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
