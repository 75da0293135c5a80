"use strict";
/* Under way: the code opens what was taken along; forms are kept while they are filled in, and sent when it can be. */
(() => {
  const part = (id) => document.getElementById(id);
  const parts = ["leeg", "slot", "dag", "formulier"];
  const SAVE_AFTER = 250;
  const AGAIN_AFTER = 30000;
  const LOOK_AFTER = 15000;
  const IDLE = 600000;
  let trip = null;
  let current = null;
  let timer = 0;
  let unsaved = false;
  let touched = Date.now();
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
    if (known.has(`verslag-${bezoek}`)) {
      const { fouten } = (await Vault.get(`verslag-${bezoek}`)) ?? {};
      const waits = Outbox.sending(bezoek) ? "onderweg" : "wacht";
      return { soort: fouten ? "geweigerd" : waits, fouten };
    }
    if (known.has(`concept-${bezoek}`)) {
      return { soort: "concept" };
    }
    if (known.has(`antwoord-${bezoek}`)) {
      return { soort: "verstuurd", antwoord: await Vault.get(`antwoord-${bezoek}`) };
    }
    return { soort: "nieuw" };
  }

  const WORDS = {
    verstuurd: ["verstuurd", "groen"],
    geweigerd: ["niet aangenomen", "rood"],
    wacht: ["klaar, nog niet verstuurd", "oranje"],
    onderweg: ["wordt nu verstuurd", "oranje"],
    concept: ["begonnen, nog niet klaar", "blauw"],
  };

  function lines(sentences) {
    const list = element("ul", "", "antwoorden");
    list.append(...sentences.map((sentence) => element("li", sentence)));
    return list;
  }

  function answers(given) {
    return given.map((one) => `Zaak ${one.zaaknummer}: ${one.uitleg}`);
  }

  /* Shows how each visit stands, and gives it; nothing once the page is locked. */
  async function draw() {
    const mine = trip;
    const stands = [];
    for (const bezoek of mine?.bezoeken ?? []) {
      const now = await state(bezoek);
      if (trip !== mine) {
        return [];
      }
      stands.push(now);
      const place = part("lijst").querySelector(`[data-bezoek="${bezoek}"] [data-stand]`);
      place.replaceChildren();
      if (now.soort in WORDS) {
        const [word, colour] = WORDS[now.soort];
        place.append(element("p", word, `merkje ${colour}`));
      }
      if (now.soort === "verstuurd") {
        place.append(lines(answers(now.antwoord)));
      } else if (now.soort !== "onderweg") {
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
    part("verstuur").hidden = !stands.some((one) => one.soort === "wacht");
    return stands;
  }

  async function open(bezoek) {
    const { value: report, mark } = (await Vault.read(`verslag-${bezoek}`)) ?? {};
    const taken = () => Vault.replace(`verslag-${bezoek}`, `concept-${bezoek}`, { velden: report.velden }, mark);
    if (Outbox.sending(bezoek) || (report && !(await taken()))) {
      await draw();
      return;
    }
    const draft = await Vault.get(`concept-${bezoek}`);
    const visit = await Vault.get(`bezoek-${bezoek}`);
    if (visit === undefined) {
      throw new Vault.Sentence(Vault.OTHER);
    }
    current = bezoek;
    unsaved = false;
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

  function why(error) {
    if (error instanceof Vault.Sentence) {
      return `${error.message} `;
    }
    return error?.name === "QuotaExceededError" ? "Er is te weinig ruimte vrij op dit toestel. " : "";
  }

  /* Says whether it is kept. */
  function keep() {
    clearTimeout(timer);
    timer = 0;
    const [bezoek, velden] = [current, typed()];
    saving = saving.then(async () => {
      try {
        await Vault.put(`concept-${bezoek}`, { velden });
        const now = new Date().toLocaleTimeString("nl-NL", { hour: "2-digit", minute: "2-digit" });
        if (!timer) {
          unsaved = false;
          part("bewaard").textContent = `Bewaard op dit toestel om ${now.replace(":", ".")} uur.`;
        }
        return true;
      } catch (error) {
        part("bewaard").textContent = `Niet bewaard. ${why(error)}Laat deze pagina open en schrijf het zo nodig over.`;
        return false;
      }
    });
    return saving;
  }

  async function leave() {
    if (unsaved && !(await keep()) && !window.confirm("Wat u typte, is niet bewaard en gaat weg. Toch terug?")) {
      return;
    }
    current = null;
    unsaved = false;
    say("");
    await draw();
    show("dag");
  }

  async function finish(event) {
    event.preventDefault();
    if (Outbox.sending(current)) {
      say("Dit verslag wordt nu verstuurd. Wacht even en klik dan weer op Klaar.", "oranje");
      return;
    }
    clearTimeout(timer);
    timer = 0;
    const [bezoek, velden] = [current, typed()];
    await saving;
    try {
      await Vault.replace(`concept-${bezoek}`, `verslag-${bezoek}`, { bezoek, velden });
    } catch (error) {
      say(`Het verslag is niet bewaard. ${why(error)}Laat deze pagina open en schrijf het zo nodig over.`, "fout");
      return;
    }
    current = null;
    unsaved = false;
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
      await send();
    }
  }

  async function send() {
    if (trip === null) {
      return;
    }
    const mine = trip;
    const told = await Outbox.send(mine.gebruiker, mine.naam, draw);
    if (trip !== mine || current !== null) {
      return;
    }
    const stands = await draw();
    if (trip !== mine || current !== null) {
      return;
    }
    say(told, told ? "oranje" : "grijs");
    part("inloggen").hidden = !told.startsWith("U bent uitgelogd");
    if (stands.every((one) => one.soort === "verstuurd") && (await Vault.clear())) {
      forget();
      part("dag-kop").textContent = "Onderweg";
      part("lijst").append(lines(stands.flatMap((one) => answers(one.antwoord))));
      part("dag-knoppen").hidden = true;
      say("Alles is verstuurd. Wat u meenam, is van dit toestel gewist.", "goed");
    }
  }

  /* Takes every name and every typed word out of the page. */
  function forget() {
    clearTimeout(timer);
    Vault.lock();
    trip = current = null;
    timer = 0;
    unsaved = false;
    for (const id of ["lijst", "velden", "bezoek-kop", "dag-kop", "bewaard"]) {
      part(id).replaceChildren();
    }
  }

  async function throwAway() {
    const count = await Vault.waiting();
    const lost = count ? `Er ${count === 1 ? "is 1 verslag" : `zijn ${count} verslagen`} niet verstuurd; dat is dan weg. ` : "";
    if (window.confirm(`${lost}Wat u meenam, wordt van dit toestel gewist. Weggooien?`)) {
      await Vault.wipe();
      forget();
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
    part("dag-knoppen").hidden = false;
    part("dag-kop").textContent = `Bezoeken op ${trip.dagtekst}`;
    fill(part("lijst"), trip.lijst);
    await draw();
    show("dag");
    await send();
  }

  /* What could not be kept stays on the screen, or it would be lost. */
  async function lock() {
    if (unsaved && !(await keep())) {
      return;
    }
    forget();
    say("");
    show((await Vault.about()) === undefined ? "leeg" : "slot");
  }

  function lockWhenIdle() {
    const opened = !part("dag").hidden || !part("formulier").hidden;
    if (opened && Date.now() - touched > IDLE) {
      return lock();
    }
  }

  part("ontgrendel").addEventListener("submit", unlock);
  part("verslag").addEventListener("submit", finish);
  part("verslag").addEventListener("input", () => {
    clearTimeout(timer);
    unsaved = true;
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
    lockWhenIdle();
  });
  for (const kind of ["input", "keydown", "pointerdown"]) {
    document.addEventListener(kind, () => (touched = Date.now()), { capture: true });
  }
  if (window.BroadcastChannel) {
    new BroadcastChannel("rni-uitgelogd").addEventListener("message", lock);
  }
  window.addEventListener("unhandledrejection", ({ reason }) => {
    const wrong = "Er ging iets mis op dit toestel. Wat bewaard was, staat er nog.";
    say(`${reason instanceof Vault.Sentence ? reason.message : wrong} Laad de pagina opnieuw.`, "fout");
  });
  window.addEventListener("pagehide", () => timer && keep());
  window.addEventListener("online", send);
  setInterval(send, AGAIN_AFTER);
  setInterval(lockWhenIdle, LOOK_AFTER);

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
