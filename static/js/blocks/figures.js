// A picture with its caption: one thing, which is chosen and moved as a whole; the caption is
// written in place.

const CKEDITOR = window.CKEDITOR;
const CAPTION = "em; strong; s; sub; sup; code; cite[dir,lang]; q[dir,lang]; abbr[dir,lang,title]; span[dir,lang]; a[!href,dir,lang,title]; br";

export function figures(editor) {
  editor.widgets.add("figure", {
    pathName: "picture",
    mask: false,
    parts: { image: "img", caption: "figcaption" },
    editables: { caption: { selector: "figcaption", pathName: "caption", allowedContent: CAPTION } },
    upcast(element) {
      if (element.name !== "figure") return false;
      const parts = element.children.filter(({ type, value }) => type !== CKEDITOR.NODE_TEXT || value.trim());
      const pictures = parts.filter(({ name }) => name === "img");
      const captions = parts.filter(({ name }) => name === "figcaption");
      if (pictures.length !== 1 || parts.length !== 1 + captions.length || captions.length > 1) {
        return false;
      }
      if (!captions.length) element.add(new CKEDITOR.htmlParser.element("figcaption", {}));
      return true;
    },
    downcast(element) {
      const caption = element.getFirst("figcaption");
      delete caption?.attributes.style;
      const words = caption?.getHtml().replace(/<[^>]*>|&nbsp;|\s|\u200b/g, "");
      if (caption && !words) caption.remove();
      return element;
    },
    init() {
      this.on("key", ({ data, stop, cancel }) => {
        if (data.keyCode !== 13) return;
        stop();
        cancel();
        editor.execCommand("picture");
      });
      this.on("doubleclick", ({ data, stop, cancel }) => {
        if (!data.element.is("img")) return;
        stop();
        cancel();
        editor.execCommand("picture");
      });
    },
  });
}
