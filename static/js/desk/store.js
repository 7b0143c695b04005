// What was typed and is not on the server yet, in this browser's IndexedDB.
//
// A copy is the newest state of one form: {account, object, tab, number, time, base, url, pairs,
// raw}. A chosen file lies apart, so that it is not written again with every key. Every function
// rejects if the browser refuses: in a private window, or when the disk is full.

import { beginningWith, opener, transact as inOne } from "./database.js";

const COPIES = "copies";
const FILES = "files";

const open = opener("desk", (database) => {
  const keys = ["account", "object", "tab"];
  database.createObjectStore(COPIES, { keyPath: keys });
  database.createObjectStore(FILES, { keyPath: [...keys, "name"] });
});

const transact = (stores, mode, work) => inOne(open, stores, mode, work);

const keyOf = ({ account, object, tab }) => [account, object, tab];

export function keep(copy) {
  return transact([COPIES], "readwrite", (transaction) =>
    transaction.objectStore(COPIES).put(copy),
  );
}

// Removes a copy unless it is newer than `number`.
export function drop(copy, number) {
  return transact([COPIES], "readwrite", (transaction) => {
    const copies = transaction.objectStore(COPIES);
    const reading = copies.get(keyOf(copy));
    reading.onsuccess = () => {
      if (reading.result && reading.result.number <= number) copies.delete(keyOf(copy));
    };
  });
}

export function copiesOf(account) {
  return transact([COPIES], "readonly", (transaction, hand) => {
    const reading = transaction.objectStore(COPIES).getAll(beginningWith(account));
    reading.onsuccess = () => hand(reading.result);
  });
}

// `files` is the content of one file field; an empty one removes what was kept.
export function keepFiles(copy, name, files) {
  return transact([FILES], "readwrite", (transaction) => {
    const { account, object, tab } = copy;
    const store = transaction.objectStore(FILES);
    if (files.length) store.put({ account, object, tab, name, files, time: Date.now() });
    else store.delete([account, object, tab, name]);
  });
}

export function filesOf(account, object) {
  return transact([FILES], "readonly", (transaction, hand) => {
    const reading = transaction.objectStore(FILES).getAll(beginningWith(account, object));
    reading.onsuccess = () => hand(reading.result);
  });
}

// Files that nobody came back for; a copy of words is small, and stays.
export function dropOldFiles(before) {
  return transact([FILES], "readwrite", (transaction) => {
    const reading = transaction.objectStore(FILES).openCursor();
    reading.onsuccess = () => {
      const cursor = reading.result;
      if (!cursor) return;
      if (cursor.value.time < before) cursor.delete();
      cursor.continue();
    };
  });
}

export function dropFiles({ account, object, tab }) {
  return transact([FILES], "readwrite", (transaction) =>
    transaction.objectStore(FILES).delete(beginningWith(account, object, tab)),
  );
}
