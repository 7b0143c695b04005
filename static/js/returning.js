// What readers who return find (reader.js) is fetched when a page is read, and not before it: at
// once if this device remembers something, or else with the first move.

let asked = false;
const get = () => {
  if (!asked) asked = import("./reader.js").catch(() => {});
};

try {
  if (localStorage.getItem("reader")) get();
  for (const move of ["scroll", "pointerdown", "keydown"]) {
    addEventListener(move, get, { once: true, passive: true });
  }
} catch {
  // Storage is disabled.
}
