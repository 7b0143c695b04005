// Blocks, formatting, headings and lists, in our elements.

import { firstIn, rename, styleOf, unwrap, wrapChildren } from "./tree.js";

const HEADINGS = "h1, h2, h3, h4, h5, h6";

export function keepWordsApart(text) {
  for (const block of text.all("pre *")) {
    if (text.isInline(block)) continue;
    const [before, after] = [block.previousSibling, block.nextSibling];
    if (before && before.localName !== "br" && !before.data?.endsWith("\n")) block.before("\n");
    if (after && !after.data?.startsWith("\n")) block.after("\n");
    unwrap(block);
  }
  text.all("summary, dt, dd, legend, address").forEach((each) => rename(each, "div"));
  if (!text.tables.short) return;
  // An introduction has figures with data; of any other table each row becomes a line of its own.
  const figures = text.tables.shortTables.map((name) => `table.${name}`).join();
  const isKept = (part) => {
    const table = part.closest("table");
    return Boolean(table?.matches(figures)) && !table.parentElement.closest("table");
  };
  const others = (selector) => text.all(selector).filter((each) => !isKept(each));
  const tables = others("thead, tbody, tfoot, colgroup, table");
  const captions = others("caption");
  for (const row of others("tr")) {
    const line = text.doc.createElement("div");
    for (const cell of [...row.children]) line.append(...cell.childNodes, " ");
    row.replaceWith(line);
  }
  captions.forEach((each) => rename(each, "div"));
  tables.forEach(unwrap);
}

export function nameFormatting(text) {
  for (const each of text.all("b, strong, i, em")) {
    if (/font-weight:(?:normal|[1-5]00)|font-style:normal/.test(styleOf(each))) unwrap(each);
  }
  text.all("del").forEach((each) => rename(each, "s"));
  for (const span of text.all("span[style]")) {
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

export function renameHeadings(text) {
  const below = text.root.querySelector("h1") ? text.tables.belowH1 : {};
  for (const heading of text.all(HEADINGS)) {
    const name = below[heading.localName] ?? text.tables.renamed[heading.localName];
    if (name) rename(heading, name);
  }
}

export function sections(text) {
  for (const section of text.all("section")) {
    const ours = text.tables.sections.some((name) => section.classList.contains(name));
    if (!ours || section.parentElement.closest("section")) rename(section, "div");
  }
}

export function lists(text) {
  for (const list of text.all("ol, ul")) {
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
        if (!items.length) items.push(text.doc.createElement("li"));
        items.at(-1).append(child);
      }
    }
    list.replaceChildren(...items);
    if (list.localName !== "ol" || list.hasAttribute("type")) continue;
    const style = styleOf(list) + (items[0] ? styleOf(items[0]) : "");
    const said = /list-style-type:([a-z-]+)/.exec(style)?.[1];
    if (text.tables.listTypes[said]) list.setAttribute("type", text.tables.listTypes[said]);
  }
}
