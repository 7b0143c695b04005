// Our own blocks in the editor, and a toolbar that names them in words (posts/text/editor.py).
// Each file in blocks/ has one of them.

import { checklist } from "./blocks/checklist.js";
import { dataFigure } from "./blocks/data-figure.js";
import { figures } from "./blocks/figures.js";
import { footnotes } from "./blocks/footnotes.js";
import { leaving } from "./blocks/leaving.js";
import { links } from "./blocks/links.js";
import { magicLine } from "./blocks/magic-line.js";
import { pictures } from "./blocks/pictures.js";
import { presentPictures } from "./blocks/present-pictures.js";
import { pullQuote } from "./blocks/pull-quote.js";
import { sections } from "./blocks/sections.js";
import { tables } from "./blocks/tables.js";
import { names, toolbar } from "./blocks/toolbar.js";
import { words } from "./blocks/words.js";

const CKEDITOR = window.CKEDITOR;

CKEDITOR.plugins.add("blocks", {
  requires: "widget,menubutton,link,blockquote,list,table,horizontalrule",
  init(editor) {
    toolbar(editor);
    links(editor);
    words(editor);
    magicLine(editor);
    const { short } = editor.config.foreign;
    if (short) {
      for (const block of [sections, pullQuote, checklist, dataFigure, leaving]) block(editor);
    } else {
      const blocks = [sections, pullQuote, checklist, footnotes, figures, pictures, presentPictures, dataFigure, leaving];
      for (const block of blocks) block(editor);
    }
  },
});

CKEDITOR.on("instanceCreated", ({ editor }) => names(editor));
tables();
