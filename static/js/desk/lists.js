// A list: choosing rows, and the bar with what can be done with them.
//
// X chooses the row in which the focus is, or over which the mouse is; Shift and X, or Shift and a
// click, choose everything up to it. Without this script the boxes and the buttons of the bar work.

const boxes = [...document.querySelectorAll("#result_list .choose")];
const bar = document.querySelector("[data-bulk]");

if (bar && boxes.length) start(bar);
closeMenus();

function start(bar) {
  const form = bar.closest("form");
  const every = document.getElementById("choose-all");
  const across = form.elements.select_across;
  const all = bar.querySelector("[data-bulk-all]");
  const none = bar.querySelector("[data-bulk-none]");
  const count = bar.querySelector("[data-bulk-count]");
  const voice = bar.querySelector("[data-bulk-voice]");
  const total = Number(bar.dataset.total);
  let last = null;
  let said = "";

  bar.classList.add("bulk--live");
  none.hidden = false;
  if (every) {
    every.hidden = false;
    every.addEventListener("change", () => choose(boxes, every.checked));
  }
  all?.addEventListener("click", () => {
    across.value = "1";
    show();
    none.focus();
  });
  none.addEventListener("click", () => {
    choose(boxes, false);
    boxes[0].focus();
  });
  for (const box of boxes) {
    box.addEventListener("click", ({ shiftKey }) => {
      choose(shiftKey && last && last !== box ? between(last, box) : [box], box.checked);
      last = box;
    });
  }
  document.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() !== "x" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (isTyping(event.target) || document.body.dataset.singleKeys === "off") return;
    const box = pointedAt();
    if (!box) return;
    event.preventDefault();
    if (event.shiftKey && last && last !== box) choose(between(last, box), true);
    else choose([box], !box.checked);
    last = box;
  });
  // Back from another page, the browser has ticked what was ticked.
  window.addEventListener("pageshow", show);
  show();

  function choose(some, checked) {
    // What is chosen across all pages is chosen no more when one is taken out.
    across.value = "0";
    for (const box of some) box.checked = checked;
    show();
  }

  function between(one, other) {
    const places = [boxes.indexOf(one), boxes.indexOf(other)].sort((a, b) => a - b);
    return boxes.slice(places[0], places[1] + 1);
  }

  function show() {
    const chosen = boxes.filter((box) => box.checked);
    const isAll = across.value === "1";
    for (const box of boxes) box.closest("tr").classList.toggle("is-chosen", box.checked);
    if (every) {
      every.checked = chosen.length === boxes.length;
      every.indeterminate = chosen.length > 0 && !every.checked;
    }
    bar.hidden = !chosen.length;
    const words = isAll ? `All ${total} chosen` : `${chosen.length} chosen`;
    count.textContent = words;
    if (all) all.hidden = isAll || chosen.length < boxes.length;
    if (chosen.length || said) {
      said = chosen.length ? words : "None chosen";
      voice.textContent = said;
    }
  }
}

function pointedAt() {
  const row =
    document.activeElement?.closest("#result_list tbody tr") ??
    document.querySelector("#result_list tbody tr:hover");
  return row?.querySelector(".choose") ?? null;
}

function isTyping(element) {
  if (element.isContentEditable || element.closest("select, textarea")) return true;
  return element.matches("input:not([type=checkbox], [type=radio], [type=submit], [type=button])");
}

// A click elsewhere, or Esc, closes the menu of a filter.
function closeMenus() {
  const menus = [...document.querySelectorAll("details.pick")];
  if (!menus.length) return;
  document.addEventListener("click", ({ target }) => {
    for (const menu of menus) if (!menu.contains(target)) menu.open = false;
  });
  for (const menu of menus) {
    menu.addEventListener("keydown", ({ key }) => {
      if (key !== "Escape" || !menu.open) return;
      menu.open = false;
      menu.querySelector("summary").focus();
    });
  }
}
