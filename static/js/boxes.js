// The box of a table or of code can get the keyboard focus only while its content scrolls.

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

// Some browsers print only pictures that are already loaded, so load the lazy ones before printing.
addEventListener("beforeprint", () => {
  for (const picture of document.querySelectorAll("img[loading='lazy']")) {
    picture.loading = "eager";
  }
});
