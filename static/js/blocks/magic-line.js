// The line between two blocks, on which a click makes a paragraph, is the editor's and no text. After
// a text was replaced the editor may forget one that is shown, and would give it away as a paragraph.

export function magicLine(editor) {
  const take = () => {
    const body = editor.mode === "wysiwyg" ? editor.editable()?.$ : null;
    for (const line of body?.querySelectorAll("[data-cke-magic-line]") ?? []) {
      let outer = line;
      while (outer.parentElement !== body && outer.parentElement?.childNodes.length === 1) {
        outer = outer.parentElement;
      }
      outer.remove();
    }
  };
  // After the editor's own (0), and before the text is read (10).
  editor.on("beforeGetData", take, null, null, 5);
  editor.on("beforeUndoImage", take);
}
