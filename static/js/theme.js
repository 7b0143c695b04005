// Light or dark, before the first paint. It stands in each page's head (alarmroom/theme.py), so
// that nothing flashes, and nothing has to be waited for.
// Without it the page follows the device, and the switch does not show.

(() => {
  const root = document.documentElement;
  const device = matchMedia("(prefers-color-scheme: dark)");
  const KEY = "theme";

  const remembered = () => {
    try {
      const theme = localStorage.getItem(KEY);
      return theme === "light" || theme === "dark" ? theme : null;
    } catch {
      return null; // Storage is switched off: the device decides.
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
  // Another tab was switched, or this page came back out of the browser's memory.
  addEventListener("storage", apply);
  addEventListener("pageshow", apply);
  document.addEventListener("DOMContentLoaded", () => {
    apply();
    document.addEventListener("click", (event) => {
      if (!event.target.closest("[data-theme-switch]")) return;
      const theme = root.dataset.theme === "dark" ? "light" : "dark";
      try {
        // What the device says anyway is not remembered, so that it may change its mind.
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
