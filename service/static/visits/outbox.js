"use strict";
/* The reports that wait, sent one by one with a fresh form token; each has an id of its own, so twice is once. */
const Outbox = (() => {
  const FINAL = new Set([400, 403, 404, 409, 413]);
  let busy = false;
  let away = null;

  async function signedIn() {
    const answer = await fetch("/bezoeken/aanmelding", { cache: "no-store", headers: { Accept: "application/json" } });
    return answer.ok ? answer.json() : null;
  }

  /* Whether the report of this visit is being sent now. */
  function sending(bezoek) {
    return away === `verslag-${bezoek}`;
  }

  /* Gives a sentence about the whole, or nothing; what became of each report stands with the report. `left` is called
     when one goes. */
  async function send(gebruiker, naam, left) {
    if (busy) {
      return "";
    }
    busy = true;
    try {
      return await sent(gebruiker, naam, left);
    } catch (error) {
      if (error instanceof TypeError) {
        return "Er is geen verbinding. Wat klaar is, wacht en gaat later vanzelf.";
      }
      if (error instanceof Vault.Sentence) {
        return error.message;
      }
      throw error;
    } finally {
      busy = false;
      away = null;
    }
  }

  async function sent(gebruiker, naam, left) {
    const waiting = [];
    for (const id of await Vault.ids("verslag-")) {
      const report = await Vault.get(id);
      if (report && !report.fouten) {
        waiting.push(id);
      }
    }
    if (!waiting.length) {
      return "";
    }
    const who = await signedIn();
    if (who === null) {
      return "U bent uitgelogd. Alles staat er nog. Log in en kom hier terug; dan wordt het verstuurd.";
    }
    if (who.gebruiker !== gebruiker) {
      return `Deze verslagen zijn van ${naam}. U bent ingelogd als ${who.naam}; uit naam van een ander wordt niets verstuurd.`;
    }
    for (const id of waiting) {
      away = id;
      const { value: report, mark } = (await Vault.read(id)) ?? {};
      if (!report) {
        continue; // opened again meanwhile
      }
      await left();
      const body = new URLSearchParams([...report.velden, [who.veld, who.token], ["bezoek", report.bezoek], ["voor", gebruiker]]);
      const answer = await fetch("/bezoeken/onderweg", { method: "POST", body, headers: { Accept: "application/json" } });
      const told = await answer.json().catch(() => null);
      if (answer.status === 401) {
        return "U bent uitgelogd. Alles staat er nog. Log in en kom hier terug; dan wordt het verstuurd.";
      }
      if (answer.ok && told) {
        const answered = `antwoord-${report.bezoek}`;
        if (!(await Vault.replace(id, answered, told.antwoord, mark))) {
          await Vault.put(answered, told.antwoord); // newer text stays, and hears from the service by itself
        }
      } else if (FINAL.has(answer.status) && told) {
        await Vault.replace(id, id, { ...report, fouten: told.fouten }, mark);
      } else {
        return "De service kan het verslag nu niet aannemen. Het wacht en gaat later vanzelf.";
      }
    }
    return "";
  }

  return { send, sending };
})();
