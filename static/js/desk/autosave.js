// Keeps a form as it is typed: every change at once in this browser (store.js), and half a second
// after the last one on the server, as a working copy. Nothing here changes the object itself.

import { FormContent, onChange, serialize } from "./form-content.js";
import { bodyOf, renewToken, sendCopy } from "./requests.js";
import * as store from "./store.js";
import { claimTab, newTabId } from "./tabs.js";

const PAUSE = 500; // ms without a change
const LONGEST_PAUSE = 5_000; // ms from the first change that was not sent
const RETRIES = [1_000, 2_000, 5_000, 10_000, 30_000, 60_000]; // ms
const SAVE_WAITS = 30_000; // ms until a save says that there is no connection
const KEEPALIVE_BYTES = 60_000; // A browser sends at most 64 kB for a page that is gone.

// `wiring` is what the autosave tells and asks: bar (SavingState), answered(outcome), and
// signIn(), which resolves to whether the account is signed in again.
export class Autosave {
  constructor(form, place, wiring) {
    Object.assign(this, wiring);
    this.form = form;
    this.content = new FormContent(form);
    this.url = place.workingCopy;
    this.presence = place.presence;
    this.object = place.object;
    this.account = place.account;
    this.base = form.elements.namedItem("_base")?.value ?? "";
    this.failures = 0;
    this.keptHere = true; // Whether the browser took what was typed last.
    this.number = 0; // Of the last change in this tab.
    this.pausedFor = ""; // Why nothing is sent until somebody acts.
  }

  // `last` is the tab and number under which this form goes on, if it was sent and came back.
  start(last) {
    this.takeTab(last?.tab ?? newTabId(), last?.number ?? 0);
    this.known = null;
    this.takeAsFound();
    onChange(this.form, (editor) => this.changed(editor));
    window.addEventListener("load", () => this.takeAsFound());
    window.CKEDITOR?.on("instanceReady", () => this.takeAsFound());
    window.addEventListener("online", () => this.retry());
    document.addEventListener("visibilitychange", () => this.seenOrHidden());
    window.addEventListener("pagehide", () => this.leave());
    window.addEventListener("pageshow", ({ persisted }) => persisted && this.comeBack());
    window.addEventListener("beforeunload", (event) => {
      if (!this.keptHere && this.isDirty) event.preventDefault();
    });
  }

  takeTab(tab, number) {
    this.releaseTab?.();
    this.releaseTab = claimTab(tab);
    this.tab = tab;
    this.number = number;
    this.sentByForm = false;
    const input = this.form.elements.namedItem("_tab");
    if (input) input.value = tab;
  }

  // Takes the form as it was loaded; scripts and CKEditor may still be filling it in.
  takeAsFound() {
    if (this.isDirty || this.inFlight || this.wasSent) return;
    this.take(this.content.read());
    this.known = this.latest;
  }

  take({ pairs, raw }) {
    this.read = { pairs, raw };
    this.latest = serialize(pairs);
  }

  copy() {
    const { account, object, tab, number, base, url } = this;
    return { account, object, tab, number, base, url, time: Date.now(), ...this.read };
  }

  // What was typed

  changed(editor) {
    if (editor) this.content.stale.add(editor);
    const before = this.latest;
    this.take(this.content.glance());
    if (this.latest === before) return;
    // The form is on its way to the server without this change, so it belongs to a new copy.
    if (this.sentByForm) this.takeTab(newTabId(), 0);
    this.number += 1;
    this.isDirty = true;
    this.keepHere();
    if (this.pausedFor !== "signed-out") this.pausedFor = "";
    this.schedule();
  }

  // One write at a time: while it lasts, only the newest state waits for the next.
  keepHere() {
    if (this.keeping) {
      this.keepAgain = true;
      return;
    }
    this.keepAgain = false;
    this.keeping = store
      .keep(this.copy())
      .then(
        () => {
          this.keptHere = true;
        },
        () => {
          this.keptHere = false;
          this.tell();
        },
      )
      .then(() => {
        this.keeping = null;
        if (this.keepAgain) return this.keepHere();
        // It may have reached the server meanwhile.
        if (!this.isDirty) return this.forgetHere(this.copy());
      });
  }

  forgetHere(copy) {
    return store.drop(copy, copy.number).catch(() => {});
  }

  // Reads the texts in full, as they are sent. Returns whether the server lacks anything.
  settle() {
    if (!this.isDirty) return false;
    const before = this.latest;
    this.take(this.content.read());
    if (this.latest === this.known) {
      this.isDirty = false;
      this.forgetHere(this.copy());
      return false;
    }
    if (this.latest !== before) {
      this.number += 1;
      this.keepHere();
    }
    return true;
  }

  // Sending

  schedule() {
    const now = performance.now();
    this.unsentSince ??= now;
    this.wait(Math.min(PAUSE, this.unsentSince + LONGEST_PAUSE - now));
  }

