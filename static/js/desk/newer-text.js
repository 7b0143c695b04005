// The panel of newer text that was found, made by the server, at the top of the form.

import { say } from "../parts/voice.js";
import { noticePlace } from "./notices.js";
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
  say(`${title || "Newer text was found"}. It is offered at the top of the form.`);
}

// Who is typing already goes on at the same place of the screen. Returns what puts it back there.
function holdStill() {
  const held = document.activeElement;
  const is = held && held !== document.body && navigator.userActivation?.hasBeenActive;
  const before = is ? held.getBoundingClientRect().top : 0;
  return () => is && scrollBy({ top: held.getBoundingClientRect().top - before, behavior: "instant" });
}
