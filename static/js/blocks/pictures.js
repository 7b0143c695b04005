// The window for a picture: from the library or this computer, with what it shows beside it.

import { ask } from "./dialog.js";
import { isEmpty, isPart, keepLineAfter, topLevel } from "./dom.js";
import { library } from "./library.js";

const CKEDITOR = window.CKEDITOR;
const ABOUT = `
  <fieldset class="ask__about" disabled>
    <legend class="visually-hidden">About the picture</legend>
    <div class="ask__field">
      <label for="ask-picture-alt">Alternative text</label>
      <textarea id="ask-picture-alt" name="alt" rows="3" maxlength="300" aria-describedby="ask-picture-help"></textarea>
      <p id="ask-picture-help" class="ask__help">What it shows, for readers who cannot see it.</p>
      <label class="ask__tick"><input type="checkbox" name="decorative"> It only decorates</label>
    </div>
    <div class="ask__field">
      <label for="ask-picture-caption">Caption <span>for this text</span></label>
      <input id="ask-picture-caption" name="caption" maxlength="300">
    </div>
    <div class="ask__field">
      <label for="ask-picture-credit">Credit</label>
      <input id="ask-picture-credit" name="credit" maxlength="160">
    </div>
    <fieldset class="ask__width">
      <legend>Width</legend>
      <label><input type="radio" name="width" value="" checked><span>As the text</span></label>
      <label><input type="radio" name="width" value="wide"><span>Wide</span></label>
    </fieldset>
  </fieldset>`;

export function pictures(editor) {
  editor.addCommand("picture", {
    canUndo: false,
    exec() {
      const image = chosenImage(editor);
      if (image) change(editor, image);
      else choose(editor);
    },
  });
  editor.ui.addButton("Picture", { label: "Picture", command: "picture" });
  editor.on("doubleclick", ({ data }) => {
    const { element } = data;
    if (element.is("img") && !element.data("cke-upload-id") && !element.data("cke-realelement")) {
      change(editor, element);
    }
  });

  // Pictures that were dropped or pasted say nothing yet: each is asked about, one after another.
  const waiting = [];
  let asking = false;
  const next = () => {
    const url = waiting.shift();
    asking = url !== undefined;
    if (!asking) return;
    const image = imagesIn(editor).find((each) => sourceOf(each) === url && !each.getAttribute("alt"));
    const asked = image && change(editor, image);
    if (asked) asked.onClose = next;
    else next();
  };
  editor.on("pictureUploaded", ({ data }) => {
    waiting.push(data.url);
    if (!asking) next();
  });
}

export function imagesIn(editor) {
  return editor.mode === "wysiwyg" ? editor.editable().find("img").toArray() : [];
}

export function sourceOf(image) {
  return image.data("cke-saved-src") ?? image.getAttribute("src");
}

function chosenImage(editor) {
  const widget = editor.widgets.focused;
  if (widget?.name === "figure") return widget.parts.image;
  const element = editor.getSelection()?.getSelectedElement();
  return element?.is("img") ? element : null;
}

function choose(editor) {
  let picture = null;
  const asked = ask(editor, {
    name: "picture",
    title: "Choose a picture",
    body: `<div class="ask__library"></div>${ABOUT}`,
    main: "Put it into the text",
    submit(form) {
      if (!picture) {
        asked.say("Choose a picture first, or take one from this computer.");
        return null;
      }
      const about = read(form);
      return isSaid(asked, about) ? () => insert(editor, picture, about) : null;
    },
  });
  const { alt, decorative, caption, credit } = asked.form.elements;
  follow(asked.form);
  library(editor, asked, asked.form.querySelector(".ask__library"), (found) => {
    picture = found;
    asked.form.querySelector(".ask__about").disabled = false;
    [alt.value, caption.value, credit.value] = [found.alt ?? "", found.caption ?? "", found.credit ?? ""];
    decorative.checked = Boolean(found.decorative);
    decorative.dispatchEvent(new Event("change"));
    if (!found.alt && !found.decorative && found.isNew) alt.focus();
  });
}