  wait(ms) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.run(), Math.max(0, ms));
  }

  run() {
    // The one in flight looks again when it ends.
    if (this.inFlight || this.pausedFor || this.submitting) return;
    if (this.settle()) this.send();
    else this.tell();
  }

  // Sends the form once. Resolves to the outcome.
  send({ keepalive = false } = {}) {
    clearTimeout(this.timer);
    this.unsentSince = null;
    this.wasSent = true;
    const copy = this.copy();
    const content = this.latest;
    const ending = new AbortController();
    this.bar.saving();
    const flight = { ending };
    flight.ended = sendCopy(copy, { keepalive, signal: ending.signal }).then((outcome) => {
      // Unless another one has replaced it.
      if (this.inFlight === flight) {
        this.inFlight = null;
        this.hear(outcome, copy, content);
      }
      return outcome;
    });
    this.inFlight = flight;
    return flight.ended;
  }

  hear(outcome, copy, content) {
    this.failures = outcome.state === "failed" ? this.failures + 1 : 0;
    this.trouble = outcome.trouble;
    // After a failure nobody knows whether the server has it.
    this.known = outcome.state === "kept" ? content : null;
    switch (outcome.state) {
      case "kept":
        this.savedAt = outcome.at;
        this.forgetHere(copy);
        this.answered(outcome);
        if (copy.tab === this.tab && copy.number === this.number) this.isDirty = false;
        break;
      case "settled":
        // The form was saved meanwhile. What stands here now may be newer.
        this.forgetHere(copy);
        if (copy.tab === this.tab) this.takeTab(newTabId(), 1);
        this.keepHere();
        break;
      case "failed":
        break;
      default:
        this.pausedFor = outcome.state;
        this.error = outcome.error;
    }
    this.tell();
    if (this.submitting) return;
    if (outcome.state === "signed-out") this.askToSignIn();
    else if (outcome.state === "failed") this.wait(pauseAfter(this.failures));
    else if (this.isDirty && !this.pausedFor) this.schedule();
  }

  // Says how it stands.
  tell() {
    if (!this.isDirty) {
      if (this.savedAt !== undefined) this.bar.saved(this.savedAt);
      else this.bar.nothing();
    } else if (this.pausedFor || this.failures) {
      this.bar.notSaved(this.reason(), this.keptHere);
    }
  }

  reason() {
    switch (this.pausedFor) {
      case "":
        return this.trouble ? "the desk is in trouble" : "no connection";
      case "signed-out":
        return "you are signed out";
      case "gone":
        return "it was deleted meanwhile";
      case "too-large":
        return "it is too long";
      default:
        return asClause(this.error) || "the desk does not take it";
    }
  }

  async askToSignIn() {
    if (await this.signIn()) this.goOn();
  }

  // Somebody has signed in again.
  goOn() {
    this.pausedFor = "";
    this.retry();
  }

  retry() {
    if (this.isDirty) this.wait(0);
  }

  // Saving

  // Brings the newest state to the server, or asks whether it answers if it has it. Resolves to
  // the outcome.
  async flush() {
    this.pausedFor = "";
    clearTimeout(this.timer);
    const ending = new AbortController();
    ending.signal.addEventListener("abort", () => this.inFlight?.ending.abort());
    const timer = setTimeout(() => ending.abort(), SAVE_WAITS);
    try {
      await this.inFlight?.ended;
      if (this.settle()) return await this.send();
      this.bar.saving();
      // The token that comes with the answer is that of the next form.
      return await renewToken({ signal: ending.signal });
    } finally {
      clearTimeout(timer);
    }
  }

  // A save did not go through: the page stays, and the bar says so.
  stay(outcome) {
    this.trouble = outcome.trouble;
    if (outcome.state === "failed") this.failures ||= 1;
    else this.pausedFor = outcome.state;
    this.error = outcome.error;
    // What the server has already may be changed there before the next save.
    if (this.wasSent) {
      this.isDirty = true;
      this.keepHere();
    }
    this.bar.notSaved(this.reason(), this.keptHere);
    if (outcome.state === "failed") this.wait(pauseAfter(this.failures));
  }

  // Finds what a script has changed without an event.
  look() {
    const hasActed = navigator.userActivation?.hasBeenActive ?? true;
    if (hasActed && !this.isDirty && !this.inFlight && !this.submitting) this.changed(null);
  }

  // Coming and going

  seenOrHidden() {
    if (document.visibilityState === "visible") this.retry();
    else if (!this.inFlight) this.sendAtOnce();
  }

  sendAtOnce() {
    if (this.pausedFor || this.submitting || this.sentByForm || !this.settle()) return;
    const fits = bodyOf(this.copy()).toString().length <= KEEPALIVE_BYTES;
    this.send({ keepalive: fits });
  }

  leave() {
    if (!this.submitting && !this.sentByForm && this.isDirty) {
      // A request of a page that is gone is cut off, so the newest state replaces it.
      this.inFlight?.ending.abort();
      this.sendAtOnce();
    }
    this.releaseTab();
  }

  // The browser shows the page again as it was left.
  comeBack() {
    const unsent = this.isDirty ? this.copy() : null;
    this.takeTab(newTabId(), unsent ? 1 : 0);
    this.pausedFor = "";
    if (!unsent) return;
    this.keepHere();
    this.forgetHere(unsent);
    this.retry();
  }
}

function pauseAfter(failures) {
  return RETRIES[Math.min(failures, RETRIES.length) - 1];
}

// A sentence as it stands after a colon.
function asClause(sentence) {
  const words = (sentence ?? "").replace(/\.$/, "");
  return words.charAt(0).toLowerCase() + words.slice(1);
}
