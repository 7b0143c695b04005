// "Read it on the site" leads to what was just saved, also in a browser that kept the old page.

const ours = ':not([href^="/admin/"]):not([href^="/preview/"])';

for (const link of document.querySelectorAll(`.messagelist a[href]${ours}`)) {
  fetch(link.href, { cache: "reload" }).catch(() => {});
}
