// Chooses light or dark before the first paint. The script is inline in each page's head
// (alarmroom/theme.py), so the page does not flash and waits for no file.
// Without it the page follows the device, and the switch is hidden.

(() => {
  const root = document.documentElement;
  const device = matchMedia("(prefers-color-scheme: dark)");
  const KEY = "theme";

  const remembered = () => {
    try {
      const theme = localStorage.getItem(KEY);
      return theme === "light" || theme === "dark" ? theme : null;
    } catch {
      return null; // Storage is disabled: follow the device.
    }
  };

  const apply = () => {
    const theme = remembered() ?? (device.matches ? "dark" : "light");
    root.dataset.theme = theme;
    for (const button of document.querySelectorAll("[data-theme-switch]")) {
      button.setAttribute("aria-pressed", String(theme === "dark"));
    }
  };

  apply();
  device.addEventListener?.("change", apply);
  // The theme was switched in another tab, or this page was restored from the back/forward cache.
  addEventListener("storage", apply);
  addEventListener("pageshow", apply);
  document.addEventListener("DOMContentLoaded", () => {
    apply();
    document.addEventListener("click", (event) => {
      if (!event.target.closest("[data-theme-switch]")) return;
      const theme = root.dataset.theme === "dark" ? "light" : "dark";
      try {
        // Do not store the device's own theme, so that the page follows the device if it changes.
        if ((theme === "dark") === device.matches) localStorage.removeItem(KEY);
        else localStorage.setItem(KEY, theme);
        apply();
      } catch {
        root.dataset.theme = theme;
        event.target.closest("button").setAttribute("aria-pressed", String(theme === "dark"));
      }
    });
  });
})();
