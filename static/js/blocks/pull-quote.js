// A pull quote is a quotation of a class of its own.

import { around, keepLineAfter } from "./dom.js";

const CKEDITOR = window.CKEDITOR;

export function pullQuote(editor) {
  editor.addCommand("pullquote", {
    contextSensitive: true,
    exec() {
      const quote = around(editor, "blockquote");
      if (quote?.hasClass("pull")) {
        editor.execCommand("blockquote");
      } else {
        if (!quote) editor.execCommand("blockquote");
        const made = around(editor, "blockquote");
        made?.addClass("pull");
        if (made) keepLineAfter(editor, made);
      }
      editor.selectionChange(true);
    },
    refresh(_, path) {
      const here = path.contains("blockquote")?.hasClass("pull");
      this.setState(here ? CKEDITOR.TRISTATE_ON : CKEDITOR.TRISTATE_OFF);
    },
  });
  editor.ui.addButton("PullQuote", { label: "Pull quote", command: "pullquote" });
}
