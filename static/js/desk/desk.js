// Every page of the desk: nothing that was typed is lost.

import { account, onSignInElsewhere } from "./account.js";
import { Autosave } from "./autosave.js";
import { chooseAgain, forgetFiles, forgetOldFiles, keepChosenFiles } from "./chosen-files.js";
import { sendLeftBehind } from "./left-behind.js";
import { sayWhatIsShown, showNewerText } from "./newer-text.js";
import { returnTo } from "./place.js";
import { showOthers, watchPresence } from "./presence.js";
import { SavingState, savingPlace } from "./saving-state.js";
import { keepSideWords } from "./side-words.js";
import { signInAgain } from "./sign-in-again.js";
import { guardSubmit } from "./submit.js";
import { rememberWaiting, takeSubmitted, takeWaiting } from "./tabs.js";

const place = document.querySelector("[data-working-copy]");
const form = place?.closest("form");

const sent = takeSubmitted();

if (account && form && place.dataset.account === account.pk) startForm(place.dataset);
else if (account) {
  if (sent && document.querySelector(".collision")) rememberWaiting(sent);
  else if (sent && wasSaved()) forgetFiles(sent);
  sendAll();
}
if (account) {
  window.addEventListener("online", sendAll);
  forgetOldFiles();
  keepSideWords(account.pk, wasSaved());
}

function sendAll() {
  return sendLeftBehind(account.pk);
}

async function startForm(addresses) {
  const autosave = new Autosave(form, addresses, {
    bar: new SavingState(savingPlace(form)),
    answered: showOthers,
    signIn: signInAgain,
  });
  const same = isSameForm(addresses);
  autosave.start(same ? sent : null);
  keepChosenFiles(form, autosave);
  if (same) chooseAgain(form, autosave, sent.tab);
  else if (sent && wasSaved()) forgetFiles(sent);
  if (new URLSearchParams(location.search).has("copy")) chooseAgain(form, autosave, "");
  const waiting = takeWaiting(account.pk, addresses.object);
  if (waiting) chooseAgain(form, autosave, waiting.tab, { wasSent: false });
  sayWhatIsShown(addresses);
  if (isGoneOnWith(addresses)) {
    autosave.savedAt = ""; // It is said where they are, too.
    autosave.tell();
    returnTo(sent.place);
  }
  guardSubmit(form, autosave);
  onSignInElsewhere(() => autosave.goOn());
  watchPresence(autosave);

  const offer = async () => {
    await sendLeftBehind(account.pk, addresses.object);
    await showNewerText(addresses.newer, autosave.tab);
  };
  window.addEventListener("pageshow", ({ persisted }) => persisted && offer());
  await offer();
  await sendAll();
}

// Not so on a page that asks which of two texts is meant.
function wasSaved() {
  return document.querySelector(".messagelist .success") !== null;
}

// A form that was saved and is shown again; a new one has become an object.
function isGoneOnWith({ account: owner, object }) {
  if (!sent?.place || !wasSaved() || sent.account !== owner) return false;
  // What is said besides is to be read first.
  if (document.querySelector(".messagelist li:not(.success)")) return false;
  const [model, key] = sent.object.split(":");
  return sent.object === object || (key === "new" && object.startsWith(`${model}:`));
}

// A form that was sent and comes back with errors is the same form: its working copy goes on.
function isSameForm({ account: owner, object }) {
  const hasErrors = form.querySelector(".errornote, .errorlist");
  return Boolean(sent && hasErrors && sent.account === owner && sent.object === object);
}
