"use strict";
/* What was taken along lies on the device under a code: AES-GCM, with a key that is made of the code and kept nowhere.
   Readable without the code are a salt, the day, the numbers of the visits, and how many reports wait. */
const Vault = (() => {
  const NAME = "rni-bezoeken";
  const STORE = "kluis";
  const ROUNDS = 600000;
  const WAITING = /^(verslag|concept)-/;
  const text = new TextEncoder();
  let key = null;

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

  async function locked(id, value) {
    const iv = crypto.getRandomValues(new Uint8Array(12));
    const how = { name: "AES-GCM", iv, additionalData: text.encode(id) };
    const data = await crypto.subtle.encrypt(how, key, text.encode(JSON.stringify(value)));
    return { id, iv, data };
  }

  async function unlocked(row, by) {
    const how = { name: "AES-GCM", iv: row.iv, additionalData: text.encode(row.id) };
    return JSON.parse(new TextDecoder().decode(await crypto.subtle.decrypt(how, by, row.data)));
  }

  /* The day that was taken along, and how it is locked; undefined when nothing is here. */
  function about() {
    return transact("readonly", (store) => store.get("over"));
  }

  async function create(code, dag) {
    const salt = crypto.getRandomValues(new Uint8Array(16));
    key = await keyOf(code, salt, ROUNDS);
    await transact("readwrite", (store) => void store.clear());
    const proof = await locked("proef", "open");
    await transact("readwrite", (store) => {
      store.put({ id: "over", salt, rounds: ROUNDS, dag });
      store.put(proof);
    });
  }

  /* Whether the code is the right one. */
  async function unlock(code) {
    const over = await about();
    const proof = await transact("readonly", (store) => store.get("proef"));
    const made = await keyOf(code, over.salt, over.rounds);
    try {
      await unlocked(proof, made);
    } catch {
      return false;
    }
    key = made;
    return true;
  }

  function lock() {
    key = null;
  }

  async function put(id, value) {
    const row = await locked(id, value);
    await transact("readwrite", (store) => void store.put(row));
  }

  /* Takes the place of another at once: of the two there is never none, and never both. */
  async function replace(gone, id, value) {
    const row = await locked(id, value);
    await transact("readwrite", (store) => {
      store.put(row);
      store.delete(gone);
    });
  }

  async function get(id) {
    const row = await transact("readonly", (store) => store.get(id));
    return row === undefined ? undefined : unlocked(row, key);
  }

  function remove(id) {
    return transact("readwrite", (store) => void store.delete(id));
  }

  async function ids(prefix) {
    const all = await transact("readonly", (store) => store.getAllKeys());
    return all.filter((id) => id.startsWith(prefix));
  }

  async function waiting() {
    return possible() ? (await ids("")).filter((id) => WAITING.test(id)).length : 0;
  }

  async function wipe() {
    key = null;
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
    if (over === undefined || over.dag >= today() || (await waiting())) {
      return false;
    }
    await wipe();
    return true;
  }

  return { possible, about, create, unlock, lock, put, replace, get, remove, ids, waiting, wipe, tidy };
})();
