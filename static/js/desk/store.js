// What was typed and is not on the server yet, in this browser's IndexedDB.
//
// A copy is the newest state of one form: {account, object, tab, number, time, base, url, pairs,
// raw}. A chosen file lies apart, so that it is not written again with every key. Every function
// rejects if the browser refuses: in a private window, or when the disk is full.

const COPIES = "copies";
const FILES = "files";

const OPENS_WITHIN = 5_000; // ms; some browsers never answer, in a private window for example.

let opening = null;

function open() {
  opening ??= new Promise((resolve, reject) => {
    const request = indexedDB.open("desk", 1);
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      reject(new Error("The database of this browser does not answer."));
    }, OPENS_WITHIN);
    request.onupgradeneeded = () => {
      const keys = ["account", "object", "tab"];
      request.result.createObjectStore(COPIES, { keyPath: keys });
      request.result.createObjectStore(FILES, { keyPath: [...keys, "name"] });
    };
    request.onsuccess = () => {
      const database = request.result;
      clearTimeout(timer);
      if (isLate) return database.close();
      database.onversionchange = () => database.close();
      database.onclose = () => {
        opening = null;
      };
      resolve(database);
    };
    request.onerror = () => {
      clearTimeout(timer);
      reject(request.error);
    };
    request.onblocked = () => reject(new Error("The database of this browser is blocked."));
  });
  return opening.catch((error) => {
    opening = null;
    throw error;
  });
}

// Runs one transaction; resolves when it is complete, with what `work` hands over.
async function transact(stores, mode, work) {
  const database = await open();
  return new Promise((resolve, reject) => {
    let result;
    // Strict: the words are on the disk, not only in a cache of the system, when it is complete.
    const transaction = database.transaction(stores, mode, { durability: "strict" });
    transaction.oncomplete = () => resolve(result);
    transaction.onabort = () => reject(transaction.error ?? new Error("Not stored."));
    work(transaction, (value) => {
      result = value;
    });
  });
}

const keyOf = ({ account, object, tab }) => [account, object, tab];
// Every key that begins with these parts: an array sorts after all texts.
const beginningWith = (...parts) => IDBKeyRange.bound(parts, [...parts, []]);

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
