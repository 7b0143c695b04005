// The toolbar: our blocks by their names, what is needed seldom under "…".

const CKEDITOR = window.CKEDITOR;

// Command -> what the menu calls it.
const MORE = {
  strike: "Strike through",
  subscript: "Subscript",
  superscript: "Superscript",
  code: "Code",
  quoted: "Quoted words",
  abbreviation: "Abbreviation…",
  language: "Language…",
  numbering: "Numbering…",
  removeFormat: "Remove formatting",
  unlink: "Take a link out",
  specialchar: "Special character…",
  pastetext: "Paste as plain text",
  find: "Find and replace…",
  showblocks: "Show blocks",
  source: "Source",
};
const BUTTONS = {
  Rule: ["Rule", "horizontalrule"],
  InsertTable: ["Table", "table"],
};

// The list of formats says what the text is, and not what it might be.
export function names(editor) {
  editor.on("langLoaded", () => {
    Object.assign(editor.lang.format ?? {}, { label: "Paragraph", tag_p: "Paragraph" });
  });
}

export function toolbar(editor) {
  for (const [name, [label, command]] of Object.entries(BUTTONS)) {
    editor.ui.addButton(name, { label, command });
  }
  editor.on("pluginsLoaded", () => {
    // What such a command stands for in old markup is known to the filter of texts only with it.
    for (const name of Object.keys(MORE)) {
      const command = editor.getCommand(name);
      if (command) editor.addFeature(command);
    }
  });
  editor.addMenuGroup("more");
  Object.entries(MORE).forEach(([command, label], order) => {
    editor.addMenuItem(`more_${command}`, { label, command, group: "more", order });
  });
  editor.ui.add("More", CKEDITOR.UI_MENUBUTTON, {
    label: "More",
    modes: { wysiwyg: 1 },
    onMenu() {
      const items = {};
      for (const name of Object.keys(MORE)) {
        const command = editor.getCommand(name);
        if (command) items[`more_${name}`] = command.state;
      }
      return items;
    },
  });
}
