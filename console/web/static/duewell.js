// What neither HTML nor htmx does: the menu on narrow windows, pop-ups that close, and messages that are read out.
(() => {
  const button = document.querySelector("[data-menu-button]");
  if (button) {
    const menu = document.getElementById("menu");
    button.hidden = false;
    menu.classList.add("collapsible");
    const show = (isOpen) => {
      button.setAttribute("aria-expanded", String(isOpen));
      menu.classList.toggle("open", isOpen);
    };
    button.addEventListener("click", () => show(button.getAttribute("aria-expanded") !== "true"));
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && button.getAttribute("aria-expanded") === "true") {
        show(false);
        button.focus();
      }
    });
  }

  for (const popup of document.querySelectorAll("details[data-popup]")) {
    document.addEventListener("click", (event) => {
      if (!popup.contains(event.target)) popup.open = false;
    });
    popup.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && popup.open) {
        popup.open = false;
        popup.querySelector("summary").focus();
        event.stopPropagation();
      }
    });
  }

  // A live region is read out when it changes, and not when the page arrives with it.
  const said = document.getElementById("said");
  if (said && said.firstElementChild) {
    const message = said.firstElementChild;
    message.remove();
    setTimeout(() => said.append(message), 100);
  }

  document.addEventListener("htmx:before:request", (event) => {
    event.target.closest?.("form, section")?.setAttribute("aria-busy", "true");
  });
  document.addEventListener("htmx:finally:request", () => {
    // What asked may have been replaced by the answer, and stand in no form or section any more.
    for (const busy of document.querySelectorAll("form[aria-busy], section[aria-busy]")) busy.removeAttribute("aria-busy");
  });
  const sayAway = () => {
    const problem = document.createElement("p");
    problem.className = "problem lasting";
    problem.textContent = document.body.dataset.away;
    said?.replaceChildren(problem);
  };
  for (const lost of ["htmx:error", "duewell:away"]) document.addEventListener(lost, sayAway);
})();
