// Brings to the server what an earlier tab of this account could not: the tab was closed, the
// browser or the computer went down, or there was no connection. Nothing stays on one computer.

import { pairsToSend } from "./raw-text.js";
import { sendCopy } from "./requests.js";
import * as store from "./store.js";
import { ifAbandoned } from "./tabs.js";

const TRIED_EVERY = 3_600_000; // ms, for a copy that the server does not take

// With `object`, only the copies of that one, and those too that were refused lately.
export async function sendLeftBehind(account, object = null) {
  let copies = [];
  try {
    copies = await store.copiesOf(account);
  } catch {
    return; // This browser keeps nothing.
  }
  for (const copy of copies) {
    if (object && copy.object !== object) continue;
    // A clock that was ahead, and was put right, does not make it wait.
    if (!object && Math.abs(Date.now() - (copy.triedAt ?? 0)) < TRIED_EVERY) continue;
    const outcome = await ifAbandoned(copy.tab, () => sendOne(copy));
    if (outcome?.state === "signed-out") return;
    // A text over which the server itself fails does not hold up the others.
    if (outcome?.state === "failed" && !outcome.trouble) return;
  }
}

async function sendOne(copy) {
  const outcome = await sendCopy({ ...copy, pairs: pairsToSend(copy) });
  try {
    if (["kept", "settled"].includes(outcome.state)) await store.drop(copy, copy.number);
    else if (!["failed", "signed-out"].includes(outcome.state)) {
      // It stays: the object may come back out of the bin, or the account may get its rights.
      await store.keep({ ...copy, triedAt: Date.now() });
    }
  } catch {
    // The next page of the desk tries again, which changes nothing on the server.
  }
  return outcome;
}
