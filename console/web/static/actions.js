// The keys of the page Actions, and what follows an action that is opened beside its list.
(() => {
  const rows = () => [...document.querySelectorAll("[data-row]")];
  const pane = () => document.querySelector("#pane[data-open]");
  const dialog = document.getElementById("keys");
  const keysButton = document.querySelector("[data-keys-button]");

  const here = () => {
    const row = document.activeElement?.closest?.(".row")?.querySelector("[data-row]");
    return row ?? document.querySelector("[data-row][aria-current]");
  };
  const move = (step) => {
    const all = rows();
    const at = all.indexOf(here());
    const next = all[at < 0 ? (step > 0 ? 0 : all.length - 1) : Math.min(Math.max(at + step, 0), all.length - 1)];
    next?.focus();
    next?.scrollIntoView({ block: "nearest" });
  };
  const field = (key) => {
    const target = pane()?.querySelector(`[data-key="${key}"]`);
    target?.focus();
    target?.scrollIntoView({ block: "nearest" });
    return Boolean(target);
  };
  const showKeys = () => dialog.open || dialog.showModal();

  const writes = (element) =>
    element.isContentEditable ||
    element.matches("textarea, select, input:not([type=checkbox], [type=radio], [type=button], [type=submit])");

  const actions = {
    j: () => move(1),
    k: () => move(-1),
    x: () => here()?.closest(".row").querySelector("[name=ids]")?.click(),
    e: () => field("e"),
    c: () => field("c"),
    i: () => field("i"),
    s: () => field("s"),
    "?": showKeys,
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || dialog.open) return;
    const target = event.target;
    if (event.key === "Escape" && pane()) {
      if (pane().contains(target) && target.matches("input, textarea, select, button")) {
        document.getElementById("pane-title").focus();
        return;
      }
      const current = here();
      if (current?.checkVisibility?.()) current.focus();
      else pane().querySelector("[data-back]").click();
      return;
    }
    if (writes(target)) return;
    const act = actions[event.key];
    if (act) {
      event.preventDefault();
      act();
    }
  });

  // Enter carries out what is chosen; a radio button does that by itself, a day does it here.
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target.matches?.("[data-key=s]")) {
      event.preventDefault();
      event.target.form.requestSubmit();
    }
  });

  const dress = () => {
    for (const label of document.querySelectorAll("[data-tick-page], [data-if-keys]")) label.hidden = false;
    const open = pane()?.dataset.open;
    document.getElementById("work")?.classList.toggle("has-open", Boolean(open));
    for (const row of rows()) {
      if (row.dataset.row === open) row.setAttribute("aria-current", "true");
      else row.removeAttribute("aria-current");
    }
  };
  document.addEventListener("change", (event) => {
    if (event.target.matches("[name=outcome]")) {
      const day = event.target.form.elements.promised_for;
      if (day) day.required = event.target.value === "promised";
    }
    if (!event.target.matches("[data-tick-all]")) return;
    for (const box of document.querySelectorAll("[name=ids]")) box.checked = event.target.checked;
  });
  document.addEventListener("htmx:after:swap", () => {
    const before = document.querySelector("[data-row][aria-current]")?.dataset.row;
    dress();
    const open = pane()?.dataset.open;
    if (open && open !== before) {
      document.getElementById("pane-title").focus();
      if (!rows().some((row) => row.checkVisibility?.())) window.scrollTo(0, 0);
    }
  });

  document.addEventListener("duewell:renewed", dress);

  if (keysButton) {
    keysButton.hidden = false;
    keysButton.addEventListener("click", showKeys);
  }
  dress();
  const opened = document.querySelector("[data-row][aria-current]");
  opened?.scrollIntoView({ block: "nearest" });
  if (opened && document.activeElement === document.body) opened.focus({ preventScroll: true });
})();
