// What stands in a form, as [name, value] pairs in the order in which the form sends them.
//
// Left out are files, passwords, and the hidden fields that say how a form is sent. The texts come
// from CKEditor, whose textareas hold what was there when the page was loaded.

const HOW_IT_IS_SENT = new Set(["csrfmiddlewaretoken", "_tab", "_base", "_number", "_account"]);

export class FormContent {
  constructor(form) {
    this.form = form;
    // The texts as they are sent, by the name of their field.
    this.texts = new Map();
    // The editors whose text has changed since it was read in full.
    this.stale = new Set();
  }

  editors() {
    return Object.values(window.CKEDITOR?.instances ?? {}).filter(
      (editor) => editor.status === "ready" && editor.element.$.form === this.form,
    );
  }

  // Reads all of it. It takes some milliseconds, so it is not done at every key.
  read() {
    for (const editor of this.editors()) {
      if (this.stale.has(editor) || !this.texts.has(nameOf(editor))) {
        this.texts.set(nameOf(editor), editor.getData());
      }
    }
    this.stale.clear();
    return { pairs: this.pairs(this.texts), raw: [] };
  }

  // Reads it cheaply: a text that has just changed is taken as it stands in the editing frame.
  // `raw` has the names of these.
  glance() {
    const texts = new Map(this.texts);
    const raw = [];
    for (const editor of this.stale) {
      const surface = editor.mode === "wysiwyg" && editor.editable();
      texts.set(nameOf(editor), surface ? surface.$.innerHTML : editor.getData());
      if (surface) raw.push(nameOf(editor));
    }
    return { pairs: this.pairs(texts), raw };
  }

  pairs(texts) {
    const passwords = new Set(
      [...this.form.querySelectorAll("input[type=password]")].map((input) => input.name),
    );
    const pairs = [];
    for (const [name, value] of new FormData(this.form)) {
      if (typeof value !== "string" || HOW_IT_IS_SENT.has(name) || passwords.has(name)) continue;
      pairs.push([name, texts.get(name) ?? value]);
    }
    return pairs;
  }
}

export function nameOf(editor) {
  return editor.element.$.name;
}

// No value holds a NUL: the browser's form fields and CKEditor drop it.
export function serialize(pairs) {
  return pairs.map(([name, value]) => `${name}\0${value}`).join("\0\0");
}

// Calls back at every change of a form, with the editor if it was in one.
export function onChange(form, callback) {
  for (const name of ["input", "change", "formset:added"]) {
    form.addEventListener(name, () => callback(null));
  }
  // Django sends it to the document, because the row is gone.
  document.addEventListener("formset:removed", () => callback(null));
  // Select2 and the pop-ups change fields through jQuery, whose events others do not see.
  window.django?.jQuery?.(form).on("change", () => callback(null));
  const watch = (editor) => {
    if (editor.element.$.form !== form) return;
    editor.on("change", () => callback(editor));
    // The source is a textarea of its own.
    form.addEventListener("input", ({ target }) => {
      if (editor.mode === "source" && editor.editable()?.$ === target) callback(editor);
    });
    editor.on("mode", () => callback(editor));
  };
  const { CKEDITOR } = window;
  if (!CKEDITOR) return;
  CKEDITOR.on("instanceReady", ({ editor }) => watch(editor));
  for (const editor of Object.values(CKEDITOR.instances)) {
    if (editor.status === "ready") watch(editor);
  }
}
