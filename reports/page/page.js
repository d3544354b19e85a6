"use strict";
(() => {
  const root = document.documentElement;
  const theme = document.getElementById("theme");
  const isDark = () =>
    root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  const name = () => { theme.textContent = isDark() ? "Light" : "Dark"; };
  theme.hidden = false;
  theme.addEventListener("click", () => { root.dataset.theme = isDark() ? "light" : "dark"; name(); });
  name();

  const only = document.getElementById("only-failed");
  if (only) {
    only.parentElement.hidden = false;
    only.addEventListener("change", () => {
      for (const one of document.querySelectorAll(".scenario")) {
        one.hidden = only.checked && (one.classList.contains("passed") || one.classList.contains("skipped"));
      }
    });
  }

  const open = () => {
    const target = location.hash && document.getElementById(location.hash.slice(1));
    if (target && target.tagName === "DETAILS") target.open = true;
  };
  addEventListener("hashchange", open);
  open();
  addEventListener("beforeprint", () => {
    for (const one of document.querySelectorAll("details")) one.open = true;
  });
  root.dataset.ready = "true";
})();
