// The contents list: open where it stands beside the text, with the part marked that is read.

const able = [globalThis.ResizeObserver, globalThis.IntersectionObserver].every(Boolean);

for (const list of able ? document.querySelectorAll("[data-contents]") : []) {
  // Called after a layout, also the first one, so that none is asked for (css/layout.css).
  new ResizeObserver(() => {
    if (getComputedStyle(list).getPropertyValue("--beside")) list.open = true;
  }).observe(list.parentElement);

  const links = new Map();
  for (const link of list.querySelectorAll("a[href^='#']")) {
    const heading = document.getElementById(decodeURIComponent(link.hash.slice(1)));
    if (heading) links.set(heading, link);
  }

  // The last heading in the upper part of the screen, or above it, is the one that is read; but
  // the one that was asked for, while it is there.
  const mark = () => {
    let current = null;
    for (const [heading, link] of links) {
      const { top } = heading.getBoundingClientRect();
      if (top > innerHeight * 0.35) break;
      current = link;
      if (link.hash === location.hash && top >= 0) break;
    }
    for (const link of links.values()) {
      if (link === current) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
    // A list longer than the screen follows; the page itself does not move.
    if (current && list.scrollHeight > list.clientHeight) {
      const below = current.getBoundingClientRect().top - list.getBoundingClientRect().top;
      list.scrollTop += below - list.clientHeight / 2;
    }
  };
  // Of everything above that line, however far, so that a jump past it is noticed too.
  const upper = { rootMargin: "10000000px 0px -65% 0px" };
  const observer = new IntersectionObserver(mark, upper);
  for (const heading of links.keys()) observer.observe(heading);
  addEventListener("hashchange", mark);
  addEventListener("scrollend", mark);
}
