// Comments and tracked changes, which are no part of the text.

import { styleOf, unwrap } from "./tree.js";

const COMMENTS = ".msocomtxt, .msocomanchor, .MsoCommentReference, .msocomoff";
const COMMENT_LINK = /^#cmnt(_ref)?\d{1,6}$/;

export function dropCommentsAndDeletions(text) {
  let [anchors, bodies] = [0, 0];
  for (const link of text.all("a[href^='#cmnt']")) {
    const comment = COMMENT_LINK.exec(link.getAttribute("href"));
    if (!comment || !link.isConnected) continue;
    if (comment[1]) bodies += 1;
    else anchors += 1;
    (comment[1] ? text.boxOf(link) : text.aloneIn(link)).remove();
  }
  const marked = text.all("[style]").filter((each) => /mso-element:\s*comment/i.test(styleOf(each)));
  for (const each of [...text.all(COMMENTS), ...marked]) {
    if (!each.isConnected) continue;
    const within = [each, ...each.querySelectorAll("*")];
    bodies += within.filter((part) => part.matches(".msocomtxt")).length;
    anchors += within.filter((part) => part.matches(".msocomanchor")).length;
    each.remove();
  }
  for (let count = Math.max(anchors, bodies); count > 0; count -= 1) text.lose("comment");
  for (const each of text.all("del[cite], del[datetime]")) {
    text.lose("deletion", each.textContent);
    each.remove();
  }
  text.all("ins").forEach(unwrap);
  // Browsers add one at the end of a clipboard.
  while (text.root.lastElementChild?.localName === "br" && !text.root.lastChild.data?.trim()) {
    text.root.lastElementChild.remove();
  }
}
