// Translates foreign HTML when it comes into the editor, as posts/text/foreign.py does when a text
// is saved. Tells the writer what cannot be kept. Each file in paste/ has one step.

import "./paste/filters.js";
import { NOTE_NAME } from "./paste/footnotes.js";
import { placeOf, takeMarks } from "./paste/missing.js";
import { forget, tell } from "./paste/notice.js";
import { paragraphsOf } from "./paste/plain-text.js";
import { Translation } from "./paste/translation.js";

const CKEDITOR = window.CKEDITOR;
const pasting = new WeakSet();

// Returns null where it meets an error: one that was thrown here would lose the whole text. The
// editor's own filter sees the text then, and the clean at the next save does this work.
function translate(editor, html, options = {}) {
  const doc = new DOMParser().parseFromString(html, "text/html");
  const text = editor.document?.$.body;
  const translation = new Translation(editor.config.foreign, doc, {
    // The id is foreign text, so it is compared, and not used in a selector.
    knows: (id) => [...(text?.querySelectorAll("[id]") ?? [])].some((each) => each.id === id),
    takenNames: namesOfNotes(editor, text?.textContent ?? ""),
    ...options,
  });
  try {
    translation.run();
  } catch {
    return null;
  }
  // While a paste comes in, the editor tries texts that it does not keep.
  if (options.isPasted || !pasting.has(editor)) tell(editor, translation.losses, options);
  return doc;
}

// Those that were typed, and those that the editor shows as numbers (static/js/blocks/footnotes.js).
function namesOfNotes(editor, text) {
  const marks = Object.values(editor.widgets?.instances ?? {}).filter(({ name }) => name === "note");
  return [...[...text.matchAll(NOTE_NAME)].map(([, name]) => name), ...marks.map(({ data }) => data.name)];
}

const WORD =
  /<meta\s+name=["']?generator["']?\s+content=["']?microsoft|class="?Mso|style=["'][^"']*?\bmso-|<o:\w+>/i;

// Whether the files of a clipboard are the pictures of its HTML, which has nothing else: a browser
// gives both for a picture that was copied.
function areItsPictures(html, transfer) {
  let files = 0;
  for (let at = 0; at < transfer.getFilesCount(); at += 1) {
    if (/^image\//.test(transfer.getFile(at)?.type ?? "")) files += 1;
  }
  if (!files) return false;
  const { body } = new DOMParser().parseFromString(html, "text/html");
  return body.querySelectorAll("img").length === files && !body.textContent.trim();
}

// Runs before CKEditor's own filters. Its filter for Word reads the clipboard again by itself.
function onPaste(editor, { data }) {
  pasting.add(editor);
  setTimeout(() => pasting.delete(editor));
  if (data.translated) return;
  data.translated = true;
  const transfer = data.dataTransfer;
  if (transfer.getTransferType(editor) === CKEDITOR.DATA_TRANSFER_INTERNAL) return;
  const native = transfer.getData("text/html", true);
  if (!native && !editor.elementPath()?.contains("pre")) {
    const paragraphs = paragraphsOf(transfer.getData("text/plain") ?? "");
    if (paragraphs) Object.assign(data, { dataValue: paragraphs, type: "html" });
  }
  const html = native || data.dataValue;
  if (!html || data.type === "text") return;
  const uploads = Boolean(editor.config.imageUploadUrl);
  if (uploads && areItsPictures(html, transfer)) {
    // The files themselves travel (uploadimage), unless there is a text.
    data.dataValue = "";
    transfer.getData = () => "";
    return;
  }
  if (native && WORD.test(native)) {
    const doc = translate(editor, native, { uploads, fromWord: true, isPasted: true, weigh: true });
    if (!doc) return;
    data.fromWord = true;
    data.dataValue = doc.documentElement.outerHTML;
    const getData = transfer.getData.bind(transfer);
    transfer.getData = (type, isNative) =>
      /html/i.test(type) ? data.dataValue : getData(type, isNative);
    return;
  }
  const doc = translate(editor, html, { uploads, isPasted: true, weigh: true });
  if (!doc) return;
  data.dataValue = doc.body.innerHTML;
  // The allowlist decides what stays; the editor's filter for pastes knows less.
  data.dontFilter = true;
}

// After Word's filter (3), and before pictures travel (10): here its pictures are had or not, and
// what is lost is counted once.
function afterWord(editor, { data }) {
  if (!data.fromWord) return;
  const uploads = Boolean(editor.config.imageUploadUrl);
  data.dataValue = translate(editor, data.dataValue, { uploads, isPasted: true })?.body.innerHTML ?? data.dataValue;
}

CKEDITOR.on("instanceCreated", ({ editor }) => {
  editor.on("paste", (event) => onPaste(editor, event), null, null, 1);
  editor.on("paste", (event) => afterWord(editor, event), null, null, 5);
  editor.on("afterInsertHtml", () => takeMarks(editor));
  editor.on("mode", () => forget(editor));
  // For every text that comes in: pasted, typed as source, or loaded.
  editor.on(
    "toHtml",
    ({ data }) => {
      data.dataValue = translate(editor, data.dataValue)?.body.innerHTML ?? data.dataValue;
    },
    null,
    null,
    1,
  );
  editor.on("notificationShow", (event) => {
    const { message } = event.data.notification;
    const loaders = editor.uploadRepository?.loaders ?? [];
    if (loaders.some((each) => each.status === "error" && each.message === message)) event.cancel();
  });
  // A pasted picture keeps its alternative text when it has been uploaded.
  editor.on("widgetDefinition", ({ data: definition }) => {
    if (definition.name !== "uploadimage") return;
    definition.onUploaded = function (upload) {
      const pasted = this.parts.img.$;
      const image = document.implementation.createHTMLDocument("").createElement("img");
      image.setAttribute("src", upload.url);
      image.setAttribute("alt", pasted.getAttribute("alt") ?? "");
      image.setAttribute("width", upload.responseData.width || pasted.naturalWidth);
      image.setAttribute("height", upload.responseData.height || pasted.naturalHeight);
      this.replaceWith(image.outerHTML);
      editor.fire("pictureUploaded", { url: upload.url });
    };
    // Of one that was refused the notice below the text tells, which leads to its place.
    const told = new WeakSet();
    definition.onError = function (upload) {
      if (told.has(upload)) return;
      told.add(upload);
      const name = this.parts.img.getAttribute("alt") || upload.file?.name || "";
      const loss = { kind: "picture", name, place: placeOf(this.wrapper.$), reason: upload.message };
      tell(editor, [loss], { isPasted: true });
    };
  });
});
