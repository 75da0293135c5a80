"use strict";
/* What takes a few seconds says so once its button is pressed, and is asked for once. Without this script the browser
   shows by itself that it waits, and whoever presses twice is led to what the first press made. */
for (const form of document.querySelectorAll("form[data-bezig]")) {
  const button = form.querySelector("button[type=submit]");
  const status = form.querySelector("[role=status]");
  const before = status.textContent;
  let pressed = false;
  const show = (busy) => {
    pressed = busy;
    status.textContent = busy ? form.dataset.bezig : before;
    button.classList.toggle("nl-button--disabled", busy);
    button.toggleAttribute("aria-disabled", busy);
    if (busy) {
      button.setAttribute("aria-disabled", "true");
    }
  };
  form.addEventListener("submit", (event) => {
    if (pressed) {
      event.preventDefault();
      return;
    }
    show(true);
  });
  /* Whoever comes back by the browser finds the page as it was left. */
  window.addEventListener("pageshow", () => show(false));
}
