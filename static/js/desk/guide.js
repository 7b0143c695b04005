// The guide beside the page that it explains. Without this, its links open a tab of their own.

let panel = null;
let opener = null;

document.addEventListener("click", (event) => {
  if (event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey)
    return;
  const link = event.target.closest("a[data-guide]");
  const inside = event.target.closest(".guide-panel a[href*='/guide/']");
  if (!link && !inside) return;
  if (inside?.hasAttribute("data-guide-tab")) return;
  event.preventDefault();
  if (link) opener = link;
  show((link ?? inside).href);
});

async function show(address) {
  let text;
  try {
    const response = await fetch(address, { credentials: "same-origin" });
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    text = page.querySelector("[data-guide-text]");
  } catch {
    text = null;
  }
  // Signed out, or no connection: the tab says so itself.
  if (!text) return void window.open(address, "_blank");
  panel ??= make();
  const body = panel.querySelector(".guide-panel__text");
  body.replaceChildren(...document.importNode(text, true).childNodes);
  panel.querySelector("[data-guide-tab]").href = address;
  panel.hidden = false;
  const place = new URL(address).hash.slice(1);
  const heading = (place && body.querySelector(`#${CSS.escape(place)}`)) || body.querySelector("h1");
  heading.tabIndex = -1;
  heading.focus();
}

function make() {
  const made = document.createElement("aside");
  made.className = "guide-panel";
  made.setAttribute("aria-label", "Guide");
  made.innerHTML = `
    <div class="guide-panel__head">
      <a data-guide-tab target="_blank">In a tab of its own</a>
      <button type="button" class="btn btn--bare">Close the guide</button>
    </div>
    <div class="guide-panel__text guide__text"></div>`;
  made.querySelector("button").addEventListener("click", close);
  made.addEventListener("keydown", ({ key }) => key === "Escape" && close());
  document.body.append(made);
  return made;
}

function close() {
  panel.hidden = true;
  opener?.focus();
}
