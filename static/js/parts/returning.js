// Calls a function when somebody comes back to this page from another tab or window.

export function onReturn(act) {
  let away = false;
  window.addEventListener("blur", () => {
    // The text of an editor is a frame of this page: whoever goes into it has not left.
    setTimeout(() => {
      away = !document.hasFocus();
    });
  });
  window.addEventListener("focus", () => {
    if (away) act();
    away = false;
  });
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") act();
  });
}
