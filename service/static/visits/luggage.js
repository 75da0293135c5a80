"use strict";
/* Taking a day along: the list and the forms go locked onto this device, and the page that opens them without a
   connection is kept by the browser. Either all of it is here, or nothing, and then the page says so. */
(() => {
  const section = document.getElementById("meenemen");
  if (!section) {
    return;
  }
  const told = section.querySelector("[data-melding]");
  const form = section.querySelector("form");
  const there = section.querySelector("[data-staat-klaar]");

  const { Sentence } = Vault;
  const SHORTEST = 10;
  const DIGITS = /^[\d\s./-]*$/;

  function say(sentence, kind) {
    told.textContent = sentence;
    told.className = `melding ${kind}`;
    told.hidden = false;
  }

  async function shell() {
    const registration = await navigator.serviceWorker.register("/bezoeken/dienst.js", { scope: "/bezoeken" });
    const worker = registration.active ?? registration.waiting ?? registration.installing;
    await new Promise((resolve) => {
      const settled = () => ["activated", "redundant"].includes(worker.state) && resolve();
      worker.addEventListener("statechange", settled);
      settled();
    });
    if (!(await caches.match("/bezoeken/onderweg"))) {
      throw new Sentence("De browser kon de pagina voor onderweg niet bewaren. Is er genoeg ruimte vrij op dit toestel?");
    }
  }

  async function fetched() {
    const answer = await fetch(section.dataset.bron, { cache: "no-store", headers: { Accept: "application/json" } });
    if (answer.redirected || answer.status === 401) {
      throw new Sentence("U bent uitgelogd. Log opnieuw in en probeer het nog eens.");
    }
    if (!answer.ok) {
      throw new Sentence("De service gaf de bezoeken niet. Probeer het nog eens.");
    }
    return answer.json();
  }

  async function take(code) {
    if (await Vault.waiting()) {
      throw new Sentence(Vault.WAITS);
    }
    await shell();
    const day = await fetched();
    if (!day.bezoeken.length) {
      throw new Sentence("Er is geen bezoek om mee te nemen.");
    }
    await navigator.storage?.persist?.();
    await Vault.create(code, day.dag);
    try {
      return await packed(day);
    } catch (error) {
      await Vault.undo().catch(() => {});
      throw error;
    }
  }

  async function packed({ bezoeken, ...rest }) {
    for (const one of bezoeken) {
      await Vault.put(`bezoek-${one.bezoek}`, one);
    }
    await Vault.put("dag", { ...rest, bezoeken: bezoeken.map((one) => one.bezoek) });
    const kept = await Vault.get("dag");
    if (kept?.bezoeken.length !== bezoeken.length) {
      throw new Sentence("Wat is bewaard, is niet terug te lezen.");
    }
    Vault.lock();
    return bezoeken.length;
  }

  function why(error) {
    if (error instanceof Sentence) {
      return error.message;
    }
    if (error?.name === "QuotaExceededError") {
      return "Op dit toestel is te weinig ruimte vrij.";
    }
    return navigator.onLine
      ? "In dit venster kan de browser niets bewaren. Gebruik geen privévenster."
      : "Er is geen verbinding.";
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const [code, again] = [form.elements.code.value, form.elements.nogmaals.value];
    if (code.trim().length < SHORTEST || DIGITS.test(code)) {
      say(`Kies een code van minstens ${SHORTEST} tekens, en niet alleen cijfers. Bijvoorbeeld een korte zin.`, "fout");
      return;
    }
    if (code !== again) {
      say("De twee codes zijn niet gelijk.", "fout");
      return;
    }
    const button = form.querySelector("button");
    button.disabled = true;
    try {
      const count = await take(code);
      form.reset();
      form.hidden = true;
      there.hidden = false;
      say(`Meegenomen: ${count === 1 ? "1 bezoek" : `${count} bezoeken`}. U kunt nu zonder verbinding verder.`, "goed");
    } catch (error) {
      say(`Er is niets meegenomen. ${why(error)}`, "fout");
    } finally {
      button.disabled = false;
    }
  });

  (async () => {
    section.hidden = false;
    if (!Vault.possible() || !navigator.serviceWorker || !window.caches) {
      form.hidden = true;
      say("Meenemen kan niet in dit venster. Gebruik een recente browser, geen privévenster, en een adres met https.", "grijs");
      return;
    }
    await Vault.tidy();
    const over = await Vault.about();
    if (over === undefined) {
      return;
    }
    there.hidden = false;
    if (await Vault.waiting()) {
      form.hidden = true;
      say(Vault.WAITS, "oranje");
    } else {
      say("Op dit toestel staat al een dag. Neemt u deze mee, dan gaat de andere weg.", "grijs");
    }
  })().catch(() => {
    form.hidden = true;
    say("Meenemen kan niet: in dit venster kan de browser niets bewaren. Gebruik geen privévenster.", "grijs");
  });
})();
