// The contents list: opens it if it is beside the text, and marks the section that is being read.

const able = [globalThis.ResizeObserver, globalThis.IntersectionObserver].every(Boolean);

for (const list of able ? document.querySelectorAll("[data-contents]") : []) {
  // The observer calls this after each layout, including the first. So reading the style forces no
  // extra layout. --beside is set in css/site/layout.css.
  new ResizeObserver(() => {
    if (getComputedStyle(list).getPropertyValue("--beside")) list.open = true;
  }).observe(list.parentElement);

  const links = new Map();
  for (const link of list.querySelectorAll("a[href^='#']")) {
    const heading = document.getElementById(decodeURIComponent(link.hash.slice(1)));
    if (heading) links.set(heading, link);
  }

  // The current section is that of the last heading above 35 % of the screen's height. But if the
  // address names a heading that is visible, it is that one.
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
    // If the list is longer than the screen, scroll the list, but not the page.
    if (current && list.scrollHeight > list.clientHeight) {
      const below = current.getBoundingClientRect().top - list.getBoundingClientRect().top;
      list.scrollTop += below - list.clientHeight / 2;
    }
  };
  // Everything above that line is observed, so that a jump past several headings is noticed too.
  const upper = { rootMargin: "10000000px 0px -65% 0px" };
  const observer = new IntersectionObserver(mark, upper);
  for (const heading of links.keys()) observer.observe(heading);
  addEventListener("hashchange", mark);
  addEventListener("scrollend", mark);
}