// What stands in the text already.
function change(editor, image) {
  const figure = image.getAscendant("figure");
  const caption = figure?.findOne("figcaption");
  const credit = caption?.findOne("cite");
  const before = {
    alt: image.getAttribute("alt") ?? "",
    decorative: image.getAttribute("role") === "presentation",
    credit: wordsOf(credit),
    caption: wordsOf(caption, credit),
    wide: figure?.hasClass("wide") ?? false,
  };
  const asked = ask(editor, {
    name: "picture",
    title: "Picture",
    body: `<div class="ask__shown"><img alt=""></div>${ABOUT}`,
    main: "Keep",
    submit(form) {
      const about = read(form);
      return isSaid(asked, about) ? () => write(editor, image, before, about) : null;
    },
  });
  asked.dialog.querySelector("img").src = sourceOf(image);
  const { elements } = asked.form;
  asked.form.querySelector(".ask__about").disabled = false;
  elements.alt.value = before.alt;
  elements.decorative.checked = before.decorative;
  elements.caption.value = before.caption;
  elements.credit.value = before.credit;
  elements.width.value = before.wide ? "wide" : "";
  follow(asked.form);
  elements.alt.focus();
  return asked;
}

function wordsOf(element, without) {
  if (!element) return "";
  const copy = element.$.cloneNode(true);
  if (without) copy.querySelector("cite").remove();
  return copy.textContent.replace(/[\s\u200b]+/g, " ").trim();
}

// A picture that decorates has nothing to say.
function follow(form) {
  const { alt, decorative } = form.elements;
  const set = () => {
    alt.disabled = decorative.checked;
  };
  decorative.addEventListener("change", set);
  set();
}

function read({ elements }) {
  return {
    alt: elements.decorative.checked ? "" : elements.alt.value.trim(),
    decorative: elements.decorative.checked,
    caption: elements.caption.value.trim(),
    credit: elements.credit.value.trim(),
    wide: elements.width.value === "wide",
  };
}

function isSaid(asked, { alt, decorative }) {
  if (alt || decorative) return true;
  asked.say(
    "Say what the picture shows, for readers who cannot see it, or tick that it only decorates.",
    asked.form.elements.alt,
  );
  return false;
}

function captionHtml({ caption, credit }) {
  const encode = CKEDITOR.tools.htmlEncode;
  const parts = [caption && encode(caption), credit && `<cite>${encode(credit)}</cite>`];
  return parts.filter(Boolean).join(" ");
}

function figureHtml({ url, width, height }, about) {
  const encode = CKEDITOR.tools.htmlEncodeAttr;
  const size = width && height ? ` width="${Number(width)}" height="${Number(height)}"` : "";
  const role = about.decorative ? ' role="presentation"' : "";
  const caption = captionHtml(about);
  return (
    `<figure${about.wide ? ' class="wide"' : ""}>` +
    `<img src="${encode(url)}" alt="${encode(about.alt)}"${role}${size}>` +
    `${caption ? `<figcaption>${caption}</figcaption>` : ""}</figure>`
  );
}

function insert(editor, picture, about) {
  editor.insertHtml(figureHtml(picture, about));
  const root = editor.editable();
  for (const image of imagesIn(editor).filter((each) => sourceOf(each) === picture.url)) {
    const part = topLevel(editor, image);
    if (part?.equals(root.getLast(isPart))) {
      keepLineAfter(editor, part);
    }
  }
}

function write(editor, image, before, about) {
  image.setAttribute("alt", about.alt);
  if (about.decorative) image.setAttribute("role", "presentation");
  else image.removeAttribute("role");
  const figure = image.getAscendant("figure");
  if (figure) {
    figure[about.wide ? "addClass" : "removeClass"]("wide");
    const caption = figure.findOne("figcaption");
    // What is emphasised or linked in it stays, unless its words were changed here.
    const isSame = about.caption === before.caption && about.credit === before.credit;
    if (caption && !isSame) caption.setHtml(captionHtml(about));
    return;
  }
  const line = image.getParent();
  const isAlone = line.is("p") && !line.getText().replace(/[\s\u200b]/g, "") && line.find("img").count() === 1;
  if (!isAlone && !about.caption && !about.credit && !about.wide) return;
  const size = { width: image.getAttribute("width"), height: image.getAttribute("height") };
  const html = figureHtml({ url: sourceOf(image), ...size }, about);
  const box = new CKEDITOR.dom.element("div", editor.document);
  box.setHtml(editor.dataProcessor.toHtml(html));
  const made = box.getFirst();
  if (isAlone) {
    made.replace(line);
  } else {
    made.insertAfter(line);
    image.remove();
    if (isEmpty(line)) line.remove();
  }
  editor.widgets.checkWidgets({ initOnlyNew: true });
  if (made.getParent().equals(editor.editable())) keepLineAfter(editor, made);
}
