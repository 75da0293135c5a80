"use strict";
/* Who signs out while reports still wait on this device is told so first, and Onderweg in another tab is locked; a day
   without visits tells of one kept here. */
(() => {
  const form = document.querySelector("form[action='/uitloggen']");
  const kept = document.getElementById("meegenomen");
  Vault.tidy()
    .then(async () => kept && (kept.hidden = !Vault.possible() || (await Vault.about()) === undefined))
    .catch(() => {});
  form?.addEventListener("submit", async (event) => {
    event.preventDefault();
    const count = await Vault.waiting().catch(() => 0);
    const what = count === 1 ? "Op dit toestel wacht nog 1 verslag" : `Op dit toestel wachten nog ${count} verslagen`;
    const stays = "Het blijft hier versleuteld staan. U verstuurt het nadat u weer bent ingelogd.";
    if (!count || window.confirm(`${what} van een huisbezoek. ${stays} Toch uitloggen?`)) {
      if (window.BroadcastChannel) {
        new BroadcastChannel("rni-uitgelogd").postMessage("");
      }
      form.submit();
    }
  });
})();
