// What of the looks of a pasted text is left behind, counted: the site has looks of its own.

import { styleOf, wordsOf } from "./tree.js";

const HEADINGS = "h1, h2, h3, h4, h5, h6";
const STYLED = "[style], [align], [bgcolor], font, u";
const BLOCK = "p, div, li, blockquote, center, h1, h2, h3, h4, h5, h6";
const NO_COLOR = new Set(
  "black,white,windowtext,inherit,initial,unset,currentcolor,auto,transparent,none,gray,grey".split(","),
);
const GREY = 24; // One whose parts differ by less is no colour.

// `text` is a Translation that has changed nothing yet.
export function ballast(text) {
  const colors = new Map();
  const [sizes, fonts] = [new Set(), new Set()];
  for (const each of text.all(STYLED)) {
    const style = styleOf(each);
    if (/mso-(?:list|element)/.test(style) && /ignore|comment/.test(style)) continue;
    if (each.closest("[style*='mso-list:Ignore' i]")) continue;
    const words = wordsOf(each.textContent);
    if (!words) continue;
    const isLink = each.closest("a") !== null || each.querySelector("a") !== null;
    const isHeading = each.closest(HEADINGS) !== null;
    for (const color of colorsOf(each, style)) {
      if (!isLink && !isHeading && isColor(color) && !colors.has(color)) colors.set(color, words);
    }
    if (!isLink && !isHeading && isUnderlined(each, style)) text.lose("underline", words);
    if (isAligned(each, style)) text.lose("alignment", words);
    if (isHeading || each.closest("sup, sub, pre, code")) continue;
    const size = /(?:^|;)font-size:([^;]+)/.exec(style)?.[1] ?? each.getAttribute("size");
    const font = /(?:^|;)font-family:["']?([^;,"']+)/.exec(style)?.[1] ?? each.getAttribute("face");
    if (size) sizes.add(size);
    if (font) fonts.add(font.split(",")[0].toLowerCase().replaceAll(" ", ""));
  }
  for (const words of colors.values()) text.lose("colour", words);
  // One of each is how that program writes; several were chosen.
  if (sizes.size > 1) sizes.forEach(() => text.lose("size"));
  if (fonts.size > 1) fonts.forEach((font) => text.lose("font", font));
  for (const table of text.all("table")) {
    const cells = [table, ...table.querySelectorAll("col, td, th")];
    if (cells.some((each) => each.hasAttribute("width") || /(?:^|;)width:\d/.test(styleOf(each)))) {
      text.lose("widths", table.querySelector("caption")?.textContent);
    }
  }
}

function colorsOf(element, style) {
  const found = [/(?:^|;)color:([^;]+)/, /(?:^|;)background(?:-color)?:([^;]+)/].map(
    (pattern) => pattern.exec(style)?.[1],
  );
  return [...found, element.getAttribute("color"), element.getAttribute("bgcolor")]
    .filter(Boolean)
    .map((color) => color.toLowerCase());
}

function isColor(color) {
  if (/^[a-z]+$/.test(color)) return !NO_COLOR.has(color);
  const hex = /^#([0-9a-f]{3}|[0-9a-f]{6})$/.exec(color)?.[1];
  const parts = hex
    ? hex.match(hex.length === 3 ? /./g : /../g).map((part) => parseInt(part.padEnd(2, part), 16))
    : /^rgba?\(([\d.,]+)\)$/.exec(color)?.[1].split(",").map(Number);
  if (!parts || parts[3] === 0) return false;
  const [most, least] = [Math.max(...parts.slice(0, 3)), Math.min(...parts.slice(0, 3))];
  return most - least >= GREY;
}

function isUnderlined(element, style) {
  if (element.parentElement?.closest("u")) return false;
  return element.localName === "u" || /(?:^|;)text-decoration(?:-line)?:[^;]*underline/.test(style);
}

function isAligned(element, style) {
  if (!element.matches(BLOCK)) return false;
  const said = /(?:^|;)text-align:([a-z-]+)/.exec(style)?.[1] ?? element.getAttribute("align") ?? "";
  return /^(?:center|right|justify)$/i.test(said) && !element.querySelector(BLOCK);
}
