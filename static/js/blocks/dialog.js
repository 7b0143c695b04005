// A window of ours over the page, for what the editor asks. It gives the cursor back.

const CLOSE = '<button type="button" class="ask__close" value="cancel" aria-label="Close"></button>';

// `body` is HTML of this site's own; `submit()` returns whether the window may close.
export function ask(editor, { name, title, body, main, others = "", submit }) {
  const dialog = document.createElement("dialog");
  dialog.className = `ask ask--${name}`;
  dialog.setAttribute("aria-labelledby", `ask-${name}`);
  dialog.innerHTML = `
    <form method="dialog" novalidate>
      <header class="ask__head"><h2 id="ask-${name}">${title}</h2>${CLOSE}</header>
      ${body}
      <p class="ask__error" role="alert"></p>
      <footer class="ask__foot">
        <button type="submit" class="ask__main">${main}</button>${others}
        <button type="button" value="cancel">Cancel</button>
      </footer>
    </form>`;
  document.body.append(dialog);

  const chosen = editor.widgets?.focused;
  const bookmarks = chosen ? null : editor.getSelection()?.createBookmarks2(true);
  const form = dialog.querySelector("form");
  const error = dialog.querySelector(".ask__error");

  // What is typed here is no part of the page's form.
  for (const event of ["input", "change"]) form.addEventListener(event, (each) => each.stopPropagation());
  for (const button of form.querySelectorAll("[value=cancel]")) {
    button.addEventListener("click", () => dialog.close());
  }
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    event.stopPropagation();
    error.textContent = "";
    const act = submit(form);
    if (act) window_.finish(act);
  });
  dialog.addEventListener("close", () => {
    if (!dialog.isConnected) return;
    dialog.remove();
    giveBack();
    window_.onClose?.();
  });

  function giveBack() {
    editor.focus();
    if (chosen?.isInited() && editor.editable().contains(chosen.wrapper)) chosen.focus();
    else if (bookmarks) editor.getSelection()?.selectBookmarks(bookmarks);
  }

  const window_ = {
    dialog,
    form,
    onClose: null,
    say(words, field) {
      error.textContent = words;
      field?.setAttribute("aria-invalid", "true");
      field?.focus();
    },
    // Closes the window, and changes the text in one step that can be undone.
    finish(act) {
      const { onClose } = window_;
      window_.onClose = null;
      dialog.close();
      if (dialog.isConnected) dialog.remove();
      giveBack();
      editor.fire("saveSnapshot");
      act();
      editor.fire("saveSnapshot");
      onClose?.();
    },
  };
  dialog.showModal();
  return window_;
}
