// Starts CKEditor 4 under our Content-Security-Policy, and adds what the desk needs around it.

const CKEDITOR = window.CKEDITOR;

// CKEditor starts its editing frame by an inline <script>, which the policy blocks. So the script
// is removed from the frame's HTML, and the function that it would call is called here.
const write = CKEDITOR.dom.document.prototype.write;
const STARTER =
  /<script id="cke_actscrpt"[^>]*>(?:(?!<\/script>)[^])*?callFunction\((\d+),\s*window\)[^]*?<\/script>/;

CKEDITOR.dom.document.prototype.write = function (html) {
  const starter = STARTER.exec(html);
  write.call(this, starter ? html.replace(starter[0], "") : html);
  if (!starter) return;
  const frame = this.getWindow().$;
  const start = () => CKEDITOR.tools.callFunction(Number(starter[1]), frame);
  if (frame.document.readyState === "loading") {
    frame.document.addEventListener("DOMContentLoaded", start, { once: true });
  } else {
    start();
  }
};

// CKEditor would set a cookie for a token of its own, which nothing checks. Uploads send Django's.
CKEDITOR.tools.getCsrfToken = () => "";

function tokenOf(editor) {
  // The cookie is HttpOnly, so a script can read the token from the form only.
  return editor.element.$.form.elements.namedItem("csrfmiddlewaretoken").value;
}

function answerOf(loader) {
  try {
    return JSON.parse(loader.xhr.responseText).error.message;
  } catch {
    return "";
  }
}

CKEDITOR.on("instanceCreated", ({ editor }) => {
  editor.on("configLoaded", () => {
    editor.config.uploadImage_supportedTypes = /image\/(jpeg|png|gif|webp)/;
  });

  editor.on("fileUploadRequest", (event) => {
    const loader = event.data.fileLoader;
    const limit = editor.config.imageMaxBytes;
    // Shows the server's sentence instead of "HTTP error 400".
    loader.on(
      "error",
      () => {
        loader.message = answerOf(loader) || loader.message;
      },
      null,
      null,
      1,
    );
    if (loader.file.size > limit) {
      event.cancel();
      loader.message =
        `This picture is ${Math.ceil(loader.file.size / 1e6)} MB; the limit is ` +
        `${Math.floor(limit / 1e6)} MB. Save a smaller copy and upload that.`;
      loader.changeStatus("error");
      return;
    }
    loader.xhr.setRequestHeader("X-CSRFToken", tokenOf(editor));
  });

  // CKEditor says "successfully uploaded" when the bytes are sent, even if the server refuses the
  // picture. The picture in the text shows whether it worked.
  editor.on("notificationUpdate", (event) => {
    if (event.data.options?.type === "success") {
      event.data.notification.hide();
      event.cancel();
    }
  });

  editor.on("contentDom", () => {
    const root = editor.document.$.documentElement;
    root.dataset.theme = document.documentElement.dataset.theme ?? "";
    // The browser's own menu offers corrections of spelling; CKEditor's is needed in tables only.
    root.addEventListener(
      "contextmenu",
      (event) => {
        if (!event.target.closest("table")) event.stopPropagation();
      },
      { capture: true },
    );
  });
});

// A list of formats is a frame of its own.
CKEDITOR.on("instanceReady", ({ editor }) => {
  editor.on("panelShow", ({ data }) => {
    const root = data.element.findOne("iframe")?.getFrameDocument().$.documentElement;
    if (root) root.dataset.theme = document.documentElement.dataset.theme ?? "";
  });
});

CKEDITOR.on("instanceReady", ({ editor }) => guard(editor.element.$.form));

new MutationObserver(() => {
  for (const editor of Object.values(CKEDITOR.instances)) {
    if (editor.document) {
      editor.document.$.documentElement.dataset.theme = document.documentElement.dataset.theme;
    }
  }
}).observe(document.documentElement, { attributeFilter: ["data-theme"] });

// The form: it waits for uploads, and a double click sends it once. What was typed is kept by
// static/js/desk/autosave.js.

const guarded = new WeakSet();

function editorsIn(form) {
  return Object.values(CKEDITOR.instances).filter((editor) => editor.element.$.form === form);
}

function guard(form) {
  if (!form || guarded.has(form)) return;
  guarded.add(form);
  // Before all others, so that nothing is sent.
  form.addEventListener(
    "submit",
    (event) => {
      const busy = editorsIn(form).find(
        (editor) => editor.uploadRepository && !editor.uploadRepository.isFinished(),
      );
      if (!busy) return;
      event.preventDefault();
      busy.showNotification("A picture is still being uploaded. Save again in a moment.", "warning");
    },
    { capture: true },
  );
  let sent = false;
  // After all others: a submit that was held back may come again.
  window.addEventListener("submit", (event) => {
    if (event.target !== form || event.defaultPrevented) return;
    if (sent) event.preventDefault();
    sent = true;
  });
  window.addEventListener("pageshow", () => {
    sent = false;
  });
}
