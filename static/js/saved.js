// "Read it on the site" leads to what was just saved, also in a browser that kept the old page.

for (const link of document.querySelectorAll(".messagelist a[href]")) {
  fetch(link.href, { cache: "reload" }).catch(() => {});
}
