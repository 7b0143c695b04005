// The frame of the preview: a page of the server in it, its width, its colours, its print.
//
// The page's <body> is put in place of the old one, so that the place where one reads stays and
// the browser's history does not grow. The frame runs no script (see posts/views/preview.py).

const WIDTHS = { phone: 390, tablet: 820, desktop: 1280 };
const KEY = "desk-preview-width";

export class PreviewFrame {
  constructor(panel) {
    this.panel = panel;
    this.frame = panel.querySelector("iframe");
    this.said = panel.querySelector("[data-preview-state]");
    this.select = panel.querySelector("[data-as]");
    this.width = WIDTHS[localStorage.getItem(KEY)] ? localStorage.getItem(KEY) : "phone";
    this.at = ""; // When what is shown was made.
    this.showing = null; // What is shown: the key of its kind.
    this.making = Promise.resolve();
    panel.addEventListener("click", ({ target }) => this.press(target.closest("button")));
    new ResizeObserver(() => panel.hidden || this.fit()).observe(panel);
  }

  get kind() {
    return this.select.value;
  }

  // The address of a kind, or of the one that is chosen.
  address(kind = this.kind) {
    return [...this.select.options].find((option) => option.value === kind)?.dataset.address;
  }

  press(button) {
    if (!button) return;
    const { dataset } = button;
    if (dataset.width) {
      this.width = dataset.width;
      localStorage.setItem(KEY, this.width);
      this.fit();
    } else if ("dark" in dataset) {
      const dark = this.panel.dataset.theme !== "dark";
      this.panel.dataset.theme = dark ? "dark" : "light";
      button.setAttribute("aria-pressed", String(dark));
      this.colour();
    } else if ("print" in dataset) {
      this.frame.contentWindow.print();
    }
  }

  // Pages of ours look at the attribute; others, such as mails, at the scheme of the frame.
  colour() {
    const theme = this.panel.dataset.theme || "light";
    this.frame.style.colorScheme = theme;
    this.frame.contentDocument.documentElement.dataset.theme = theme;
  }

  // One page after the other, in the order in which they came.
  show(html, kind, at) {
    this.making = this.making.then(() => this.put(html, kind, at));
    return this.making;
  }

  async put(html, kind, at) {
    if (kind !== this.kind) return;
    const made = new DOMParser().parseFromString(html, "text/html");
    const inside = this.frame.contentDocument;
    const same = this.showing === kind;
    const { scrollX, scrollY } = this.frame.contentWindow;
    if (!same) {
      for (const sheet of inside.querySelectorAll("link, style")) sheet.remove();
      for (const sheet of made.querySelectorAll("head link[rel=stylesheet], head style")) {
        const copy = inside.importNode(sheet, true);
        inside.head.append(copy);
        if (copy.localName === "link") await loaded(copy);
      }
      inside.documentElement.lang = made.documentElement.lang;
      inside.addEventListener("click", stay);
    }
    this.colour();
    inside.body.replaceWith(inside.adoptNode(made.body));
    this.frame.contentWindow.scrollTo(same ? scrollX : 0, same ? scrollY : 0);
    this.showing = kind;
    this.at = at;
    this.say(`As the text is now, ${at}`, "fresh");
  }

  // The last picture stays.
  missed(why = "") {
    const last = this.at && this.showing === this.kind;
    const what = last ? `Shown as of ${this.at}.` : "Not shown: the desk did not answer.";
    this.say(why ? `${what} ${why}` : what, "old");
  }

  say(words, is) {
    if (this.said.textContent !== words) this.said.textContent = words;
    this.panel.dataset.is = is;
  }

  fit() {
    for (const button of this.panel.querySelectorAll("[data-width]")) {
      button.setAttribute("aria-pressed", String(button.dataset.width === this.width));
    }
    const box = this.panel.querySelector(".preview__box");
    const scale = Math.min(box.clientWidth / WIDTHS[this.width], this.panel.tagName === "MAIN" ? 1 : 2);
    this.frame.width = WIDTHS[this.width];
    this.frame.height = Math.floor(box.clientHeight / scale);
    // Through the object model: a style in the HTML would be against the policy.
    this.frame.style.transform = `scale(${scale})`;
  }
}

// Links lead away from what is looked at, except to a place in it.
function stay(event) {
  const link = event.target.closest?.("a[href]");
  if (link && !link.getAttribute("href").startsWith("#")) event.preventDefault();
}

function loaded(sheet) {
  return new Promise((done) => {
    sheet.addEventListener("load", done, { once: true });
    sheet.addEventListener("error", done, { once: true });
  });
}
