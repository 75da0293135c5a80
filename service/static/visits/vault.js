"use strict";
/* What was taken along lies on the device under a code: AES-GCM, with a key that is made of the code and kept nowhere.
   Readable without the code are a salt, the day, the numbers of the visits, and how many reports wait. */
const Vault = (() => {
  const NAME = "rni-bezoeken";
  const STORE = "kluis";
  const ROUNDS = 600000;
  const WAITING = /^(verslag|concept)-/;
  const WAITS = "Op dit toestel wachten nog verslagen. Verstuur die eerst; daarna kunt u een dag meenemen.";
  const OTHER = "Wat u meenam, is intussen van dit toestel gewist of vervangen.";
  const LOCKED = "Wat u meenam, is vergrendeld.";
  const text = new TextEncoder();
  let key = null;
  let salted = null;

  /* An error whose message is for the reader. */
  class Sentence extends Error {}

  function possible() {
    return Boolean(window.isSecureContext && window.crypto?.subtle && window.indexedDB);
  }

  function answered(request) {
    return new Promise((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
  }

  function opened() {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "id" });
    return answered(request);
  }

  /* Does the work in one transaction, and is done when it is on the disk. */
  async function transact(mode, work) {
    const database = await opened();
    try {
      const transaction = database.transaction(STORE, mode, { durability: "strict" });
      const done = new Promise((resolve, reject) => {
        transaction.oncomplete = resolve;
        transaction.onabort = () => reject(transaction.error);
        transaction.onerror = () => reject(transaction.error);
      });
      const result = work(transaction.objectStore(STORE));
      const value = result ? await answered(result) : undefined;
      await done;
      return value;
    } finally {
      database.close();
    }
  }

  async function keyOf(code, salt, rounds) {
    const typed = await crypto.subtle.importKey("raw", text.encode(code), "PBKDF2", false, ["deriveKey"]);
    const how = { name: "PBKDF2", hash: "SHA-256", salt, iterations: rounds };
    return crypto.subtle.deriveKey(how, typed, { name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
  }

  async function locked(id, value, by) {
    if (by === null) {
      throw new Sentence(LOCKED);
    }
    const iv = crypto.getRandomValues(new Uint8Array(12));
    const how = { name: "AES-GCM", iv, additionalData: text.encode(id) };
    const data = await crypto.subtle.encrypt(how, by, text.encode(JSON.stringify(value)));
    return { id, iv, data };
  }

  async function unlocked(row, by) {
    if (by === null) {
      throw new Sentence(LOCKED);
    }
    const how = { name: "AES-GCM", iv: row.iv, additionalData: text.encode(row.id) };
    return JSON.parse(new TextDecoder().decode(await crypto.subtle.decrypt(how, by, row.data)));
  }

  /* The day that was taken along, and how it is locked; undefined when nothing is here. */
  function about() {
    return transact("readonly", (store) => store.get("over"));
  }

  function same(one, other) {
    return one?.length === other?.length && one.every((byte, at) => byte === other[at]);
  }

  /* Clears what is here, for these rows, unless something waits: then all of it stays. Says whether it was cleared. */
  async function clear(rows = []) {
    let free = false;
    await transact("readwrite", (store) => {
      const here = store.getAllKeys();
      here.onsuccess = () => {
        free = !here.result.some((id) => WAITING.test(id));
        if (free) {
          store.clear();
          rows.forEach((row) => store.put(row));
        }
      };
    });
    return free;
  }

  /* A new day in the place of the one that was here; at once, so that a failure leaves the old one. */
  async function create(code, dag) {
    const salt = crypto.getRandomValues(new Uint8Array(16));
    const made = await keyOf(code, salt, ROUNDS);
    const proof = await locked("proef", "open", made);
    if (!(await clear([{ id: "over", salt, rounds: ROUNDS, dag }, proof]))) {
      throw new Sentence(WAITS);
    }
    [key, salted] = [made, salt];
  }

  /* Whether the code is the right one. */
  async function unlock(code) {
    const over = await about();
    if (over === undefined) {
      throw new Sentence(OTHER);
    }
    const proof = await transact("readonly", (store) => store.get("proef"));
    const made = await keyOf(code, over.salt, over.rounds);
    try {
      await unlocked(proof, made);
    } catch {
      return false;
    }
    [key, salted] = [made, over.salt];
    return true;
  }

  function lock() {
    key = salted = null;
  }

  /* Writes only into the day that the key in memory is of: another tab may have put another in its place. */
  async function write(work) {
    let ours = false;
    await transact("readwrite", (store) => {
      const over = store.get("over");
      over.onsuccess = () => {
        ours = salted !== null && same(over.result?.salt, salted);
        if (ours) {
          work(store);
        }
      };
    });
    if (!ours) {
      throw new Sentence(salted === null ? LOCKED : OTHER);
    }
  }

  async function put(id, value) {
    const row = await locked(id, value, key);
    await write((store) => store.put(row));
  }

  /* Takes the place of another at once: of the two there is never none, and never both. With a mark, only of what was
     read under that mark: what was written since then stays. Says whether the other went. */
  async function replace(gone, id, value, mark) {
    const row = await locked(id, value, key);
    let went = true;
    await write((store) => {
      const there = store.get(gone);
      there.onsuccess = () => {
        went = mark === undefined || same(there.result?.iv, mark);
        if (went) {
          store.delete(gone);
          store.put(row);
        }
      };
    });
    return went;
  }

  /* The value, with a mark that is another each time it is written. */
  async function read(id) {
    const row = await transact("readonly", (store) => store.get(id));
    if (row === undefined) {
      return undefined;
    }
    try {
      return { value: await unlocked(row, key), mark: row.iv };
    } catch (error) {
      throw error?.name === "OperationError" ? new Sentence(OTHER) : error;
    }
  }

  async function get(id) {
    return (await read(id))?.value;
  }

  function remove(id) {
    return write((store) => store.delete(id));
  }

  /* Takes back what was begun with the key in memory. */
  function undo() {
    return write((store) => store.clear()).finally(lock);
  }

  async function ids(prefix) {
    const all = await transact("readonly", (store) => store.getAllKeys());
    return all.filter((id) => id.startsWith(prefix));
  }

  async function waiting() {
    return possible() ? (await ids("")).filter((id) => WAITING.test(id)).length : 0;
  }

  async function wipe() {
    lock();
    await transact("readwrite", (store) => void store.clear());
  }

  /* Today as the device has it, written as the day that was taken along. */
  function today() {
    const now = new Date();
    return [now.getFullYear(), now.getMonth() + 1, now.getDate()].map((part) => String(part).padStart(2, "0")).join("-");
  }

  /* After its day what was taken along goes, unless something still waits. Says whether it went. */
  async function tidy() {
    const over = possible() ? await about() : undefined;
    if (over === undefined || over.dag >= today()) {
      return false;
    }
    return clear();
  }

  const reading = { possible, about, read, get, ids, waiting };
  const writing = { create, undo, put, replace, remove, clear, wipe, tidy };
  return { ...reading, ...writing, unlock, lock, Sentence, WAITS, OTHER };
})();
