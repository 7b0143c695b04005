// A picture that was cropped or replaced has another file; the text keeps the address that it had.
// So the text is shown with the present files, at once and when one comes back to the page. What is
// saved does not change: the editor writes what it has kept beside each address.

import { onReturn } from "../parts/returning.js";
import { imagesIn, sourceOf } from "./pictures.js";

export function presentPictures(editor) {
  let asked = 0;

  async function look() {
    const url = editor.config.presentPicturesUrl;
    const sources = [...new Set(imagesIn(editor).map(sourceOf))].filter(Boolean);
    if (!url || !sources.length) return;
    asked += 1;
    const mine = asked;
    const body = new URLSearchParams(sources.map((source) => ["src", source]));
    const token = document.querySelector("input[name=csrfmiddlewaretoken]")?.value ?? "";
    try {
      const answer = await fetch(url, { method: "POST", body, headers: { "X-CSRFToken": token } });
      if (answer.ok && mine === asked) show((await answer.json()).pictures);
    } catch {
      // No connection: the former picture is shown, and asked about again.
    }
  }

  function show(pictures) {
    const present = new Map(
      Object.entries(pictures).map(([former, now]) => [whole(former), now]),
    );
    for (const image of imagesIn(editor)) {
      const kept = sourceOf(image);
      const now = present.get(whole(kept));
      if (!now || image.getAttribute("src") === now) continue;
      image.data("cke-saved-src", kept);
      image.setAttribute("src", now);
    }
  }

  editor.on("contentDom", look);
  onReturn(look);
}

function whole(source) {
  try {
    return new URL(source, location.href).href;
  } catch {
    return source;
  }
}
