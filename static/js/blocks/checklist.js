// A checklist is a list of a class of its own.

import { around } from "./dom.js";

const CKEDITOR = window.CKEDITOR;

export function checklist(editor) {
  editor.addCommand("checklist", {
    contextSensitive: true,
    exec() {
      const list = around(editor, "ul");
      if (list?.hasClass("checklist")) {
        editor.execCommand("bulletedlist");
      } else {
        if (!list) editor.execCommand("bulletedlist");
        around(editor, "ul")?.addClass("checklist");
      }
      editor.selectionChange(true);
    },
    refresh(_, path) {
      const here = path.contains(["ul", "ol"])?.hasClass("checklist");
      this.setState(here ? CKEDITOR.TRISTATE_ON : CKEDITOR.TRISTATE_OFF);
    },
  });
  editor.ui.addButton("Checklist", { label: "Checklist", command: "checklist" });
}
