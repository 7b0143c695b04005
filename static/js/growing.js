// Makes the editor as high as its text, so that the page is the only thing that scrolls.

const CKEDITOR = window.CKEDITOR;

// CKEditor scrolls a part of the text into view as if no bar covered the page. The browser knows
// of the bars by `scroll-padding`.
CKEDITOR.dom.element.prototype.scrollIntoView = function () {
  this.$.scrollIntoView({ block: "nearest", inline: "nearest" });
};

// An empty paragraph has no text whose place a range could tell.
function elementAt({ startContainer, startOffset }) {
  const at = startContainer.childNodes[startOffset] ?? startContainer;
  return at.nodeType === Node.ELEMENT_NODE ? at : at.parentElement;
}

CKEDITOR.on("instanceReady", ({ editor }) => {
  const least = editor.config.height;
  let height = 0;
  // Whether whoever writes is where the caret is, and has not scrolled away to read.
  let writing = false;

  function resize(wanted) {
    const next = Math.max(least, Math.ceil(wanted));
    if (next === height) return;
    height = next;
    editor.resize("100%", next, true);
    showCaret();
  }

  // The browser scrolls to the caret at a key, when the frame has not grown yet: then the page ends
  // too early for it.
  function showCaret() {
    const selection = editor.mode === "wysiwyg" && editor.window?.$.getSelection();
    if (!writing || !editor.focusManager.hasFocus || !selection?.isCollapsed) return;
    // The caret may be nowhere, as when a picture was dropped.
    if (!selection.rangeCount) return;
    const range = selection.getRangeAt(0);
    const box = range.getClientRects()[0] ?? elementAt(range).getBoundingClientRect();
    const frame = editor.window.$.frameElement.getBoundingClientRect();
    const { scrollPaddingTop, scrollPaddingBottom } = getComputedStyle(document.documentElement);
    const above = parseFloat(scrollPaddingTop) - frame.top - box.top;
    const below = frame.top + box.bottom - innerHeight + parseFloat(scrollPaddingBottom);
    if (below > 0) scrollBy({ top: below, behavior: "instant" });
    else if (above > 0) scrollBy({ top: -above, behavior: "instant" });
  }

  editor.on("key", () => {
    writing = true;
  });
  for (const away of ["wheel", "touchmove", "pointerdown"]) {
    const leave = () => {
      writing = false;
    };
    addEventListener(away, leave, { passive: true });
    editor.on("contentDom", () => editor.document.$.addEventListener(away, leave, { passive: true }));
  }

  const observer = new ResizeObserver(() => {
    const body = editor.mode === "wysiwyg" && editor.document?.getBody()?.$;
    if (!body) return;
    const root = body.ownerDocument.documentElement;
    // A table may be wider than the text; then a scrollbar takes some of the height.
    const bar = root.scrollWidth > root.clientWidth ? 18 : 0;
    resize(body.getBoundingClientRect().height + bar);
  });

  function watch() {
    const root = editor.document.$.documentElement;
    const page = editor.container.$.closest(".sheet__text") ?? editor.container.$;
    // The sizes of the site depend on the width of the window, which is not that of the frame.
    root.style.setProperty("--text", getComputedStyle(page).fontSize);
    root.style.setProperty("--least", `${least}px`);
    observer.disconnect();
    observer.observe(editor.document.getBody().$);
  }

  editor.on("contentDom", watch);
  if (editor.mode === "wysiwyg") watch();
  addEventListener("resize", () => {
    if (editor.mode === "wysiwyg") watch();
  });

  editor.on("mode", () => {
    height = 0;
    if (editor.mode !== "source") return;
    const source = editor.editable().$;
    const fit = () => resize(source.scrollHeight + 24);
    fit();
    source.addEventListener("input", fit);
  });

  // A toolbar of two rows covers more of the page than one of one row.
  const tools = editor.ui.space("top").$;
  const box = tools.querySelector(".cke_toolbox");
  new ResizeObserver(() => {
    document.documentElement.style.setProperty("--tools", `${tools.offsetHeight}px`);
    // On a phone it is one row that scrolls, by the keyboard too.
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  }).observe(tools);

  // A panel stays where it was opened, while its button moves away with the page.
  let panel = null;
  let from = 0;
  editor.on("panelShow", ({ data }) => {
    [panel, from] = [data, scrollY];
  });
  editor.on("panelHide", () => {
    panel = null;
  });
  addEventListener("scroll", () => {
    if (panel && Math.abs(scrollY - from) > 8) panel.hide(true);
  });
});
