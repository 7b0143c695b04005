// What a text has lost, in words: one line, and a sentence for each kind.

const NAMES_SHOWN = 5;
const KINDS_SHOWN = 4;

// Kind -> what the line calls one and several. Those of `IS_NOW` are not gone, but something else.
const CALLED = {
  picture: ["1 picture", "{n} pictures"],
  lost: ["1 embedded thing", "{n} embedded things"],
  comment: ["1 comment", "{n} comments"],
  deletion: ["1 deleted passage", "{n} deleted passages"],
  drawing: ["1 drawing", "{n} drawings"],
  formula: ["1 formula", "{n} formulas"],
  control: ["1 form field", "{n} form fields"],
  script: ["1 script", "{n} scripts"],
  colour: ["1 colour", "{n} colours"],
  underline: ["1 underline", "{n} underlines"],
  alignment: ["the alignment of 1 paragraph", "the alignment of {n} paragraphs"],
  widths: ["the widths of a table", "the widths of {n} tables"],
  size: ["", "{n} text sizes"],
  font: ["", "{n} fonts"],
};
const IS_NOW = {
  film: ["1 film is a link now", "{n} films are links now"],
  sound: ["1 recording is a link now", "{n} recordings are links now"],
  embed: ["1 embedded page is a link now", "{n} embedded pages are links now"],
  link: ["1 link is plain text now", "{n} links are plain text now"],
};
// As posts/text/losses.py says the others, which a save can lose too: one, several, advice.
const SENTENCES = {
  colour: ["1 colour was left out", "{n} colours were left out", "The site has its own."],
  underline: [
    "1 underline was left out",
    "{n} underlines were left out",
    "Readers take what is underlined for a link.",
  ],
  alignment: ["The alignment of 1 paragraph was left out", "The alignment of {n} paragraphs was left out", ""],
  widths: [
    "The widths of a table were left out",
    "The widths of {n} tables were left out",
    "A table is as wide as its words need, on a phone too.",
  ],
  size: ["", "{n} text sizes were left out", "Headings have theirs: see Paragraph in the toolbar."],
  font: ["", "{n} fonts were left out", "The site has its own."],
};

function counted([one, several], count) {
  return count === 1 ? one : several.replace("{n}", count);
}

function countsOf(losses, table) {
  const kinds = Object.entries(table).map(([kind, words]) => [
    words,
    losses.filter((loss) => loss.kind === kind).length,
  ]);
  return kinds.filter(([, count]) => count).map(([words, count]) => counted(words, count));
}

function listed(parts) {
  return parts.length > 1 ? `${parts.slice(0, -1).join(", ")} and ${parts.at(-1)}` : parts.join("");
}

// Such as "Pasted without 3 colours and 1 comment. 1 film is a link now."
export function lineOf(losses, isPasted) {
  const gone = countsOf(losses, CALLED);
  const shown = gone.length > KINDS_SHOWN ? [...gone.slice(0, KINDS_SHOWN - 1), "more"] : gone;
  const first = isPasted ? `Pasted without ${listed(shown)}` : `Left out of the text: ${listed(shown)}`;
  const changed = listed(countsOf(losses, IS_NOW));
  return [gone.length ? first : "", changed].filter(Boolean).map((part) => `${part}.`).join(" ");
}

// For each kind {kind, words, losses}. `table` holds the sentences of posts/text/losses.py.
export function sentencesOf(table, losses) {
  const said = [];
  for (const [kind, [one, several, advice]] of Object.entries({ ...table, ...SENTENCES })) {
    const mine = losses.filter((loss) => loss.kind === kind);
    if (!mine.length) continue;
    // Those whose places are known are named below.
    const unplaced = mine.filter(({ place }) => !place);
    const named = [...new Set(unplaced.map(({ name }) => name).filter(Boolean))];
    const shown = named.slice(0, NAMES_SHOWN).map((name) => `“${name}”`);
    if (named.length > NAMES_SHOWN) shown.push("…");
    const what = counted([one, several], mine.length);
    const words = `${what}${shown.length ? `: ${shown.join(", ")}` : ""}. ${advice}`.trim();
    said.push({ kind, words, losses: mine });
  }
  return said;
}
