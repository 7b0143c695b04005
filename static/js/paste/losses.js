// The notice of what a text has lost.

const CKEDITOR = window.CKEDITOR;
const NAMES_SHOWN = 5;

const unsaid = new Map();

export function say(editor, losses) {
  if (!losses.length) return;
  if (!unsaid.has(editor)) {
    unsaid.set(editor, []);
    // A paste is translated several times; the losses of all are in one notice.
    window.setTimeout(() => {
      const message = sentences(editor.config.foreign.sentences, unsaid.get(editor));
      unsaid.delete(editor);
      editor.showNotification(CKEDITOR.tools.htmlEncode(message), "warning");
    }, 300);
  }
  unsaid.get(editor).push(...losses);
}

function sentences(table, losses) {
  const said = [];
  for (const [kind, [one, several, advice]] of Object.entries(table)) {
    const names = losses.filter(([which]) => which === kind).map(([, name]) => name);
    if (!names.length) continue;
    const named = [...new Set(names.filter(Boolean))];
    const shown = named.slice(0, NAMES_SHOWN).map((name) => `“${name}”`);
    if (named.length > NAMES_SHOWN) shown.push("…");
    const what = names.length === 1 ? one : several.replace("{n}", names.length);
    said.push(`${what}${shown.length ? `: ${shown.join(", ")}` : ""}. ${advice}`.trim());
  }
  return said.join(" ");
}
