// The contents list: open where it stands beside the text, with the part marked that is read.

for (const list of document.querySelectorAll("[data-contents]")) {
  const beside = matchMedia("(min-width: 76rem)");
  const open = () => {
    if (beside.matches) list.open = true;
  };
  open();
  beside.addEventListener("change", open);

  const links = new Map();
  for (const link of list.querySelectorAll("a[href^='#']")) {
    const heading = document.getElementById(decodeURIComponent(link.hash.slice(1)));
    if (heading) links.set(heading, link);
  }

  // Whatever crosses the upper part of the screen, the last heading above it is being read.
  const mark = () => {
    let current = null;
    for (const [heading, link] of links) {
      if (heading.getBoundingClientRect().top > innerHeight * 0.35) break;
      current = link;
    }
    for (const link of links.values()) {
      if (link === current) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
  };
  if (typeof IntersectionObserver === "function") {
    // It calls once by itself, when the page is laid out: asking sooner would lay it out twice.
    const observer = new IntersectionObserver(mark, { rootMargin: "0px 0px -65% 0px" });
    for (const heading of links.keys()) observer.observe(heading);
  } else {
    mark();
  }
}
