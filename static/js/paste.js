// Translates foreign HTML when it comes into the editor, as posts/text/foreign.py does when a text
// is saved, with the same tables. Tells the writer what cannot be kept.

const CKEDITOR = window.CKEDITOR;

const COMMENTS = ".msocomtxt, .msocomanchor, .MsoCommentReference, .msocomoff";
const COMMENT_LINK = /^#cmnt(_ref)?\d{1,6}$/;
const MARK = /^[[(]?\s{0,3}[^\s[\]()]{1,8}\s{0,3}[\])]?$/;
const NOTE_NAME = /\[\^([^[\]\s<>]{1,30})\]/g;
const NOT_A_PICTURE = /\.(?:emf|wmf)(?:[?#]|$)/i;
const EMBEDS = "iframe, object, embed, audio, video";
const HEADINGS = "h1, h2, h3, h4, h5, h6";
const NAMES_SHOWN = 5;
const LONGEST_NAME = 60;

// The translation

class Translation {
  constructor(tables, doc, options) {
    Object.assign(this, { tables, doc, ...options });
    this.root = doc.body;
    this.inline = new Set(tables.inline);
    this.losses = [];
  }

  run() {
    this.dropCommentsAndDeletions();
    if (!this.fromWord) {
      // CKEditor's filter for Word runs after this, and makes lists and headings of spans and
      // styles. Its result is translated again.
      this.keepWordsApart();
      this.nameFormatting();
      this.renameHeadings();
      this.sections();
      this.lists();
      this.languages(this.root, this.tables.language, "ltr");
      this.dropSpans("[lang], [dir], [id]");
    }
    this.embeds();
    this.pictures();
    this.links();
    if (!this.fromWord) this.dropSpans("[lang], [dir]");
  }

  all(selector) {
    return [...this.root.querySelectorAll(selector)].filter((each) => this.root.contains(each));
  }

  lose(kind, name = "") {
    this.losses.push([kind, wordsOf(name).slice(0, LONGEST_NAME)]);
  }

  isInline(node) {
    return this.inline.has(node.localName);
  }

  // Comments and tracked changes

  dropCommentsAndDeletions() {
    let [anchors, bodies] = [0, 0];
    for (const link of this.all("a[href^='#cmnt']")) {
      const comment = COMMENT_LINK.exec(link.getAttribute("href"));
      if (!comment || !link.isConnected) continue;
      if (comment[1]) bodies += 1;
      else anchors += 1;
      (comment[1] ? this.boxOf(link) : this.aloneIn(link)).remove();
    }
    const marked = this.all("[style]").filter((each) => /mso-element:\s*comment/i.test(styleOf(each)));
    for (const each of [...this.all(COMMENTS), ...marked]) {
      if (!each.isConnected) continue;
      const within = [each, ...each.querySelectorAll("*")];
      bodies += within.filter((part) => part.matches(".msocomtxt")).length;
      anchors += within.filter((part) => part.matches(".msocomanchor")).length;
      each.remove();
    }
    for (let count = Math.max(anchors, bodies); count > 0; count -= 1) this.lose("comment");
    for (const each of this.all("del[cite], del[datetime]")) {
      this.lose("deletion", each.textContent);
      each.remove();
    }
    this.all("ins").forEach(unwrap);
    // Browsers add one at the end of a clipboard.
    while (this.root.lastElementChild?.localName === "br" && !this.root.lastChild.data?.trim()) {
      this.root.lastElementChild.remove();
    }
  }

  blockOf(node) {
    let block = node.parentElement;
    while (block && block !== this.root && this.isInline(block)) block = block.parentElement;
    return block && block !== this.root ? block : node;
  }

  boxOf(node) {
    let box = this.blockOf(node);
    while (box.parentElement?.matches("div, li, dd, aside") && firstIn(box.parentElement) === box) {
      box = box.parentElement;
    }
    return box;
  }

  aloneIn(node) {
    let outer = node;
    while (outer.parentElement !== this.root && this.isInline(outer.parentElement)) {
      const others = [...outer.parentElement.childNodes].filter((each) => each !== outer);
      if (others.some((each) => each.nodeType === 1 || each.data?.trim())) break;
      outer = outer.parentElement;
    }
    return outer;
  }

  // Blocks that the editor does not allow: it would remove their tags and join their words.

  keepWordsApart() {
    for (const block of this.all("pre *")) {
      if (this.isInline(block)) continue;
      const [before, after] = [block.previousSibling, block.nextSibling];
      if (before && before.localName !== "br" && !before.data?.endsWith("\n")) block.before("\n");
      if (after && !after.data?.startsWith("\n")) block.after("\n");
      unwrap(block);
    }
    this.all("summary, dt, dd, legend, address").forEach((each) => rename(each, "div"));
    if (!this.tables.short) return;
    // An introduction has no tables: each row becomes a line of its own.
    for (const row of this.all("tr")) {
      const line = this.doc.createElement("div");
      for (const cell of [...row.children]) line.append(...cell.childNodes, " ");
      row.replaceWith(line);
    }
    this.all("caption").forEach((each) => rename(each, "div"));
    this.all("thead, tbody, tfoot, colgroup, table").forEach(unwrap);
  }

  // Formatting, headings, lists, languages

  nameFormatting() {
    for (const each of this.all("b, strong, i, em")) {
      if (/font-weight:(?:normal|[1-5]00)|font-style:normal/.test(styleOf(each))) unwrap(each);
    }
    this.all("del").forEach((each) => rename(each, "s"));
    for (const span of this.all("span[style]")) {
      const style = Object.fromEntries(styleOf(span).split(";").map((each) => each.split(":")));
      const weight = style["font-weight"] ?? "";
      const bold = /^bold/.test(weight) || Number(weight) >= 600;
      if (bold && !span.closest(HEADINGS)) wrapChildren(span, "strong");
      if (style["font-style"] === "italic") wrapChildren(span, "em");
      if (style["text-decoration"]?.includes("line-through")) wrapChildren(span, "s");
      if (style["vertical-align"] === "super") wrapChildren(span, "sup");
      if (style["vertical-align"] === "sub") wrapChildren(span, "sub");
    }
  }

  renameHeadings() {
    const below = this.root.querySelector("h1") ? this.tables.belowH1 : {};
    for (const heading of this.all(HEADINGS)) {
      const name = below[heading.localName] ?? this.tables.renamed[heading.localName];
      if (name) rename(heading, name);
    }
  }

  sections() {
    for (const section of this.all("section")) {
      const ours = this.tables.sections.some((name) => section.classList.contains(name));
      if (!ours || section.parentElement.closest("section")) rename(section, "div");
    }
  }

  lists() {
    for (const list of this.all("ol, ul")) {
      if (!list.isConnected) continue;
      const items = [];
      const waiting = [...list.childNodes];
      while (waiting.length) {
        const child = waiting.shift();
        if (child.nodeType !== 1 && !child.data?.trim()) continue;
        if (child.localName === "li") {
          items.push(child);
          if (firstIn(child)?.matches("p[role]")) unwrap(firstIn(child));
        } else if (child.matches?.("ol, ul") && !items.length) {
          waiting.unshift(...child.childNodes);
          child.remove();
        } else {
          if (!items.length) items.push(this.doc.createElement("li"));
          items.at(-1).append(child);
        }
      }
      list.replaceChildren(...items);
      if (list.localName !== "ol" || list.hasAttribute("type")) continue;
      const style = styleOf(list) + (items[0] ? styleOf(items[0]) : "");
      const said = /list-style-type:([a-z-]+)/.exec(style)?.[1];
      if (this.tables.listTypes[said]) list.setAttribute("type", this.tables.listTypes[said]);
    }
  }

  languages(element, lang, direction) {
    const page = this.tables.language;
    const given = element.getAttribute("lang") ?? "";
    const said = given.split("-")[0].toLowerCase();
    if (!given || !this.allows("lang", given) || (said === lang && lang === page)) {
      element.removeAttribute("lang");
    } else {
      lang = said;
    }
    const way = (element.getAttribute("dir") ?? "").toLowerCase();
    if (!this.allows("dir", way) || (way === "ltr" && direction === "ltr")) {
      element.removeAttribute("dir");
    } else {
      element.setAttribute("dir", way);
      direction = way;
    }
    for (const { name, value } of [...element.attributes]) {
      if (this.tables.values[name] && !this.allows(name, value)) element.removeAttribute(name);
    }
    if (!this.tables.carriesLanguage.includes(element.localName)) this.handDown(element);
    for (const child of [...element.children]) this.languages(child, lang, direction);
  }

  allows(name, value) {
    return new RegExp(`^(?:${this.tables.values[name]})$`).test(value);
  }

  handDown(element) {
    const kept = ["lang", "dir"].filter((name) => element.hasAttribute(name));
    const values = kept.map((name) => [name, element.getAttribute(name)]);
    if (!kept.length) return;
    kept.forEach((name) => element.removeAttribute(name));
    const say = (node) =>
      values.forEach(([name, value]) => node.hasAttribute(name) || node.setAttribute(name, value));
    if (this.isInline(element)) {
      say(wrapChildren(element, "span"));
      return;
    }
    for (const child of [...element.childNodes]) {
      if (child.nodeType === 1) {
        say(child);
      } else if (child.data?.trim()) {
        const span = this.doc.createElement("span");
        child.replaceWith(span);
        span.append(child);
        say(span);
      }
    }
  }

  // Embedded things and pictures

  embeds() {
    for (const each of this.all(Object.keys(this.tables.counted).join())) {
      if (!each.isConnected) continue;
      this.lose(this.tables.counted[each.localName], each.getAttribute("title") ?? "");
      each.remove();
    }
    const captioned = new Set();
    for (const each of this.all(EMBEDS)) {
      if (!each.isConnected) continue;
      const address = filmAddress(
        [each, ...each.querySelectorAll("embed, source, object")]
          .map((one) => webAddress(one.getAttribute("src") ?? one.getAttribute("data") ?? ""))
          .find(Boolean) ?? "",
      );
      let words = each.getAttribute("title") ?? each.getAttribute("aria-label") ?? "";
      const figure = each.closest("figure");
      if (figure && !captioned.has(figure)) {
        // Once: with every thing in the figure, a caption would be as long as both multiplied.
        captioned.add(figure);
        words = wordsOf(figure.querySelector("figcaption")?.textContent ?? "") || words;
      }
      words = wordsOf(words) || address.replace(/^https?:\/\//, "");
      const film = each.localName === "video" || isFilm(address);
      const kind = each.localName === "audio" ? "sound" : film ? "film" : "embed";
      this.lose(address ? kind : "lost", words);
      const place = this.doc.createElement("span");
      place.append(address || figure ? words : "");
      if (address && !each.closest("a")) {
        wrapChildren(place, "a").setAttribute("href", address);
      }
      each.replaceWith(place);
      if (figure && !figure.querySelector("img")) {
        figure.querySelector("figcaption")?.remove();
        if (!figure.querySelector(EMBEDS)) unwrap(figure);
      }
      if (place.closest(this.tables.textBlocks.join())) unwrap(place);
      else rename(place, "p");
    }
  }

  pictures() {
    for (const image of this.all("img")) {
      if (!image.isConnected || image.hasAttribute("data-cke-upload-id")) continue;
      // A part of the editor's own, in what is copied from one text to another.
      if (image.closest(".cke_widget_drag_handler_container")) continue;
      const source = (image.getAttribute("src") ?? "").replace(/\s+/g, "");
      const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(source)?.[1].toLowerCase() ?? "";
      const had =
        (["", "http", "https"].includes(scheme) && source && !NOT_A_PICTURE.test(source)) ||
        (scheme === "file" && this.fromWord) ||
        (this.uploads && /^data:image\/(?:jpeg|png|gif|webp);/i.test(source));
      if (had && !this.tables.short) continue;
      const file = ["data", "blob", "cid"].includes(scheme) ? "" : source.split(/[/\\]/).at(-1);
      let name = image.getAttribute("alt")?.trim() || decoded(file);
      const figure = image.closest("figure");
      image.remove();
      if (figure && !figure.querySelector("img, table, pre, a")) {
        name = figure.textContent.trim() || name;
        figure.remove();
      }
      this.lose("picture", name);
    }
  }

  // Links within the text

  goalOf(link) {
    const href = (link.getAttribute("href") ?? "").trim();
    if (href.startsWith("#")) return decoded(href.slice(1));
    const ours = [window.location.origin, this.tables.site, ""].some((origin) =>
      /^\/admin(?:[/?#]|$)/.test(href.startsWith(origin) ? href.slice(origin.length) : ""),
    );
    if (!ours && !/^(?:file|about|blob):/i.test(href)) return null;
    return href.includes("#") ? decoded(href.slice(href.indexOf("#") + 1)) : "";
  }

  links() {
    const named = new Map();
    for (const each of this.all("[id], [name]")) {
      for (const name of [each.id, each.getAttribute("name")]) {
        if (name && !named.has(name)) named.set(name, each);
      }
    }
    const goals = new Map();
    for (const link of this.all("a[href]")) {
      const goal = this.goalOf(link);
      if (goal !== null) goals.set(link, goal);
    }
    const notes = this.tables.short ? [] : this.footnotes(goals, named);
    const done = new Set(notes.flatMap((note) => [...note.marks, ...note.back]));
    for (const [link, goal] of goals) {
      if (done.has(link)) continue;
      const heading = named.get(goal)?.closest(HEADINGS);
      if (heading) {
        if (!heading.id) heading.id = goal;
        link.setAttribute("href", `#${heading.id}`);
      } else if (/^s-./.test(goal) || (goal && this.knows(goal))) {
        // The anchor that a heading will get, or that a heading in the text has already.
        link.setAttribute("href", `#${goal}`);
      } else {
        this.lose("link", link.textContent);
        unwrap(link);
      }
    }
    this.writeNotes(notes);
  }

  footnotes(goals, named) {
    const notes = new Map();
    const back = new Map();
    const used = new Set();
    for (const [link, goal] of goals) {
      const target = named.get(goal);
      if (!target || target.matches(HEADINGS) || used.has(link)) continue;
      if (!MARK.test(wordsOf(link.textContent))) continue;
      const box = this.isInline(target) || target.localName === "p" ? this.boxOf(target) : target;
      if (!back.has(box)) {
        back.set(box, [...box.querySelectorAll("a")].filter((each) => goals.has(each)));
      }
      const block = this.blockOf(link);
      const leadBack = back.get(box).filter((each) => {
        const place = named.get(goals.get(each));
        if (!place) return false;
        if (place === block || place.contains(link) || link.contains(place)) return true;
        return this.isInline(place) && this.blockOf(place) === block;
      });
      if (box.contains(link) || !leadBack.length) continue;
      if (!notes.has(box)) {
        notes.set(box, { box, marks: [], back: new Set() });
        back.get(box).forEach((each) => used.add(each));
      }
      notes.get(box).marks.push(link);
      // Two marks of one paragraph share the link that leads back to it.
      leadBack.forEach((each) => notes.get(box).back.add(each));
    }
    return [...notes.values()];
  }

  writeNotes(notes) {
    const used = new Set(this.takenNames);
    for (const [, name] of this.root.innerHTML.matchAll(NOTE_NAME)) used.add(name);
    let number = 0;
    for (const { box, marks, back } of notes) {
      do number += 1;
      while (used.has(String(number)));
      // One may have gone with what stood around another.
      for (const mark of marks) {
        if (mark.isConnected) this.aloneIn(mark).replaceWith(`[^${number}]`);
      }
      for (const link of back) {
        if (link.isConnected) this.aloneIn(link).remove();
      }
      for (const part of [...box.querySelectorAll("*")]) {
        if (this.isInline(part)) continue;
        part.before(this.doc.createElement("br"));
        unwrap(part);
      }
      trim(box);
      const paragraph = this.doc.createElement("p");
      paragraph.append(`[^${number}]: `, ...box.childNodes);
      this.place(box, paragraph);
    }
  }

  // Puts the note's paragraph in its place; removes the line above the notes, and an empty list.
  place(box, paragraph) {
    let outer = box;
    while (outer.parentElement !== this.root && !othersBeside(outer).length) outer = outer.parentElement;
    const line = outer.previousElementSibling;
    if (line?.localName === "hr" && !lineAfter(line, outer)) line.remove();
    if (box.matches("li, dd") && othersBeside(box).length) {
      // Other notes are left in the list, so this one is put before it.
      box.parentElement.before(paragraph);
      box.remove();
    } else if (box.matches("td, th")) {
      box.replaceChildren(paragraph);
    } else {
      outer.replaceWith(paragraph);
    }
  }

  dropSpans(but) {
    for (const span of this.all("span")) {
      const ours = [...span.attributes].some(({ name }) => name.startsWith("data-cke"));
      if (!ours && !span.matches(but)) unwrap(span);
    }
  }
}

function othersBeside(node) {
  return [...node.parentElement.childNodes].filter(
    (each) => each !== node && each.localName !== "hr" && (each.nodeType === 1 || each.data?.trim()),
  );
}

function lineAfter(line, node) {
  for (let each = line.nextSibling; each && each !== node; each = each.nextSibling) {
    if (each.data?.trim()) return true;
  }
  return false;
}

function trim(box) {
  const empty = (node) => node && (node.localName === "br" || (node.nodeType !== 1 && !node.data.trim()));
  while (empty(box.firstChild)) box.firstChild.remove();
  while (empty(box.lastChild)) box.lastChild.remove();
  if (box.firstChild?.nodeType === 3) box.firstChild.data = box.firstChild.data.trimStart();
  if (box.lastChild?.nodeType === 3) box.lastChild.data = box.lastChild.data.trimEnd();
}

function firstIn(element) {
  const first = [...element.childNodes].find((each) => each.nodeType === 1 || each.data?.trim());
  return first?.nodeType === 1 ? first : null;
}

function styleOf(element) {
  return (element.getAttribute("style") ?? "").toLowerCase().replace(/\s+/g, "");
}

function wordsOf(text) {
  return text.split(/\s+/).filter(Boolean).join(" ");
}

function unwrap(element) {
  element.replaceWith(...element.childNodes);
}

function rename(element, name) {
  const other = element.ownerDocument.createElement(name);
  for (const { name: key, value } of element.attributes) other.setAttribute(key, value);
  other.append(...element.childNodes);
  element.replaceWith(other);
}

function wrapChildren(element, name) {
  const inner = element.ownerDocument.createElement(name);
  inner.append(...element.childNodes);
  element.append(inner);
  return inner;
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function webAddress(address) {
  const trimmed = address.replace(/\s+/g, "").replace(/^\/\//, "https://");
  if (/^\/[^/]/.test(trimmed)) return trimmed.startsWith("/admin/") ? "" : trimmed;
  return /^https?:\/\/[^/]/i.test(trimmed) ? trimmed : "";
}

function filmAddress(address) {
  if (!URL.canParse(address)) return address;
  const { hostname, pathname, searchParams } = new URL(address);
  const path = pathname.split("/").filter(Boolean);
  const host = hostname.replace(/^www\./, "");
  if (path.length === 2 && path[0] === "embed" && /^youtube(?:-nocookie)?\.com$/.test(host)) {
    const series = searchParams.get("list");
    if (path[1] !== "videoseries") return `https://www.youtube.com/watch?v=${path[1]}`;
    return series ? `https://www.youtube.com/playlist?list=${series}` : address;
  }
  if (host === "player.vimeo.com" && path.length === 2 && path[0] === "video") {
    return `https://vimeo.com/${path[1]}`;
  }
  return address;
}

function isFilm(address) {
  if (!URL.canParse(address)) return false;
  return /(?:youtube\.com|vimeo\.com|youtu\.be|dailymotion\.com)$/.test(new URL(address).hostname);
}

// The notice of what was lost

const unsaid = new Map();

function say(editor, losses) {
  if (!losses.length) return;
  if (!unsaid.has(editor)) {
    unsaid.set(editor, []);
    // A paste is translated several times; the losses of all are in one notice.
    window.setTimeout(() => {
      const message = sentences(editor.config.foreign.sentences, unsaid.get(editor));
      unsaid.delete(editor);
      editor.showNotification(CKEDITOR.tools.htmlEncode(message), "warning");
    }, 300);
  }
  unsaid.get(editor).push(...losses);
}

function sentences(table, losses) {
  const said = [];
  for (const [kind, [one, several, advice]] of Object.entries(table)) {
    const names = losses.filter(([which]) => which === kind).map(([, name]) => name);
    if (!names.length) continue;
    const named = [...new Set(names.filter(Boolean))];
    const shown = named.slice(0, NAMES_SHOWN).map((name) => `“${name}”`);
    if (named.length > NAMES_SHOWN) shown.push("…");
    const what = names.length === 1 ? one : several.replace("{n}", names.length);
    said.push(`${what}${shown.length ? `: ${shown.join(", ")}` : ""}. ${advice}`.trim());
  }
  return said.join(" ");
}

// In the editor

// Returns null where it meets an error: one that was thrown here would lose the whole text. The
// editor's own filter sees the text then, and the clean at the next save does this work.
function translate(editor, html, options) {
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
  say(editor, translation.losses);
  return doc;
}

// Those that were typed, and those that the editor shows as numbers (static/js/blocks/footnotes.js).
function namesOfNotes(editor, text) {
  const marks = Object.values(editor.widgets?.instances ?? {}).filter(({ name }) => name === "note");
  return [...[...text.matchAll(NOTE_NAME)].map(([, name]) => name), ...marks.map(({ data }) => data.name)];
}

const WORD =
  /<meta\s+name=["']?generator["']?\s+content=["']?microsoft|class="?Mso|style=["'][^"']*?\bmso-|<o:\w+>/i;

// Mail programs break lines well before this.
const LONG_LINE = 120;
const BULLET = /^[-*•]\s/;

// A plain text whose lines are paragraphs, as HTML; null if its lines may mean something else.
// CKEditor makes paragraphs only where a line is empty, and a line break of all other ends.
function paragraphsOf(text) {
  const lines = text.trim().split(/\r\n?|\n/).map((line) => line.trim());
  if (lines.length < 2 || lines.includes("") || !lines.some((line) => line.length > LONG_LINE)) {
    return null;
  }
  let [html, inList] = ["", false];
  for (const line of lines) {
    const isItem = BULLET.test(line);
    if (isItem !== inList) html += isItem ? "<ul>" : "</ul>";
    inList = isItem;
    const words = CKEDITOR.tools.htmlEncode(isItem ? line.replace(BULLET, "").trim() : line);
    html += isItem ? `<li>${words}</li>` : `<p>${words}</p>`;
  }
  return html + (inList ? "</ul>" : "");
}

// Runs before CKEditor's own filters. Its filter for Word reads the clipboard again by itself.
function onPaste(editor, { data }) {
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
  if (native && WORD.test(native)) {
    const doc = translate(editor, native, { uploads, fromWord: true });
    if (!doc) return;
    data.fromWord = true;
    data.dataValue = doc.documentElement.outerHTML;
    const getData = transfer.getData.bind(transfer);
    transfer.getData = (type, isNative) =>
      /html/i.test(type) ? data.dataValue : getData(type, isNative);
    return;
  }
  const doc = translate(editor, html, { uploads });
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
  data.dataValue = translate(editor, data.dataValue, { uploads })?.body.innerHTML ?? data.dataValue;
}

CKEDITOR.on("instanceCreated", ({ editor }) => {
  editor.on("paste", (event) => onPaste(editor, event), null, null, 1);
  editor.on("paste", (event) => afterWord(editor, event), null, null, 5);
  // For every text that comes in: pasted, typed as source, or loaded.
  editor.on(
    "toHtml",
    ({ data }) => {
      data.dataValue = translate(editor, data.dataValue, {})?.body.innerHTML ?? data.dataValue;
    },
    null,
    null,
    1,
  );
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
  });
});

// If a filter of CKEditor's throws an error, this paste and every later one is lost. So each returns
// its input then.
CKEDITOR.once("instanceReady", () => {
  const { loadFilters, filters } = CKEDITOR.plugins.pastetools;
  const files = [
    "pastetools/filter/common.js",
    "pastetools/filter/image.js",
    "pastefromword/filter/default.js",
    "pastefromgdocs/filter/default.js",
    "pastefromlibreoffice/filter/default.js",
  ];
  loadFilters(
    files.map((file) => CKEDITOR.getUrl(`plugins/${file}`)),
    () => {
      for (const [name, filter] of Object.entries(filters)) {
        if (typeof filter !== "function") continue;
        const forgiving = (html, ...others) => {
          try {
            return filter(html, ...others);
          } catch {
            return html;
          }
        };
        filters[name] = Object.assign(forgiving, filter);
      }
      CKEDITOR.cleanWord = filters.word ?? CKEDITOR.cleanWord;
    },
  );
});
