// Things of a list that are put in another order: by drag, by the keyboard (Space lifts, arrows move,
// Enter puts down, Esc takes back, spoken each time), or by a menu without either.

import { say } from "../parts/voice.js";

// `items()` are the elements in their order, `nameOf(item)` what one is called, `moved()` is called
// once for each change. An item has a button [data-lift] and buttons [data-move=up|down|first|last].
export function sortable(list, { items, nameOf, moved }) {
  let lifted = null;
  let before = [];
  let isMoving = false;

  const placeOf = (item) => `place ${items().indexOf(item) + 1} of ${items().length}`;

  function put(item, place) {
    const others = items().filter((each) => each !== item);
    const next = others[place];
    // To move an element takes the focus from it.
    const focused = document.activeElement;
    isMoving = true;
    if (next) next.before(item);
    else others.at(-1)?.after(item);
    if (item.contains(focused)) focused.focus();
    isMoving = false;
  }

  function lift(item) {
    lifted = item;
    before = items();
    item.classList.add("is-lifted");
    item.querySelector("[data-lift]").setAttribute("aria-pressed", "true");
    list.dispatchEvent(new CustomEvent("desk:lift", { detail: true }));
  }

  function end() {
    const item = lifted;
    lifted = null;
    item.classList.remove("is-lifted");
    item.querySelector("[data-lift]").setAttribute("aria-pressed", "false");
    list.dispatchEvent(new CustomEvent("desk:lift", { detail: false }));
    return item;
  }

  function putDown() {
    const item = end();
    const changed = items().some((each, place) => each !== before[place]);
    if (changed) moved();
    return item;
  }

  function takeBack() {
    const item = end();
    before.forEach((each, place) => put(each, place));
    item.querySelector("[data-lift]").focus();
    return item;
  }

  list.addEventListener("keydown", (event) => {
    const handle = event.target.closest("[data-lift]");
    if (!handle) return;
    const item = items().find((each) => each.contains(handle));
    const { key } = event;
    if (lifted !== item) {
      if (key !== " " && key !== "Enter") return;
      event.preventDefault();
      lift(item);
      say(
        `${nameOf(item)}, picked up, ${placeOf(item)}. Arrow keys move it, Enter puts it down, ` +
          "Escape takes it back.",
      );
      return;
    }
    const last = items().length - 1;
    const at = items().indexOf(item);
    const goal = { ArrowUp: at - 1, ArrowDown: at + 1, Home: 0, End: last }[key];
    if (goal !== undefined) {
      event.preventDefault();
      put(item, Math.max(0, Math.min(last, goal)));
      say(placeOf(item));
    } else if (key === " " || key === "Enter") {
      event.preventDefault();
      say(`${nameOf(putDown())}, put down, ${placeOf(item)}.`);
    } else if (key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      say(`${nameOf(takeBack())}, taken back, ${placeOf(item)}.`);
    }
  });
  // A click of the keyboard is the keys above; one of a pointer is a drag of no length.
  list.addEventListener("keyup", (event) => {
    if (event.key === " " && event.target.closest("[data-lift]")) event.preventDefault();
  });
  list.addEventListener("focusout", (event) => {
    if (!lifted || isMoving || lifted.querySelector("[data-lift]") !== event.target) return;
    if (lifted.classList.contains("is-dragged")) return;
    say(`${nameOf(putDown())}, put down.`);
  });

  list.addEventListener("click", (event) => {
    const button = event.target.closest("[data-move]");
    const item = button && items().find((each) => each.contains(button));
    if (!item) return;
    const last = items().length - 1;
    const at = items().indexOf(item);
    const goal = { up: at - 1, down: at + 1, first: 0, last }[button.dataset.move];
    if (goal < 0 || goal > last || goal === at) return say(`It is at ${placeOf(item)} already.`);
    put(item, goal);
    moved();
    say(`${nameOf(item)}, ${placeOf(item)}.`);
  });

  list.addEventListener("pointerdown", (event) => {
    const handle = event.target.closest("[data-lift]");
    if (!handle || event.button !== 0) return;
    const item = items().find((each) => each.contains(handle));
    if (lifted) putDown();
    let isDragged = false;
    const { clientY: startY } = event;

    function move({ clientY }) {
      if (!isDragged && Math.abs(clientY - startY) < 4) return;
      if (!isDragged) {
        isDragged = true;
        lift(item);
        item.classList.add("is-dragged");
      }
      const others = items().filter((each) => each !== item);
      const place = others.filter((each) => {
        const box = each.getBoundingClientRect();
        return box.top + box.height / 2 < clientY;
      }).length;
      if (items().indexOf(item) !== place) put(item, place);
    }

    function finish({ type }) {
      for (const [name, listener] of listeners) document.removeEventListener(name, listener);
      document.removeEventListener("keydown", escape, true);
      item.classList.remove("is-dragged");
      if (!isDragged || !lifted) return;
      if (type === "pointerup") say(`${nameOf(putDown())}, ${placeOf(item)}.`);
      else say(`${nameOf(takeBack())}, taken back.`);
    }

    function escape(key) {
      if (key.key !== "Escape") return;
      key.preventDefault();
      key.stopPropagation();
      finish({ type: "escape" });
    }

    const listeners = Object.entries({
      pointermove: move,
      pointerup: finish,
      pointercancel: finish,
    });
    // On the document: to move an element ends its hold on the pointer.
    for (const [name, listener] of listeners) document.addEventListener(name, listener);
    document.addEventListener("keydown", escape, true);
  });
}
