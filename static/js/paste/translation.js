// Translates foreign HTML as posts/text/foreign.py does when a text is saved, with the same tables.

import { ballast } from "./ballast.js";
import { keepWordsApart, lists, nameFormatting, renameHeadings, sections } from "./blocks.js";
import { dropCommentsAndDeletions } from "./comments.js";
import { languages } from "./languages.js";
import { links } from "./links.js";
import { embeds, pictures } from "./media.js";
import { firstIn, unwrap, wordsOf } from "./tree.js";

const LONGEST_NAME = 60;

export class Translation {
  constructor(tables, doc, options) {
    Object.assign(this, { tables, doc, ...options });
    this.root = doc.body;
    this.inline = new Set(tables.inline);
    this.losses = [];
  }

  // `weigh` counts the looks of what `isPasted`, in which pictures of other sites are missing.
  run() {
    if (this.weigh) ballast(this);
    dropCommentsAndDeletions(this);
    if (!this.fromWord) {
      // CKEditor's filter for Word runs after this, and makes lists and headings of spans and
      // styles. Its result is translated again.
      keepWordsApart(this);
      nameFormatting(this);
      renameHeadings(this);
      sections(this);
      lists(this);
      languages(this, this.root, this.tables.language, "ltr");
      this.dropSpans("[lang], [dir], [id]");
    }
    embeds(this);
    // The filter for Word brings the pictures along, and counts all that are there.
    if (!this.fromWord) pictures(this);
    links(this);
    if (!this.fromWord) this.dropSpans("[lang], [dir]");
  }

  all(selector) {
    return [...this.root.querySelectorAll(selector)].filter((each) => this.root.contains(each));
  }

  lose(kind, name = "", more = {}) {
    this.losses.push({ kind, name: wordsOf(name ?? "").slice(0, LONGEST_NAME), ...more });
  }

  isInline(node) {
    return this.inline.has(node.localName);
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

  dropSpans(but) {
    for (const span of this.all("span")) {
      const ours = [...span.attributes].some(({ name }) => name.startsWith("data-cke"));
      if (!ours && !span.matches(but)) unwrap(span);
    }
  }
}
