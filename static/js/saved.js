// After saving, fetches the linked pages of the site again, so that "Read it on the site" shows the
// saved version even if the browser has an old one in its cache.

const ours = ':not([href^="/admin/"]):not([href^="/preview/"])';

for (const link of document.querySelectorAll(`.messagelist a[href]${ours}`)) {
  fetch(link.href, { cache: "reload" }).catch(() => {});
}
