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
      const answer = await fetch(form.action, { method: "POST", body, headers: { accept: "application/json" } });
      // 503 and a lost network pass; anything else is an answer, which the page then shows.
      if (answer.status !== 503) { location.replace(form.action.replace(/\/vote$/, "")); return; }
    } catch (_) { /* the network: try again */ }
    status.textContent = words.notSaved;
    status.className = "banner";
    setTimeout(send, wait, body, Math.min(wait * 2, 15000));
  };
  form.addEventListener("submit", (event) => {
    if (form.hasAttribute("data-practice")) return;
    event.preventDefault();
    if (sending) return;
    sending = true;
    save.disabled = true;
    send(new URLSearchParams(new FormData(form)), 1000);
  });

  const small = () => document.querySelectorAll("img.large").forEach((image) => image.classList.remove("large"));
  pair.addEventListener("click", (event) => {
    if (event.target.tagName !== "IMG") return;
    const was = event.target.classList.contains("large");
    small();
    if (!was) event.target.classList.add("large");
  });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const radio = form.querySelector(`input[data-key="${CSS.escape(event.key)}"]`);
    if (radio) { radio.checked = true; radio.focus({ preventScroll: true }); }
    else if (event.key === "Escape") small();
    else if (event.key === "Enter" && event.target.tagName === "IMG") event.target.click();
    else if (event.key === "Enter" && event.target.tagName !== "BUTTON" && event.target.tagName !== "A") { event.preventDefault(); form.requestSubmit(); }
    else if (event.key === "f" || event.key === "F") {
      if (!pair.classList.contains("flip")) pair.classList.add("flip");
      else if (!pair.classList.contains("second")) pair.classList.add("second");
      else pair.classList.remove("flip", "second");
    }
    else if ((event.key === "u" || event.key === "U") && undo) undo.requestSubmit();
  });
})();
