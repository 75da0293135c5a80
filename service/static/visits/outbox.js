"use strict";
/* The reports that wait, sent one by one with a fresh form token; each has an id of its own, so twice is once. */
const Outbox = (() => {
  const FINAL = new Set([400, 403, 404, 409, 413]);
  let busy = false;

  async function signedIn() {
    const answer = await fetch("/bezoeken/aanmelding", { cache: "no-store", headers: { Accept: "application/json" } });
    return answer.ok ? answer.json() : null;
  }

  /* Gives a sentence about the whole, or nothing; what became of each report stands with the report. */
  async function send(gebruiker, naam) {
    if (busy) {
      return "";
    }
    busy = true;
    try {
      return await sent(gebruiker, naam);
    } catch (error) {
      if (error instanceof TypeError) {
        return "Er is geen verbinding. Wat klaar is, wacht en gaat later vanzelf.";
      }
      throw error;
    } finally {
      busy = false;
    }
  }

  async function sent(gebruiker, naam) {
    const waiting = [];
    for (const id of await Vault.ids("verslag-")) {
      const report = await Vault.get(id);
      if (!report.fouten) {
        waiting.push([id, report]);
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
    for (const [id, report] of waiting) {
      const body = new URLSearchParams([...report.velden, [who.veld, who.token], ["bezoek", report.bezoek], ["voor", gebruiker]]);
      const answer = await fetch("/bezoeken/onderweg", { method: "POST", body, headers: { Accept: "application/json" } });
      const told = await answer.json().catch(() => null);
      if (answer.status === 401) {
        return "U bent uitgelogd. Alles staat er nog. Log in en kom hier terug; dan wordt het verstuurd.";
      }
      if (answer.ok && told) {
        await Vault.replace(id, `antwoord-${report.bezoek}`, told.antwoord);
      } else if (FINAL.has(answer.status) && told) {
        await Vault.put(id, { ...report, fouten: told.fouten });
      } else {
        return "De service kan het verslag nu niet aannemen. Het wacht en gaat later vanzelf.";
      }
    }
    return "";
  }

  return { send };
})();
