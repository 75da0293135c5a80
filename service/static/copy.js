"use strict";
/* A text to type over elsewhere is copied with one press. Without this script there are no buttons, and the text can be
   selected by hand; where the browser refuses, the text is selected and its reader told which keys to press. */
(() => {
  const status = document.getElementById("kopieerstatus");
  if (!status) {
    return;
  }
  const select = (text) => {
    const range = document.createRange();
    range.selectNodeContents(text);
    const selection = window.getSelection();
    selection.removeAllRanges();
    selection.addRange(range);
  };
  const tell = (button, words) => {
    for (const each of document.querySelectorAll(".gekopieerd")) {
      each.textContent = "";
    }
    button.nextElementSibling.textContent = words;
    /* The same words once more are only read aloud when they were away in between. */
    status.textContent = "";
    window.setTimeout(() => (status.textContent = `${button.dataset.nummer}: ${words}`), 50);
  };
  for (const button of document.querySelectorAll("button[data-kopieer]")) {
    const text = document.getElementById(button.dataset.kopieer);
    button.hidden = false;
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(text.textContent.trim());
        tell(button, "Gekopieerd. Plak de tekst in WALAA.");
      } catch {
        select(text);
        tell(button, "Kopiëren mag niet van uw browser. De tekst is geselecteerd: druk op Ctrl en C.");
      }
    });
  }
})();
