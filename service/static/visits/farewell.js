"use strict";
/* Who signs out while reports still wait on this device is told so first, and Onderweg in another tab is locked; a day
   without visits tells of one kept here. */
(() => {
  const form = document.querySelector("form[action='/uitloggen']");
  const kept = document.getElementById("meegenomen");
  Vault.tidy()
    .then(async () => kept && (kept.hidden = !Vault.possible() || (await Vault.about()) === undefined))
    .catch(() => {});
  /* Known beforehand: a sign-out that had to wait for the answer would be lost when another page is opened at once. */
  let count = 0;
  const look = () => Vault.waiting().then((found) => (count = found), () => {});
  look();
  document.addEventListener("visibilitychange", look);
  for (const coming of ["pointerenter", "focusin"]) {
    form?.addEventListener(coming, look);
  }
  form?.addEventListener("submit", (event) => {
    const what = count === 1 ? "Op dit toestel wacht nog 1 verslag" : `Op dit toestel wachten nog ${count} verslagen`;
    const stays = "Het blijft hier versleuteld staan. U verstuurt het nadat u weer bent ingelogd.";
    if (count && !window.confirm(`${what} van een huisbezoek. ${stays} Toch uitloggen?`)) {
      event.preventDefault();
    } else if (window.BroadcastChannel) {
      new BroadcastChannel("rni-uitgelogd").postMessage("");
    }
  });
})();
