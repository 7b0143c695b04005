// A pasted text without markup.

const CKEDITOR = window.CKEDITOR;
// Mail programs break lines well before this.
const LONG_LINE = 120;
const BULLET = /^[-*•]\s/;

// A plain text whose lines are paragraphs, as HTML; null if its lines may mean something else.
// CKEditor makes paragraphs only where a line is empty, and a line break of all other ends.
export function paragraphsOf(text) {
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
