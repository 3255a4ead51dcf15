// Asks again every second and a half, so that the page shows what happens
// elsewhere. It waits while somebody is about to press or type something.
"use strict";
let asking = false;
const busy = () => asking || document.hidden || document.querySelector("main :active, main :focus");
setInterval(async () => {
  if (busy()) return;
  asking = true;
  try {
    const answer = await fetch("/", { cache: "no-store" });
    const text = await answer.text();
    const main = new DOMParser().parseFromString(text, "text/html").querySelector("main");
    document.body.classList.toggle("silent", !answer.ok);
    if (main && !document.querySelector("main :active, main :focus")) document.querySelector("main").replaceWith(main);
  } catch {
    document.body.classList.add("silent");
  } finally {
    asking = false;
  }
}, 1500);
