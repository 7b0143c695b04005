// Where somebody was in a form when it was saved, so that the page that answers shows it there.

const FOUND_WITHIN = 2_000; // ms, while the text gets its height

// Returns what returnTo() takes, as JSON can keep it; null unless it was saved by a key while
// somebody was writing. Who pressed a button reads the message on top.
export function placeIn(form) {
  const held = document.activeElement;
  if (!form.contains(held)) return null;
  const editor = editors().find((each) => each.window?.$.frameElement === held);
  if (editor) {
    const marks = editor.getSelection()?.createBookmarks2(true) ?? [];
    return { top: scrollY, editor: editor.name, marks };
  }
  if (!held.id || !held.matches("input, textarea")) return null;
  // A field of another kind, such as a number, has no caret that a script may ask for.
  return { top: scrollY, field: held.id, caret: held.selectionStart ?? null };
}

export function returnTo({ top, editor: name, marks, field, caret }) {
  const held = field && document.getElementById(field);
  if (name) whenReady(name, (editor) => putCaret(editor, marks));
  else if (held) {
    const section = held.closest("details");
    if (section) section.open = true;
    held.focus({ preventScroll: true });
    if (caret !== null) held.setSelectionRange?.(caret, caret);
  }
  scrollBack(top);
}

function editors() {
  return Object.values(window.CKEDITOR?.instances ?? {});
}

function whenReady(name, act) {
  const ready = editors().find((each) => each.name === name && each.status === "ready");
  if (ready) act(ready);
  else window.CKEDITOR?.on("instanceReady", ({ editor }) => editor.name === name && act(editor));
}

function putCaret(editor, marks) {
  editor.focus();
  try {
    editor.getSelection().selectBookmarks(marks);
  } catch {
    // The text came back in another shape: its beginning is as good a place as any.
  }
}

// The page may be too short at first. Whoever does something is not taken anywhere any more.
function scrollBack(top) {
  const until = performance.now() + FOUND_WITHIN;
  let isFree = true;
  for (const name of ["keydown", "wheel", "pointerdown", "touchstart"]) {
    addEventListener(name, () => (isFree = false), { once: true, passive: true });
  }
  const step = () => {
    if (!isFree) return;
    if (Math.abs(scrollY - top) > 1) scrollTo({ top, behavior: "instant" });
    if (performance.now() < until) requestAnimationFrame(step);
  };
  step();
}
