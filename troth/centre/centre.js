/* Which browser is this? Takes the identifier a site put behind the `#` into the forms that ask for it.
   Nothing is sent until a person presses a button, nothing is kept, and the address bar is cleaned. */
(() => {
  "use strict";
  const found = new URLSearchParams(location.hash.slice(1)).get("v"); // a site that knows no number says `null`
  if (!found || found.length < 22 || found.length > 128) return;
  for (const input of document.querySelectorAll("input[name=v]")) input.value = found;
  for (const part of document.querySelectorAll("[data-browser]")) part.hidden = false;
  for (const part of document.querySelectorAll("[data-no-browser]")) part.hidden = true;
  history.replaceState(null, "", location.pathname + location.search);
})();
