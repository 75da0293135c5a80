"use strict";
/* Under way: the code opens what was taken along; forms are kept while they are filled in, and sent when it can be. */
(() => {
  const part = (id) => document.getElementById(id);
  const parts = ["leeg", "slot", "dag", "formulier"];
  const SAVE_AFTER = 250;
  const AGAIN_AFTER = 30000;
  let trip = null;
  let current = null;
  let timer = 0;
  let saving = Promise.resolve();

  function show(wanted) {
    for (const id of parts) {
      part(id).hidden = id !== wanted;
    }
    window.scrollTo(0, 0);
  }

  function say(sentence, kind = "grijs") {
    part("staat").textContent = sentence;
    part("staat").className = `melding ${kind}`;
    part("staat").hidden = !sentence;
  }

  /* Markup that our own service made and that lay locked here; the policy of the page lets no script in it run. */
  function fill(place, html) {
    const made = new DOMParser().parseFromString(html, "text/html");
    place.replaceChildren(...made.body.childNodes);
  }

  function element(name, content, style = "") {
    const made = document.createElement(name);
    made.textContent = content;
    made.className = style;
    return made;
  }

  function button(label, work, style = "tweede") {
    const made = element("button", label, style);
    made.type = "button";
    made.addEventListener("click", work);
    return made;
  }

  async function state(bezoek) {
    const known = new Set(await Vault.ids(""));
    if (known.has(`antwoord-${bezoek}`)) {
      return { soort: "verstuurd", antwoord: await Vault.get(`antwoord-${bezoek}`) };
    }
    if (known.has(`verslag-${bezoek}`)) {
      const { fouten } = await Vault.get(`verslag-${bezoek}`);
      return { soort: fouten ? "geweigerd" : "wacht", fouten };
    }
    return { soort: known.has(`concept-${bezoek}`) ? "concept" : "nieuw" };
  }

  const WORDS = {
    verstuurd: ["verstuurd", "groen"],
    geweigerd: ["niet aangenomen", "rood"],
    wacht: ["klaar, nog niet verstuurd", "oranje"],
    concept: ["begonnen, nog niet klaar", "blauw"],
  };

  function lines(sentences) {
    const list = element("ul", "", "antwoorden");
    list.append(...sentences.map((sentence) => element("li", sentence)));
    return list;
  }

  async function draw() {
    const stands = [];
    for (const bezoek of trip.bezoeken) {
      const now = await state(bezoek);
      stands.push(now.soort);
      const place = part("lijst").querySelector(`[data-bezoek="${bezoek}"] [data-stand]`);
      place.replaceChildren();
      if (now.soort in WORDS) {
        const [word, colour] = WORDS[now.soort];
        place.append(element("p", word, `merkje ${colour}`));
      }
      if (now.soort === "verstuurd") {
        place.append(lines(now.antwoord.map((one) => `Zaak ${one.zaaknummer}: ${one.uitleg}`)));
      } else {
        if (now.fouten) {
          place.append(lines(now.fouten.map((one) => one.uitleg)));
        }
        const label = { nieuw: "Maak het verslag", concept: "Ga verder met het verslag" }[now.soort] ?? "Open het verslag";
        place.append(button(label, () => open(bezoek), now.soort === "nieuw" ? "knop" : "tweede"));
      }
      if (now.soort === "geweigerd") {
        place.append(button("Probeer het opnieuw", () => again(bezoek)), button("Gooi dit verslag weg", () => drop(bezoek)));
      }
    }
    part("verstuur").hidden = !stands.includes("wacht");
    return stands;
  }

  async function open(bezoek) {
    const report = await Vault.get(`verslag-${bezoek}`);
    if (report) {
      await Vault.replace(`verslag-${bezoek}`, `concept-${bezoek}`, { velden: report.velden });
    }
    const draft = await Vault.get(`concept-${bezoek}`);
    const visit = await Vault.get(`bezoek-${bezoek}`);
    current = bezoek;
    fill(part("velden"), visit.formulier);
    part("bezoek-kop").textContent = visit.adres;
    part("bewaard").textContent = "";
    if (draft) {
      restore(draft.velden);
    }
    if (report?.fouten) {
      say(report.fouten.map((one) => one.uitleg).join(" "), "fout");
      part("velden").querySelector(".deur").classList.add("alles");
    } else {
      say("");
    }
    show("formulier");
    part("formulier").querySelector("h2").focus();
  }

  function restore(velden) {
    const fields = part("verslag").elements;
    for (const [name, value] of velden) {
      const found = fields.namedItem(name);
      if (found instanceof RadioNodeList) {
        found.value = value;
      } else if (found) {
        found.value = value;
      }
    }
    const filled = [...part("velden").querySelectorAll("details")];
    filled.forEach((one) => (one.open = [...one.querySelectorAll("input, textarea")].some((field) => field.value)));
  }

  function typed() {
    return [...new FormData(part("verslag")).entries()];
  }

  function keep() {
    clearTimeout(timer);
    timer = 0;
    const [bezoek, velden] = [current, typed()];
    saving = saving.then(async () => {
      try {
        await Vault.put(`concept-${bezoek}`, { velden });
        const now = new Date().toLocaleTimeString("nl-NL", { hour: "2-digit", minute: "2-digit" });
        if (!timer) {
          part("bewaard").textContent = `Bewaard op dit toestel om ${now.replace(":", ".")} uur.`;
        }
      } catch (error) {
        const full = error?.name === "QuotaExceededError" ? "Er is te weinig ruimte vrij. " : "";
        part("bewaard").textContent = `Niet bewaard. ${full}Laat deze pagina open en schrijf het zo nodig over.`;
      }
    });
    return saving;
  }

  async function leave() {
    if (timer) {
      await keep();
    }
    current = null;
    say("");
    await draw();
    show("dag");
  }

  async function finish(event) {
    event.preventDefault();
    clearTimeout(timer);
    timer = 0;
    const [bezoek, velden] = [current, typed()];
    await saving;
    try {
      await Vault.replace(`concept-${bezoek}`, `verslag-${bezoek}`, { bezoek, velden });
    } catch {
      say("Het verslag is niet bewaard: er is te weinig ruimte vrij op dit toestel. Laat deze pagina open.", "fout");
      return;
    }
    current = null;
    await draw();
    show("dag");
    await send();
  }

  async function again(bezoek) {
    const report = await Vault.get(`verslag-${bezoek}`);
    await Vault.put(`verslag-${bezoek}`, { bezoek, velden: report.velden });
    await draw();
    await send();
  }

  async function drop(bezoek) {
    if (window.confirm("Wat u over dit bezoek schreef, is dan weg. Weggooien?")) {
      await Vault.remove(`verslag-${bezoek}`);
      await draw();
    }
  }

  async function send() {
    if (trip === null) {
      return;
    }
    const told = await Outbox.send(trip.gebruiker, trip.naam);
    if (trip === null || current !== null) {
      return;
    }
    const stands = await draw();
    say(told, told ? "oranje" : "grijs");
    part("inloggen").hidden = !told.startsWith("U bent uitgelogd");
    if (stands.every((one) => one === "verstuurd")) {
      await Vault.wipe();
      trip = null;
      part("dag-knoppen").hidden = true;
      say("Alles is verstuurd. Wat u meenam, is van dit toestel gewist.", "goed");
    }
  }

  async function throwAway() {
    const count = await Vault.waiting();
    const lost = count ? `Er ${count === 1 ? "is 1 verslag" : `zijn ${count} verslagen`} niet verstuurd; dat is dan weg. ` : "";
    if (window.confirm(`${lost}Wat u meenam, wordt van dit toestel gewist. Weggooien?`)) {
      await Vault.wipe();
      trip = null;
      say("Wat u meenam, is van dit toestel gewist.", "goed");
      show("leeg");
    }
  }

  async function unlock(event) {
    event.preventDefault();
    const field = part("code");
    const right = await Vault.unlock(field.value);
    field.value = "";
    if (!right) {
      say("Deze code klopt niet. Probeer het nog eens.", "fout");
      field.focus();
      return;
    }
    say("");
    trip = await Vault.get("dag");
    part("dag-kop").textContent = `Bezoeken op ${trip.dagtekst}`;
    fill(part("lijst"), trip.lijst);
    await draw();
    show("dag");
    await send();
  }

  function lock() {
    Vault.lock();
    trip = current = null;
    for (const id of ["lijst", "velden", "bezoek-kop"]) {
      part(id).replaceChildren();
    }
    say("");
    show("slot");
  }

  part("ontgrendel").addEventListener("submit", unlock);
  part("verslag").addEventListener("submit", finish);
  part("verslag").addEventListener("input", () => {
    clearTimeout(timer);
    part("bewaard").textContent = "Wordt bewaard…";
    timer = setTimeout(keep, SAVE_AFTER);
  });
  part("terug").addEventListener("click", leave);
  part("verstuur").addEventListener("click", send);
  part("vergrendel").addEventListener("click", lock);
  document.querySelectorAll("[data-weg]").forEach((one) => one.addEventListener("click", throwAway));
  document.addEventListener("visibilitychange", () => {
    if (document.hidden && timer) {
      keep();
    }
  });
  window.addEventListener("unhandledrejection", () => {
    say("Er ging iets mis op dit toestel. Wat bewaard was, staat er nog. Laad de pagina opnieuw.", "fout");
  });
  window.addEventListener("pagehide", () => timer && keep());
  window.addEventListener("online", send);
  setInterval(send, AGAIN_AFTER);

  (async () => {
    if (!Vault.possible()) {
      say("In dit venster kan de browser niets bewaren. Gebruik een recente browser en geen privévenster.", "fout");
      return;
    }
    const gone = await Vault.tidy();
    const over = await Vault.about();
    if (gone) {
      say("Wat u meenam, is gewist: de dag is voorbij en alles was verstuurd.");
    }
    show(over === undefined ? "leeg" : "slot");
  })().catch(() => say("In dit venster kan de browser niets bewaren. Gebruik geen privévenster.", "fout"));
})();
