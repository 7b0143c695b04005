// A database of this browser, opened when it is needed and once for all who ask.

const OPENS_WITHIN = 5_000; // ms; some browsers never answer, in a private window for example.

// Returns a function that resolves to the database, or rejects if the browser refuses. `make` gets
// a new database, and makes its stores.
export function opener(name, make) {
  let opening = null;

  return function open() {
    opening ??= ask(name, make, () => {
      opening = null;
    });
    return opening.catch((error) => {
      opening = null;
      throw error;
    });
  };
}

function ask(name, make, closed) {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(name, 1);
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      reject(new Error("The database of this browser does not answer."));
    }, OPENS_WITHIN);
    request.onupgradeneeded = () => make(request.result);
    request.onsuccess = () => {
      const database = request.result;
      clearTimeout(timer);
      if (isLate) return database.close();
      database.onversionchange = () => {
        database.close();
        closed();
      };
      database.onclose = closed;
      resolve(database);
    };
    request.onerror = () => {
      clearTimeout(timer);
      reject(request.error);
    };
    request.onblocked = () => reject(new Error("The database of this browser is blocked."));
  });
}

// Runs one transaction; resolves when it is complete, with what `work` hands over.
export async function transact(open, stores, mode, work) {
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

// Every key that begins with these parts: an array sorts after all texts.
export const beginningWith = (...parts) => IDBKeyRange.bound(parts, [...parts, []]);
