// The address that the desk makes of a title while it is typed: parted as alarmroom/slugs.py parts
// it, for a form that was filled in is stored as it is. Django's own script does the rest.

const SPELLED_OUT = {
  æ: "ae", œ: "oe", ß: "ss", þ: "th", ð: "d", ŋ: "n", ı: "i", ȷ: "j", ĸ: "k",
  // A browser does not know that ø is an o with a stroke.
  đ: "d", ħ: "h", ł: "l", ø: "o", ŧ: "t", ƀ: "b", ɓ: "b", ɖ: "d", ɗ: "d", ƒ: "f", ǥ: "g", ɠ: "g",
  ɨ: "i", ƙ: "k", ƚ: "l", ɲ: "n", ɵ: "o", ƥ: "p", ɍ: "r", ƭ: "t", ʉ: "u", ʋ: "v", ƴ: "y", ɏ: "y",
  ƶ: "z", ȥ: "z",
};
const IGNORED = /[\u00ad\u034f\u061c\u180e\u200b-\u200f\u2060\ufeff]/g;
const FRACTION = /[\u00bc-\u00be\u2150-\u215f\u2189]/g;
const ACCENTS = /[\u0300-\u036f]/g;
const PARTING =
  /[\u2010-\u2015\u2212\u2043/\\\u2044\u2215\u2022\u00b7\u00d7|:;=~]|(?<=[0-9])\.(?=[0-9])|\.{2,}/g;

const urlify = window.URLify;

window.URLify = (text, ...how) => {
  const plain = text
    .toLowerCase()
    .replace(IGNORED, "")
    .replace(FRACTION, " $& ")
    .normalize("NFKD")
    .replace(ACCENTS, "")
    .replace(/[^\0-\x7f]/g, (letter) => SPELLED_OUT[letter] ?? letter)
    .replace(PARTING, " ");
  return urlify(plain, ...how);
};
