// A text as it stood in CKEditor's editing frame, without what CKEditor puts there for itself.
//
// Such a text is left behind when a tab ends within half a second after a key. The server cleans
// it by its allowlist, as every text; this takes out what the allowlist would let through.

const OF_THE_EDITOR = [
  ".cke_widget_drag_handler_container",
  ".cke_image_resizer",
  ".cke_widget_mask",
  ".cke_upload_placeholder",
  "[data-cke-temp]",
  "[data-cke-hidden-sel]",
  "[data-cke-bookmark]",
  "[data-cke-magic-line]",
  "[data-cke-filler]",
].join(",");

export function withoutTraces(html) {
  // A document that is only parsed runs no script and fetches nothing.
  const { body } = new DOMParser().parseFromString(html, "text/html");
  for (const element of body.querySelectorAll("[data-cke-realelement]")) {
    element.outerHTML = decodeURIComponent(element.dataset.ckeRealelement);
  }
  for (const element of body.querySelectorAll(OF_THE_EDITOR)) element.remove();
  for (const wrapper of body.querySelectorAll("[data-cke-widget-wrapper]")) {
    wrapper.replaceWith(...wrapper.childNodes);
  }
  for (const element of body.querySelectorAll("*")) {
    const { ckeSavedHref, ckeSavedSrc } = element.dataset;
    if (ckeSavedHref !== undefined) element.setAttribute("href", ckeSavedHref);
    if (ckeSavedSrc !== undefined) element.setAttribute("src", ckeSavedSrc);
    for (const { name } of [...element.attributes]) {
      if (name.startsWith("data-cke-") || name === "contenteditable") element.removeAttribute(name);
    }
    for (const name of [...element.classList]) {
      if (name.startsWith("cke_")) element.classList.remove(name);
    }
    if (element.getAttribute("class") === "") element.removeAttribute("class");
    // A browser puts a break at the end of a block that would be empty without it.
    if (element.tagName === "BR" && !element.nextSibling && element.parentElement !== body) {
      element.remove();
    }
  }
  return body.innerHTML;
}

// The pairs of a kept copy, ready to be sent.
export function pairsToSend(copy) {
  const raw = new Set(copy.raw);
  return copy.pairs.map(([name, value]) => [name, raw.has(name) ? withoutTraces(value) : value]);
}
