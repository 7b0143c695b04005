// The panel of newer text that was found, made by the server, at the top of the form.

import { say } from "../parts/voice.js";
import { noticePlace, paragraph, show, strong } from "./notices.js";
import { addressOf } from "./requests.js";

export async function showNewerText(address, tab) {
  let html = "";
  try {
    const response = await fetch(addressOf(address, tab), {
      credentials: "same-origin",
      redirect: "manual",
    });
    if (response.status === 200) html = await response.text();
  } catch {
    return; // The text is safe; the next time that the form is opened asks again.
  }
  const steady = holdStill();
  noticePlace().querySelector("#desk-newer")?.remove();
  if (!html) return steady();
  const panel = document.createElement("div");
  panel.id = "desk-newer";
  panel.innerHTML = html;
  noticePlace().append(panel);
  steady();
  const title = panel.querySelector("h1, h2, h3, strong")?.textContent.trim();
  if (panel.querySelector(".newer")) say(`${title || "Newer text was found"}. It is offered at the top of the form.`);
}

// The form shows a text that was never saved: says so, with the way back. `instead` is the form
// without it, which offers it again.
export function sayWhatIsShown({ broughtBack, instead, object }) {
  if (!broughtBack) return;
  const back = document.createElement("a");
  back.href = instead;
  back.textContent = object.endsWith(":new") ? "Begin an empty one instead" : "Show what is on the desk instead";
  show("desk-brought-back", [
    paragraph(strong(`This is what you typed ${broughtBack}.`), " It is not saved yet. ", back),
  ]);
}

let isAtWork = false; // Whether somebody has done anything on this page, not on the one before.
for (const name of ["keydown", "pointerdown"]) {
  addEventListener(name, ({ isTrusted }) => (isAtWork ||= isTrusted), { capture: true });
}

// Who is typing already goes on at the same place of the screen. Returns what puts it back there.
function holdStill() {
  const held = document.activeElement;
  const is = held && held !== document.body && (isAtWork || held.tagName === "IFRAME");
  const before = is ? held.getBoundingClientRect().top : 0;
  return () => is && scrollBy({ top: held.getBoundingClientRect().top - before, behavior: "instant" });
}
