// The form works without this file. With it: keys, zoom, flipping in place, and an answer that is sent again until it is saved.
"use strict";
(() => {
  const form = document.getElementById("ballot");
  if (!form) return;
  const status = document.getElementById("status");
  const save = document.getElementById("save");
  const pair = document.getElementById("pair");
  const undo = document.getElementById("undo");
  const words = document.currentScript ? document.currentScript.dataset : document.querySelector("script[data-not-saved]").dataset;
  document.querySelectorAll(".keys").forEach((note) => { note.hidden = false; });

  let sending = false;
  const send = async (body, wait) => {
    try {
      const answer = await fetch(form.action, { method: "POST", body, headers: { accept: "application/json" }, signal: AbortSignal.timeout(20000) });
      // What is too busy or broken may pass, as a lost network does; anything else is an answer, which the page then shows.
      if (answer.status < 500 && answer.status !== 408 && answer.status !== 429) {
        sending = false;
        location.replace(form.action.replace(/\/vote$/, ""));
        return;
      }
    } catch (_) { /* the network: try again */ }
    status.textContent = words.notSaved;
    status.className = "banner";
    setTimeout(send, wait, body, Math.min(wait * 2, 15000));
  };
  addEventListener("beforeunload", (event) => { if (sending) event.preventDefault(); });
  form.addEventListener("submit", (event) => {
    if (form.hasAttribute("data-practice")) return;
    event.preventDefault();
    if (sending) return;
    sending = true;
    save.disabled = true;
    send(new URLSearchParams(new FormData(form)), 1000);
  });

  const small = () => document.querySelectorAll("img.large").forEach((image) => image.classList.remove("large"));
  // A click shows a picture large until the next; holding it, as long as it is held.
  let hold = 0;
  let held = false;
  pair.addEventListener("pointerdown", (event) => {
    if (event.target.tagName !== "IMG" || event.target.classList.contains("large")) return;
    hold = setTimeout(() => { held = true; event.target.classList.add("large"); }, 400);
  });
  for (const end of ["pointerup", "pointercancel"]) document.addEventListener(end, () => {
    clearTimeout(hold);
    if (held) small();
    // The click that ends the holding comes at once, or, on something else, never.
    setTimeout(() => { held = false; }, 50);
  });
  pair.addEventListener("contextmenu", (event) => event.preventDefault());
  pair.addEventListener("dragstart", (event) => event.preventDefault());
  pair.addEventListener("click", (event) => {
    const link = event.target.closest("a");
    if (!link) return;
    event.preventDefault();
    if (held) return;
    const image = link.querySelector("img");
    const was = image.classList.contains("large");
    small();
    if (!was) image.classList.add("large");
  });

  const flip = document.getElementById("flip");
  const flipWords = flip.dataset.words.split("|");
  const turn = () => {
    const at = pair.classList.contains("second") ? 2 : pair.classList.contains("flip") ? 1 : 0;
    const next = (at + 1) % 3;
    pair.classList.toggle("flip", next > 0);
    pair.classList.toggle("second", next === 2);
    flip.textContent = flipWords[next];
  };
  flip.addEventListener("click", turn);
  document.querySelectorAll(".tools").forEach((tools) => { tools.hidden = false; });
  const link = document.getElementById("link");
  link.textContent = link.href;

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const radio = form.querySelector(`input[data-key="${CSS.escape(event.key)}"]`);
    if (radio) { radio.checked = true; radio.focus({ preventScroll: true }); }
    else if (event.key === "Escape") small();
    else if (event.key === "Enter" && event.target.tagName !== "BUTTON" && event.target.tagName !== "A") { event.preventDefault(); form.requestSubmit(); }
    else if (event.key === "f" || event.key === "F") turn();
    else if ((event.key === "u" || event.key === "U") && undo) undo.requestSubmit();
  });
})();
