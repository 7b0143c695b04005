// Embedded things become links; pictures that cannot be had are counted.

import { mark } from "./missing.js";
import { decoded, rename, unwrap, wordsOf, wrapChildren } from "./tree.js";

const NOT_A_PICTURE = /\.(?:emf|wmf)(?:[?#]|$)/i;
const EMBEDS = "iframe, object, embed, audio, video";

export function embeds(text) {
  for (const each of text.all(Object.keys(text.tables.counted).join())) {
    if (!each.isConnected) continue;
    text.lose(text.tables.counted[each.localName], each.getAttribute("title") ?? "");
    each.remove();
  }
  const captioned = new Set();
  for (const each of text.all(EMBEDS)) {
    if (!each.isConnected) continue;
    const address = filmAddress(
      [each, ...each.querySelectorAll("embed, source, object")]
        .map((one) => webAddress(one.getAttribute("src") ?? one.getAttribute("data") ?? ""))
        .find(Boolean) ?? "",
    );
    let words = each.getAttribute("title") ?? each.getAttribute("aria-label") ?? "";
    const figure = each.closest("figure");
    if (figure && !captioned.has(figure)) {
      // Once: with every thing in the figure, a caption would be as long as both multiplied.
      captioned.add(figure);
      words = wordsOf(figure.querySelector("figcaption")?.textContent ?? "") || words;
    }
    words = wordsOf(words) || address.replace(/^https?:\/\//, "");
    const film = each.localName === "video" || isFilm(address);
    const kind = each.localName === "audio" ? "sound" : film ? "film" : "embed";
    text.lose(address ? kind : "lost", words);
    const place = text.doc.createElement("span");
    place.append(address || figure ? words : "");
    if (address && !each.closest("a")) {
      wrapChildren(place, "a").setAttribute("href", address);
    }
    each.replaceWith(place);
    if (figure && !figure.querySelector("img")) {
      figure.querySelector("figcaption")?.remove();
      if (!figure.querySelector(EMBEDS)) unwrap(figure);
    }
    if (place.closest(text.tables.textBlocks.join())) unwrap(place);
    else rename(place, "p");
  }
}

export function pictures(text) {
  for (const image of text.all("img")) {
    if (!image.isConnected || image.hasAttribute("data-cke-upload-id")) continue;
    // A part of the editor's own, in what is copied from one text to another.
    if (image.closest(".cke_widget_drag_handler_container")) continue;
    const source = (image.getAttribute("src") ?? "").replace(/\s+/g, "");
    const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(source)?.[1].toLowerCase() ?? "";
    const onTheWeb = ["", "http", "https"].includes(scheme) && source && !NOT_A_PICTURE.test(source);
    // No browser of a reader loads one of another site.
    const elsewhere = onTheWeb && text.isPasted && !isOurs(source, text);
    const had =
      (onTheWeb && !elsewhere) ||
      (text.uploads && /^data:image\/(?:jpeg|png|gif|webp);/i.test(source));
    if (had && !text.tables.short) continue;
    const file = ["data", "blob", "cid"].includes(scheme) ? "" : source.split(/[/\\]/).at(-1);
    let name = image.getAttribute("alt")?.trim() || decoded(file);
    const figure = image.closest("figure");
    const place = text.isPasted ? mark(figure ?? image) : null;
    image.remove();
    if (figure && !figure.querySelector("img, table, pre, a")) {
      name = figure.textContent.trim() || name;
      figure.remove();
    }
    text.lose("picture", name, { place, address: elsewhere ? webAddress(source) : "" });
  }
}

function isOurs(source, text) {
  if (/^\/(?!\/)/.test(source) || !/^(?:https?:)?\/\//i.test(source)) return true;
  const origin = new URL(source, window.location.href).origin;
  return origin === window.location.origin || origin === text.tables.site;
}

function webAddress(address) {
  const trimmed = address.replace(/\s+/g, "").replace(/^\/\//, "https://");
  if (/^\/[^/]/.test(trimmed)) return trimmed.startsWith("/admin/") ? "" : trimmed;
  return /^https?:\/\/[^/]/i.test(trimmed) ? trimmed : "";
}

function filmAddress(address) {
  if (!URL.canParse(address)) return address;
  const { hostname, pathname, searchParams } = new URL(address);
  const path = pathname.split("/").filter(Boolean);
  const host = hostname.replace(/^www\./, "");
  if (path.length === 2 && path[0] === "embed" && /^youtube(?:-nocookie)?\.com$/.test(host)) {
    const series = searchParams.get("list");
    if (path[1] !== "videoseries") return `https://www.youtube.com/watch?v=${path[1]}`;
    return series ? `https://www.youtube.com/playlist?list=${series}` : address;
  }
  if (host === "player.vimeo.com" && path.length === 2 && path[0] === "video") {
    return `https://vimeo.com/${path[1]}`;
  }
  return address;
}

function isFilm(address) {
  if (!URL.canParse(address)) return false;
  return /(?:youtube\.com|vimeo\.com|youtu\.be|dailymotion\.com)$/.test(new URL(address).hostname);
}
