// CKEditor's filters for pastes.

const CKEDITOR = window.CKEDITOR;

// If a filter of CKEditor's throws an error, this paste and every later one is lost. So each returns
// its input then.
CKEDITOR.once("instanceReady", () => {
  const { loadFilters, filters } = CKEDITOR.plugins.pastetools;
  const files = [
    "pastetools/filter/common.js",
    "pastetools/filter/image.js",
    "pastefromword/filter/default.js",
    "pastefromgdocs/filter/default.js",
    "pastefromlibreoffice/filter/default.js",
  ];
  loadFilters(
    files.map((file) => CKEDITOR.getUrl(`plugins/${file}`)),
    () => {
      for (const [name, filter] of Object.entries(filters)) {
        if (typeof filter !== "function") continue;
        const forgiving = (html, ...others) => {
          try {
            return filter(html, ...others);
          } catch {
            return html;
          }
        };
        filters[name] = Object.assign(forgiving, filter);
      }
      CKEDITOR.cleanWord = filters.word ?? CKEDITOR.cleanWord;
    },
  );
});
