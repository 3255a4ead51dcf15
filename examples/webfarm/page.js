// Asks again every second and a half, so that the page shows what happens
// elsewhere. It waits while somebody is about to press something, or has typed.
"use strict";
let asking = false;
const typed = (input) => input.value !== input.defaultValue || input.checked !== input.defaultChecked;
const busy = () => document.querySelector("main :active, main :focus") || [...document.querySelectorAll("main input")].some(typed);
setInterval(async () => {
  if (asking || document.hidden || busy()) return;
  asking = true;
  try {
    const answer = await fetch("/", { cache: "no-store" });
    const text = await answer.text();
    const main = new DOMParser().parseFromString(text, "text/html").querySelector("main");
    document.body.classList.toggle("silent", !answer.ok);
    if (main && !busy()) document.querySelector("main").replaceWith(main);
  } catch {
    document.body.classList.add("silent");
  } finally {
    asking = false;
  }
}, 1500);
